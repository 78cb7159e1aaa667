"""What one quarter says, from its published records. ``services.reviews`` is the way in."""
