"""HTML of our own templates to PDF/UA bytes, without reading or fetching anything by address.

Only the report child calls this: weasyprint loads inside the functions.
"""

import base64
from collections.abc import Mapping
from typing import Any

from rca.paths import static_dir
from rca.reports.fonts import files

_PICTURES = ("data:image/png;base64,", "data:image/jpeg;base64,")


class Refused(Exception):
    """An address that print may not load; the engine leaves its place empty."""


def _coloured(text: str, colours: Mapping[str, str]) -> str:
    for ours, theirs in colours.items():
        text = text.replace(ours, theirs)
    return text


def bundled(
    charts: Mapping[str, str], pictures: Mapping[str, str], colours: Mapping[str, str]
) -> dict[str, tuple[bytes, str]]:
    """Everything that print may load, by address: fonts, our style sheet, charts, the logo."""
    found = {f"bundle:{name}": (path.read_bytes(), "font/ttf") for name, path in files().items()}
    sheet = static_dir() / "css" / "print.css"
    found["bundle:print.css"] = (
        _coloured(sheet.read_text(encoding="utf-8"), colours).encode(),
        "text/css",
    )
    for name, svg in charts.items():
        found[f"chart:{name}"] = (_coloured(svg, colours).encode(), "image/svg+xml")
    for address, data in pictures.items():
        raw = base64.b64decode(data)
        kind = "image/png" if raw.startswith(b"\x89PNG") else "image/jpeg"
        found[address] = (raw, kind)
    return found


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


def html_to_pdf(
    html: str,
    charts: Mapping[str, str],
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

    document = weasyprint.HTML(
        string=_coloured(html, colours or {}),
        base_url=None,
        url_fetcher=fetcher or deny_fetcher(bundled(charts, pictures or {}, colours or {})),
    )
    written: bytes = document.write_pdf(pdf_variant="pdf/ua-1", uncompressed_pdf=False)
    return written
