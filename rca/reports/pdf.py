"""HTML of our own templates to PDF/UA bytes, without reading or fetching anything by address.

Only the report child calls this: weasyprint loads inside the functions.
"""

import base64
import struct
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from rca.paths import static_dir
from rca.reports.fonts import files
from rca.reports.slim import slim
from rca.reports.svgtext import draw_plain, is_plain

_PICTURES = ("data:image/png;base64,", "data:image/jpeg;base64,")


class Refused(Exception):
    """An address that print may not load; the engine leaves its place empty."""


def _coloured(text: str, colours: Mapping[str, str]) -> str:
    for ours, theirs in colours.items():
        text = text.replace(ours, theirs)
    return text


def bundled(
    pictures: Mapping[str, str], colours: Mapping[str, str]
) -> dict[str, tuple[bytes, str]]:
    """What print may load besides charts, by address: fonts, our style sheet, the logo."""
    found = {f"bundle:{name}": (path.read_bytes(), "font/ttf") for name, path in files().items()}
    sheet = static_dir() / "css" / "print.css"
    found["bundle:print.css"] = (
        _coloured(sheet.read_text(encoding="utf-8"), colours).encode(),
        "text/css",
    )
    for address, data in pictures.items():
        raw = base64.b64decode(data)
        kind = "image/png" if raw.startswith(b"\x89PNG") else "image/jpeg"
        found[address] = (raw, kind)
    return found


Charts = Callable[[], Mapping[str, str]]
"""Gives SVG by name. Asked when the first chart is met, so that pages begin while charts are drawn.
"""


def _nothing() -> Mapping[str, str]:
    return {}


def deny_fetcher(
    allowed: Mapping[str, tuple[bytes, str]],
    charts: Charts = _nothing,
    colours: Mapping[str, str] | None = None,
) -> Any:
    """A fetcher that knows ``allowed``, our charts, and small raster pictures in ``data:``, and
    nothing else.

    The engine's own one reads files and follows addresses of the writer's choice; a plain function
    that raises crashes it, so this is a subclass.
    """
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    drawn = cache(charts)

    class DenyFetcher(URLFetcher):  # type: ignore[misc]
        """Named files only."""

        def fetch(self, url: str, headers: Any = None) -> Any:
            """The named file, or Refused."""
            if url in allowed:
                data, kind = allowed[url]
                return URLFetcherResponse(url, data, {"Content-Type": kind})
            scheme, _, name = url.partition(":")
            if scheme == "chart" and name in drawn():
                svg = _coloured(slim(drawn()[name]), colours or {})
                return URLFetcherResponse(url, svg.encode(), {"Content-Type": "image/svg+xml"})
            if url.startswith(_PICTURES):
                return super().fetch(url, headers)
            raise Refused(f"print may not load {url[:80]}")

    return DenyFetcher()


_SHAPING = (b"GSUB", b"GPOS", b"GDEF", b"BASE", b"DSIG")
"""Tables of a font that set lines. A PDF holds set lines, so its fonts need none of them."""


def lean(font: bytes) -> bytes:
    """An OpenType font without the tables that only shaping reads; anything else as it is."""
    if font[:4] not in (b"\0\1\0\0", b"OTTO"):
        return font
    count = struct.unpack_from(">H", font, 4)[0]
    records = [struct.unpack_from(">4sLLL", font, 12 + 16 * place) for place in range(count)]
    kept = [record for record in records if record[0] not in _SHAPING]
    power = len(kept).bit_length() - 1
    directory = [
        font[:4]
        + struct.pack(">HHHH", len(kept), 16 << power, power, 16 * len(kept) - (16 << power))
    ]
    tables, at = [], 12 + 16 * len(kept)
    for tag, checksum, place, length in kept:
        directory.append(struct.pack(">4sLLL", tag, checksum, at, length))
        tables.append(font[place : place + length] + bytes(-length % 4))
        at += len(tables[-1])
    return b"".join(directory + tables)


@cache
def _quicken() -> None:
    """Two habits of the engine that cost half of a document's time, changed once per process.

    Without HarfBuzz's subsetter it takes fontTools, which reads the shaping tables before it drops
    them: here they are dropped first. And it sets the texts of charts letter by letter.
    """
    from weasyprint import svg
    from weasyprint.pdf.fonts import Font

    whole, letters = Font.subset, svg.text

    def subset(font: Any, *args: Any, **named: Any) -> None:
        font.file_content = lean(font.file_content)
        whole(font, *args, **named)

    def text(drawing: Any, node: Any, size: Any) -> None:
        (draw_plain if is_plain(node) else letters)(drawing, node, size)

    Font.subset = subset
    svg.text = text
    svg.TAGS.update({tag: text for tag, draw in svg.TAGS.items() if draw is letters})


def html_to_pdf(
    html: str,
    charts: Charts = _nothing,
    *,
    pictures: Mapping[str, str] | None = None,
    colours: Mapping[str, str] | None = None,
    fetcher: Any = None,
) -> bytes:
    """PDF/UA-1 of ``html``. The same input gives the same bytes. ``pictures`` are PNG or JPEG in
    base64, by the address under which the page names them; ``colours`` replace print's own.

    ``fetcher`` is for the test that shows what a permissive one would let in.
    """
    import weasyprint

    _quicken()
    document = weasyprint.HTML(
        string=_coloured(html, colours or {}),
        base_url=None,
        url_fetcher=fetcher
        or deny_fetcher(bundled(pictures or {}, colours or {}), charts, colours),
    )
    written: bytes = document.write_pdf(pdf_variant="pdf/ua-1", uncompressed_pdf=False)
    return written
