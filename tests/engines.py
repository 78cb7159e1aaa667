"""Engines of others that tests compare with. `make engines` puts them beside our own packages."""

import sys
from pathlib import Path

HOME = Path(sys.prefix) / "engines"


def engine(name: str) -> Path:
    """Where the engine is installed. Missing software fails a test; it is never skipped."""
    place = HOME / name
    assert place.is_dir(), f"{name} is not installed: run `make engines`"
    return place
