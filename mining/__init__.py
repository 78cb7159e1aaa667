"""Pattern mining over postmortems: a library that needs neither web nor database."""
