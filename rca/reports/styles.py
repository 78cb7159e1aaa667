"""The style sheet of print and its fonts, parsed once for every document of a process.

Parsing took as long as the parsing of a document. Only the paper's size stands in the page.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from rca.paths import static_dir
from rca.reports.fonts import faces_css

WIDTHS = range(4, 97)
"""Percents that columns of tables may take, each with a class: ``w4`` to ``w96``."""


def coloured(text: str, colours: Mapping[str, str]) -> str:
    """The text with a company's colours in place of print's own."""
    for ours, theirs in colours.items():
        text = text.replace(ours, theirs)
    return text


class _Faces:
    """Writes down the fonts of a sheet: those of a document die with it."""

    def __init__(self) -> None:
        self.rules: list[Any] = []

    def add_font_face(self, rule: Any, _fetcher: Any) -> None:
        """Called by the engine for each ``@font-face``."""
        self.rules.append(rule)


class Styles:
    """The parsed sheet and what its fonts are."""

    def __init__(self, colours: Mapping[str, str]) -> None:
        import weasyprint

        text = (static_dir() / "css" / "print.css").read_text(encoding="utf-8")
        widths = "".join(f".w{n}{{width:{n}%}}" for n in WIDTHS)
        self._faces = _Faces()
        self.sheet = weasyprint.CSS(
            string=coloured(text, colours) + widths + faces_css(), font_config=self._faces
        )

    def fonts(self, fetcher: Any) -> Any:
        """Fonts for one document, read through its ``fetcher``."""
        from weasyprint.text.fonts import FontConfiguration

        made = FontConfiguration()
        for rule in self._faces.rules:
            made.add_font_face(rule, fetcher)
        return made


@cache
def our_styles() -> Styles:
    """Those in print's own colours."""
    return Styles({})
