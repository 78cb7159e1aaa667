"""HTML of our own templates to PDF/UA bytes, without reading or fetching anything by address.

Only the report child calls this: weasyprint loads inside the functions.
"""

import base64
import struct
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from functools import cache
from types import SimpleNamespace
from typing import Any

from rca.reports.contents import number_pages
from rca.reports.drawings import Drawing
from rca.reports.fonts import files
from rca.reports.lines import keep_lines
from rca.reports.styles import Styles, coloured, our_styles
from rca.reports.svgpath import Foreign
from rca.reports.trees import tree_of

_PICTURES = ("data:image/png;base64,", "data:image/jpeg;base64,")


class Refused(Exception):
    """An address that print may not load; the engine leaves its place empty."""


def bundled(pictures: Mapping[str, str]) -> dict[str, tuple[bytes, str]]:
    """What print may load besides charts, by address: fonts and the logo."""
    found = {f"bundle:{name}": (path.read_bytes(), "font/ttf") for name, path in files().items()}
    for address, data in pictures.items():
        raw = base64.b64decode(data)
        kind = "image/png" if raw.startswith(b"\x89PNG") else "image/jpeg"
        found[address] = (raw, kind)
    return found


Charts = Callable[[], Mapping[str, str]]
"""Gives SVG by name. Asked when the first chart is painted, so that pages are laid out while charts
are drawn.
"""
Sizes = Mapping[str, tuple[float, float] | None]


def _nothing() -> Mapping[str, str]:
    return {}


def deny_fetcher(allowed: Mapping[str, tuple[bytes, str]]) -> Any:
    """A fetcher that knows ``allowed`` and small raster pictures in ``data:``, and nothing else.

    The engine's own one reads files and follows addresses of the writer's choice; a plain function
    that raises crashes it, so this is a subclass.
    """
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class DenyFetcher(URLFetcher):  # type: ignore[misc]
        """Named files only."""

        def fetch(self, url: str, headers: Any = None) -> Any:
            """The named file, or Refused."""
            if url in allowed:
                data, kind = allowed[url]
                return URLFetcherResponse(url, data, {"Content-Type": kind})
            if url.startswith(_PICTURES):
                return super().fetch(url, headers)
            raise Refused(f"print may not load {url[:80]}")

    return DenyFetcher()


class _Chart:
    """A chart as a picture of the engine. Where its size is known, it is asked for when painted."""

    def __init__(self, svg: Callable[[], str], size: tuple[float, float] | None) -> None:
        self._svg, self._size = svg, size

    def get_intrinsic_size(self, *engines: Any) -> tuple[float | None, ...]:
        """Width, height and their ratio."""
        if self._size:
            width, height = self._size
            return width, height, width / height
        found: tuple[float | None, ...] = self._picture(None).get_intrinsic_size(*engines)
        return found

    def draw(self, stream: Any, width: float, height: float, style: Any) -> None:
        """Paint it, of this size in px."""
        self._picture(style.font_config).draw(stream, width, height, style)

    def _picture(self, fonts: Any) -> Any:
        root = ET.fromstring(self._svg())  # noqa: S314 - the chart engine's, without entities
        return picture(root, "", deny_fetcher({}), SimpleNamespace(font_config=fonts))


def picture(root: ET.Element, *engines: Any) -> Any:
    """An SVG as a picture of the engine: painted by us if all of it is known, else by the engine,
    which gets the address, the fetcher and the context that it takes.
    """
    from weasyprint.images import SVGImage

    try:
        return Drawing(root)
    except Foreign:
        return SVGImage(root, *engines)


def _pictures(charts: Charts, sizes: Sizes | None, colours: Mapping[str, str]) -> dict[str, Any]:
    """Charts by address, as the engine keeps pictures that it has loaded."""
    drawn = cache(charts)

    def chart(name: str) -> _Chart:
        return _Chart(lambda: coloured(drawn()[name], colours), (sizes or {}).get(name))

    return {f"chart:{name}": chart(name) for name in (sizes or drawn())}


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
    """Three habits of the engine that cost most of a document's time, changed once per process.

    Without HarfBuzz's subsetter it takes fontTools, which reads the shaping tables before it drops
    them: here they are dropped first. Its own SVG takes long over each node and text. And it sets
    every line anew to paint it.
    """
    from weasyprint import html
    from weasyprint.pdf.fonts import Font

    whole = Font.subset

    def subset(font: Any, *args: Any, **named: Any) -> None:
        font.file_content = lean(font.file_content)
        whole(font, *args, **named)

    Font.subset = subset
    html.SVGImage = picture
    keep_lines()


def html_to_pdf(
    html: str,
    charts: Charts = _nothing,
    *,
    sizes: Sizes | None = None,
    pictures: Mapping[str, str] | None = None,
    colours: Mapping[str, str] | None = None,
    fetcher: Any = None,
) -> bytes:
    """PDF/UA-1 of ``html``. The same input gives the same bytes. ``pictures`` are PNG or JPEG in
    base64, by the address under which the page names them; ``colours`` replace print's own.
    ``sizes`` are those of the charts in px, by name; where one is not known the drawing is waited
    for.

    ``fetcher`` is for the test that shows what a permissive one would let in.
    """
    _quicken()
    own = colours or {}
    load = fetcher or deny_fetcher(bundled(pictures or {}))
    styles = Styles(own) if own else our_styles()
    options = {"pdf_variant": "pdf/ua-1", "uncompressed_pdf": False}
    document = _document(coloured(html, own), load).render(
        stylesheets=[styles.sheet],
        font_config=styles.fonts(load),
        cache=_pictures(charts, sizes, own),
        **options,
    )
    number_pages(document)
    written: bytes = document.write_pdf(**options)
    return written


def _document(html: str, fetcher: Any) -> Any:
    """The engine's document, of a tree that we read ourselves where that gives the same."""
    from weasyprint import HTML, cssselect2

    class Page(HTML):  # type: ignore[misc]
        """What the engine's own makes of a text, of a tree."""

        def __init__(self, root: ET.Element) -> None:
            self.base_url, self.url_fetcher, self.media_type = None, fetcher, "print"
            wrap = cssselect2.ElementWrapper.from_html_root
            self.wrapper_element = wrap(root, content_language=None)
            self.etree_element = root

    root = tree_of(html)
    if root is None:
        return HTML(string=html, base_url=None, url_fetcher=fetcher)
    return Page(root)


_EVERY_HABIT = """<!doctype html><html lang="en"><head><title>t</title>
<style>@page { size: A4 }</style></head><body><p class="banner">b</p><main class="sheet"
data-run="r"><h1>One</h1><div class="mast"><p>a</p></div><h2 id="a">Two</h2><p class="contents">
<a href="#a">Two</a> · <b>three</b></p><div class="row row--two"><figure class="chart part50"><img
src="chart:x" alt="x"></figure><div class="table table--tight part50"><table><caption>c</caption>
<thead><tr><th scope="col" class="w50">A</th><th scope="col" class="w50 num">B</th></tr></thead>
<tbody><tr><th scope="row">a</th><td class="num">1</td></tr></tbody></table></div></div>
<ol class="decide"><li><b>d</b> e</li></ol><ul class="facts"><li><span class="fact">f</span></li>
</ul><div class="factor"><svg class="node" width="9" height="9"><title>n</title><rect width="5"
height="5"/></svg><p class="factor__st">s</p></div><div class="cards"><div class="card"><h3>g</h3>
<blockquote class="quote"><p>q</p></blockquote></div></div></main></body></html>"""
_MARK = """<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text fill="#111111"
font-family="Source Sans Pro">t</text><path d="M0,0h5" stroke="#111111"/></svg>"""


def ready() -> None:
    """Do once what the engine does at its first document: read our sheet, compile, fill caches."""
    html_to_pdf(_EVERY_HABIT, lambda: {"x": _MARK})
