"""Texts of charts set in one step.

The PDF engine lays a text of an SVG out three times, letter by letter, and puts each one that is
centred or set to the right into a drawing of its own. That loses the kerning that the chart was
measured with and costs a sixth of a document's time. Ours have no place per letter.
"""

from functools import cache
from typing import Any

ANCHOR = "data-anchor"
"""Where :mod:`rca.reports.slim` keeps the anchor of a text, so that the engine draws no group."""
_PLACED = {"dx", "dy", "rotate", "letter-spacing", "textLength", "dominant-baseline",
           "alignment-baseline", "display-anchor", "text-anchor"}  # fmt: skip
"""Attributes that place letters one by one or lines in other ways: left to the engine."""
_SHARE = {"middle": 0.5, "end": 1.0}
_WEIGHTS = {"normal": 400, "bold": 700}


def is_plain(node: Any) -> bool:
    """Whether a text has one line and no place but its own."""
    return bool(node.text) and not _PLACED & set(node.attrib)


def draw_plain(drawing: Any, node: Any, size: float) -> None:
    """Draw the text of ``node`` on the engine's ``drawing``, as one line of ``size``."""
    from weasyprint.draw.text import draw_first_line
    from weasyprint.matrix import Matrix
    from weasyprint.svg.text import TextBox
    from weasyprint.text.ffi import FROM_UNITS, pango
    from weasyprint.text.line_break import Layout, line_size

    family, slant = node.get("font-family", "sans-serif"), node.get("font-style", "normal")
    style = _style(drawing.font_config, family, slant, str(node.get("font-weight", 400)), size)
    layout = Layout(style)
    layout.set_text(node.text)
    line, _ = layout.get_first_line()
    width, _ = line_size(line, style)
    box = TextBox(layout, style)
    box.baseline = FROM_UNITS * pango.pango_layout_get_baseline(layout.layout)
    at, y = drawing.point(node.get("x"), node.get("y"), size)
    x = at - width * _SHARE.get(node.get(ANCHOR), 0.0)
    stream = drawing.stream
    stream.push_state()
    fill, stroke = drawing.set_graphical_state(node, size)
    stream.begin_text()
    drawing.fill_stroke(fill, stroke, text=True)
    draw_first_line(stream, box, "none", "none", Matrix(d=-1, e=x, f=y))
    stream.end_text()
    stream.pop_state()
    drawing.cursor_position = [x + width, y]


@cache
def _style(fonts: Any, family: str, slant: str, weight: str, size: float) -> Any:
    """The engine's style of a text; a document's charts need a handful."""
    from weasyprint.css.properties import INITIAL_VALUES
    from weasyprint.svg.text import Style

    style = Style(INITIAL_VALUES)
    style.font_config = fonts
    style["font_family"] = [name.strip("\"' ") for name in family.split(",")]
    style["font_style"], style["font_size"] = slant, size
    style["font_weight"] = _WEIGHTS.get(weight) or int(weight)
    return style
