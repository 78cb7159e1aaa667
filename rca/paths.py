"""Where shared files are: beside the packages in a checkout, inside the package in a wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parent


def _shared(name: str) -> Path:
    beside = _CHECKOUT / name
    if (_CHECKOUT / "pyproject.toml").is_file() and beside.is_dir():
        return beside
    return _PACKAGE / "_shared" / name


def templates_dir() -> Path:
    """Folder of the Jinja templates."""
    return _shared("templates")


def static_dir() -> Path:
    """Folder of style sheets and scripts."""
    return _shared("static")


def sample_data_dir() -> Path:
    """Folder of the invented company."""
    return _shared("sample_data")


def migrations_dir() -> Path:
    """Folder of the alembic environment."""
    return _PACKAGE / "store" / "migrations"


def checkout_dir() -> Path | None:
    """The checkout's folder, or None when installed from a wheel."""
    return _CHECKOUT if (_CHECKOUT / "pyproject.toml").is_file() else None
