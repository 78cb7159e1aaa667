"""Page numbers in the contents, written when the pages stand.

Asked for them itself, the engine lays the page of the contents out three times, a fifth of all
that it lays out. Numbers stand at the end of a link, so the rest of a line only moves on.
"""

from collections.abc import Iterator
from typing import Any

ANCHOR, NUMBER = "contents", "a::after"
"""The anchor beside which the contents stand, and what of their links is set to `` 0`` at first."""


def number_pages(document: Any) -> None:
    """Write into the engine's laid out ``document`` on which page each part of it begins."""
    pages = document.pages
    begins = {
        name: number
        for number, page in reversed(list(enumerate(pages, 1)))
        for name in page.anchors
    }
    for place, page in enumerate(pages):
        if ANCHOR in page.anchors:
            box = page._page_box
            for line in list(_lines(box)):
                _write(line, begins)
            # Where links are was noted before the rest of their lines moved on.
            pages[place] = type(page)(box)


def _lines(box: Any) -> Iterator[Any]:
    from weasyprint.formatting_structure.boxes import LineBox

    for each in box.descendants():
        if isinstance(each, LineBox) and any(_is_number(part) for part in each.descendants()):
            yield each


def _is_number(box: Any) -> bool:
    return box.element_tag == NUMBER and str(box.element.get("href", "")).startswith("#")


def _write(line: Any, begins: dict[str, int]) -> None:
    from weasyprint.formatting_structure.boxes import TextBox

    further = 0.0
    for child in line.children:
        child.translate(dx=further)
        parts = list(child.descendants())
        for text in parts:
            if isinstance(text, TextBox) and _is_number(text):
                name = text.element.attrib["href"].removeprefix("#")
                more = _set(text, f" {begins.get(name, '?')}")
                for box in (child, *parts):
                    if box is child or _is_number(box):
                        box.width += more
                further += more


def _set(box: Any, words: str) -> float:
    """Put other words into a box of text; by how much its line grows."""
    from weasyprint.text.line_break import Layout, line_size

    layout = Layout(box.style)
    layout.set_text(words)
    width = line_size(layout.get_first_line()[0], box.style)[0]
    layout.deactivate()
    more: float = width - box.width
    box.text, box.pango_layout = words, layout
    return more
