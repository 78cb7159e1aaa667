"""Use cases: one transaction each, with its audit row inside."""
