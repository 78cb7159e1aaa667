"""What decides how a drawing or a document looks beside its values: our code and the libraries.

Part of the keys under which they are kept, so that work on them never shows an older picture.
"""

import hashlib
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_HERE = Path(__file__).parent
_CHARTS = ("charts*.py", "fonts.py")
_PAGES = (
    *_CHARTS, "pdf.py", "contents.py", "drawings.py", "lines.py", "styles.py", "svgpath.py",
    "trees.py",
)  # fmt: skip
_CHART_LIBRARIES = ("altair", "vl-convert-python", "font-source-sans-pro")
_PAGE_LIBRARIES = (*_CHART_LIBRARIES, "weasyprint", "pydyf", "font-source-serif-pro")


def sources_digest(folder: Path, patterns: Iterable[str], libraries: Iterable[str] = ()) -> str:
    """SHA-256 of the files that match, with their names, and of the libraries' versions."""
    found = hashlib.sha256()
    for path in sorted({path for pattern in patterns for path in folder.glob(pattern)}):
        found.update(f"{path.name}\0".encode() + path.read_bytes() + b"\0")
    for name in libraries:
        found.update(f"{name}={_version(name)}\0".encode())
    return found.hexdigest()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"


@cache
def charts_digest() -> str:
    """What decides a drawing: the chart code with its colours, the engine, the fonts."""
    return sources_digest(_HERE, _CHARTS, _CHART_LIBRARIES)


@cache
def pages_digest() -> str:
    """What decides the pages of a document: the charts', and what sets them."""
    return sources_digest(_HERE, _PAGES, _PAGE_LIBRARIES)
