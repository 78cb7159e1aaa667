"""Bytes of any origin to text, saying what was guessed."""

import codecs

from rca.formats.rows import Unreadable

MOST_BYTES = 50 * 1024 * 1024
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ARCHIVES = (b"PK\x03\x04", b"\x1f\x8b", b"%PDF", b"\x89PNG", b"\xd0\xcf\x11\xe0")


def decode(data: bytes) -> tuple[str, tuple[str, ...]]:
    """The text of ``data`` with ``\\n`` line ends, and notes on what was guessed.

    Raises Unreadable when it is too large, empty or not text.
    """
    if len(data) > MOST_BYTES:
        raise Unreadable(
            f"It holds {len(data) / 1024 / 1024:,.0f} MB; one file may hold 50 MB. "
            "Split it, or import its parts one after another: what is already there is skipped."
        )
    if not data.strip():
        raise Unreadable("It is empty.")
    if data.startswith(_ARCHIVES):
        raise Unreadable(
            "It is a document or an archive, not text. Export it as Markdown, HTML, CSV or JSONL, "
            "or unpack it first."
        )
    text, notes = _decode(data)
    return text.replace("\r\n", "\n").replace("\r", "\n"), notes


def _decode(data: bytes) -> tuple[str, tuple[str, ...]]:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _strictly(data.removeprefix(codecs.BOM_UTF8), encoding), ()
    try:
        return data.decode("utf-8"), ()
    except UnicodeDecodeError as error:
        return _legacy(data, error)


def _strictly(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise Unreadable(
            f"It says that it is {encoding.upper()}, but line {line} is not. Save it as UTF-8."
        ) from error


def _legacy(data: bytes, error: UnicodeDecodeError) -> tuple[str, tuple[str, ...]]:
    """Windows-1252, the usual other encoding; refused where even that does not fit."""
    line = data[: error.start].count(b"\n") + 1
    if b"\x00" in data:
        raise Unreadable("It is not text: it holds NUL bytes. Save it as UTF-8.") from error
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError as worse:
        raise Unreadable(f"It is not UTF-8 (line {line}). Save it as UTF-8.") from worse
    note = f"Not UTF-8 (line {line}); read as Windows-1252. Check accented letters."
    return text, (note,)
