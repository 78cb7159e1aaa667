"""Charts and small marks put on the engine's pages: few kinds of marks, so in one go.

The engine's own SVG looks up some forty things for each node and sets each text three times,
letter by letter, which loses the kerning that the chart was measured with: half of the time that
painting takes. A drawing that holds anything else than is known here is left to it.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rca.reports.svgpath import UNMOVED, Foreign, Matrix, combined, moved, operators

SVG = "{http://www.w3.org/2000/svg}"
_HANDED_DOWN = (
    "fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-miterlimit", "fill-opacity",
    "stroke-opacity", "font-family", "font-size", "font-weight", "font-style", "text-anchor",
)  # fmt: skip
_OWN = {
    "svg": {"width", "height", "viewBox", "preserveAspectRatio", "version"},
    "g": {"transform"},
    "path": {"d", "transform", "opacity"},
    "line": {"x1", "y1", "x2", "y2", "transform", "opacity"},
    "rect": {"x", "y", "width", "height", "rx", "transform", "opacity"},
    "circle": {"cx", "cy", "r", "transform", "opacity"},
    "text": {"x", "y", "transform", "opacity"},
    "tspan": {"x", "dy"},
}
_UNSEEN = {"class", "role", "pointer-events"}
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_WEIGHTS = {"normal": 400, "bold": 700}
_SHARE = {"start": 0.0, "middle": 0.5, "end": 1.0}

Handed = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Shape:
    """A path with what it is painted with; colours are operands, empty for none."""

    path: bytes
    fill: str
    stroke: str
    line: bytes
    alphas: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Words:
    """One line of text: where its anchor stands, and what share of it lies before."""

    text: str
    place: Matrix
    share: float
    fill: str
    alpha: float
    font: tuple[str, str, int, float]


Mark = Shape | Words


def marks_of(root: ET.Element) -> list[Mark]:
    """What a drawing shows, in order. Raises Foreign when it holds what is not known here."""
    if root.tag != f"{SVG}svg":
        raise Foreign(root.tag)
    found: list[Mark] = []
    _collect(root, UNMOVED, {}, found)
    return found


def _collect(node: ET.Element, outside: Matrix, above: Handed, found: list[Mark]) -> None:
    name = node.tag.removeprefix(SVG)
    if name in ("title", "desc"):
        return
    given = _known(name, node.attrib)
    handed = {**above, **{key: given[key] for key in _HANDED_DOWN if key in given}}
    matrix = combined(outside, moved(given["transform"])) if "transform" in given else outside
    if name in ("svg", "g"):
        for kid in node:
            _collect(kid, matrix, handed, found)
    elif name == "text":
        found.extend(_words(node, given, handed, matrix))
    elif shape := _shape(_SHAPES[name](given), given, handed, matrix):
        found.append(shape)


def _known(name: str, given: Mapping[str, str]) -> Mapping[str, str]:
    """The attributes of a node, or Foreign."""
    own = _OWN.get(name)
    if own is None:
        raise Foreign(name)
    for key in given:
        told = key in own or key in _HANDED_DOWN or key in _UNSEEN
        if not told and not key.startswith("aria-"):
            raise Foreign(key)
    return given


def _colour(value: str) -> str:
    """The operands of a colour, empty for none."""
    if value in ("none", "transparent"):
        return ""
    if not _COLOUR.fullmatch(value):
        raise Foreign(value)
    return " ".join(f"{int(value[at : at + 2], 16) / 255:.4g}" for at in (1, 3, 5))


def _shape(d: str, given: Mapping[str, str], handed: Handed, matrix: Matrix) -> Shape | None:
    fill, stroke = _colour(handed.get("fill", "#000000")), _colour(handed.get("stroke", "none"))
    width = _length(handed.get("stroke-width", "1"))
    stroke = stroke if width else ""
    if not d or not (fill or stroke):
        return None
    dashes = handed.get("stroke-dasharray", "none").replace(",", " ").split()
    pattern = [] if dashes == ["none"] else [_length(dash) for dash in dashes]
    if not any(pattern[1::2]):  # a dash without gaps is a line
        pattern = []
    line = b""
    if stroke:
        words = " ".join(f"{dash:g}" for dash in pattern)
        miter = _length(handed.get("stroke-miterlimit", "4"))
        line = f"{width:g} w [{words}] 0 d {miter:g} M".encode()
    alphas = [_opacity(given, handed, name) for name in ("fill-opacity", "stroke-opacity")]
    return Shape(operators(d, matrix), fill, stroke, line, (alphas[0], alphas[1]))


def _opacity(given: Mapping[str, str], handed: Handed, name: str) -> float:
    return float(given.get("opacity", 1)) * float(handed.get(name, 1))


def _length(value: str) -> float:
    number = value.removesuffix("px")
    try:
        return float(number)
    except ValueError as error:
        raise Foreign(value) from error


def _line(given: Mapping[str, str]) -> str:
    x1, y1, x2, y2 = (_length(given.get(name, "0")) for name in ("x1", "y1", "x2", "y2"))
    return f"M{x1},{y1}L{x2},{y2}"


def _rect(given: Mapping[str, str]) -> str:
    x, y, w, h, r = (_length(given.get(name, "0")) for name in ("x", "y", "width", "height", "rx"))
    if not (w and h):
        return ""
    if not r:
        return f"M{x},{y}h{w}v{h}h{-w}Z"
    turn = f"a{r},{r},0,0,1,"
    return (
        f"M{x + r},{y}h{w - 2 * r}{turn}{r},{r}v{h - 2 * r}{turn}{-r},{r}"
        f"h{2 * r - w}{turn}{-r},{-r}v{2 * r - h}{turn}{r},{-r}Z"
    )


def _circle(given: Mapping[str, str]) -> str:
    x, y, r = (_length(given.get(name, "0")) for name in ("cx", "cy", "r"))
    return f"M{x + r},{y}A{r},{r},0,1,1,{x - r},{y}A{r},{r},0,1,1,{x + r},{y}Z" if r else ""


_SHAPES: dict[str, Callable[[Mapping[str, str]], str]] = {
    "path": lambda given: given.get("d", ""),
    "line": _line,
    "rect": _rect,
    "circle": _circle,
}


def _words(
    node: ET.Element, given: Mapping[str, str], handed: Handed, matrix: Matrix
) -> list[Words]:
    """The lines of a text: its own, and one for each part set below the one before."""
    if _colour(handed.get("stroke", "none")):
        raise Foreign("outlined text")
    weight = handed.get("font-weight", "normal")
    font = (
        handed.get("font-family", "sans-serif"),
        handed.get("font-style", "normal"),
        _WEIGHTS.get(weight) or round(_length(weight)),
        _length(handed.get("font-size", "16")),
    )
    fill, share = _colour(handed.get("fill", "#000000")), _SHARE[handed.get("text-anchor", "start")]
    x, y = _length(given.get("x", "0")), _length(given.get("y", "0"))
    lines = [(x, y, node.text or "")]
    for kid in node:
        part = _known(kid.tag.removeprefix(SVG), kid.attrib)
        if set(part) - {"x", "dy"} or len(kid) or (kid.tail or "").strip():
            raise Foreign("a text in parts")
        x, y = _length(part.get("x", str(x))), y + _length(part.get("dy", "0"))
        lines.append((x, y, kid.text or ""))
    return [
        Words(text, combined(matrix, (1.0, 0.0, 0.0, 1.0, x, y)), share, fill,
              _opacity(given, handed, "fill-opacity"), font)
        for x, y, text in lines if text.strip() and fill
    ]  # fmt: skip


class Drawing:
    """A picture as the engine takes them: a size, and a way to paint it."""

    def __init__(self, root: ET.Element) -> None:
        self._root = root
        self.marks = marks_of(root)

    @cached_property
    def _box(self) -> tuple[float, float, float, float] | None:
        words = self._root.get("viewBox", "").replace(",", " ").split()
        if not words:
            return None
        x, y, width, height = (float(word) for word in words)
        return (x, y, width, height) if width > 0 and height > 0 else None

    def get_intrinsic_size(self, *_: Any) -> tuple[float | None, float | None, float | None]:
        """Width, height and their ratio, each None where the drawing says nothing of it."""
        width, height = (
            None if "%" in self._root.get(name, "%") else _length(self._root.attrib[name])
            for name in ("width", "height")
        )
        ratio = self._box[2] / self._box[3] if self._box else None
        if width and height:
            return width, height, width / height
        if width is None and height and ratio:
            width = height * ratio
        if height is None and width and ratio:
            height = width / ratio
        return width, height, ratio

    def draw(self, stream: Any, width: float, height: float, style: Any) -> None:
        """Paint it on the engine's ``stream``, ``width`` by ``height`` px."""
        stream.push_state()
        stream.transform(*self._fitted(width, height))
        paint(stream, self.marks, style.font_config)
        stream.pop_state()

    def _fitted(self, width: float, height: float) -> Matrix:
        own = self.get_intrinsic_size()
        x, y, w, h = self._box or (0.0, 0.0, own[0] or width, own[1] or height)
        across, down = width / w, height / h
        if self._box and self._root.get("preserveAspectRatio") != "none":
            across = down = min(across, down)
        else:
            return across, 0.0, 0.0, down, -x * across, -y * down
        left, top = (width - w * across) / 2, (height - h * down) / 2
        return across, 0.0, 0.0, down, left - x * across, top - y * down


def paint(stream: Any, marks: list[Mark], fonts: Any) -> None:
    """Paint marks on the engine's ``stream``, whose state the caller keeps and puts back."""
    now: dict[str, Any] = {"alphas": (1.0, 1.0)}
    styles: dict[Any, Any] = {}
    for mark in marks:
        alphas = mark.alphas if isinstance(mark, Shape) else (mark.alpha, 1.0)
        if alphas != now["alphas"]:
            now["alphas"] = alphas
            stream.set_alpha(alphas[0])
            stream.set_alpha(alphas[1], stroke=True)
        write: list[bytes] = stream.stream
        if mark.fill and mark.fill != now.get("fill"):
            now["fill"] = mark.fill
            write.append(f"{mark.fill} rg".encode())
        if isinstance(mark, Words):
            if mark.font not in styles:
                styles[mark.font] = _style(fonts, mark.font)
            _write(stream, mark, styles[mark.font])
            continue
        if mark.stroke and mark.stroke != now.get("stroke"):
            now["stroke"] = mark.stroke
            write.append(f"{mark.stroke} RG".encode())
        if mark.line and mark.line != now.get("line"):
            now["line"] = mark.line
            write.append(mark.line)
        write.append(mark.path)
        write.append(b"B" if mark.fill and mark.stroke else b"S" if mark.stroke else b"f")


def _write(stream: Any, words: Words, style: Any) -> None:
    from weasyprint.draw.text import draw_emojis, draw_first_line
    from weasyprint.matrix import Matrix as EngineMatrix
    from weasyprint.svg.text import TextBox
    from weasyprint.text.line_break import Layout, line_size

    layout = Layout(style)
    layout.set_text(words.text)
    line, _ = layout.get_first_line()
    a, b, c, d, x, y = words.place
    before = line_size(line, style)[0] * words.share
    x, y = x - a * before, y - b * before
    stream.begin_text()
    # The page counts downwards, letters stand upwards.
    place = EngineMatrix(a, b, -c, -d, x, y)
    emojis = draw_first_line(stream, TextBox(layout, style), "none", "none", place)
    stream.end_text()
    draw_emojis(stream, style, x, y, emojis)


def _style(fonts: Any, font: tuple[str, str, int, float]) -> Any:
    """The engine's style of a text."""
    from weasyprint.css.properties import INITIAL_VALUES
    from weasyprint.svg.text import Style

    family, slant, weight, size = font
    style = Style(INITIAL_VALUES)
    style.font_config = fonts
    style["font_family"] = [name.strip("\"' ") for name in family.split(",")]
    style["font_style"], style["font_weight"], style["font_size"] = slant, weight, size
    return style
