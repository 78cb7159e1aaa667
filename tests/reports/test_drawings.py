"""Charts and marks on paper: all of them known, painted where the engine would paint them."""

import io
import math
import re
import xml.etree.ElementTree as ET

import pytest
from pypdf import PdfReader

from rca.reports import pdf
from rca.reports.drawings import Drawing, Shape, Words, marks_of
from rca.reports.rendering import draw_charts, make_pdf
from rca.reports.svgpath import Foreign, moved, operators
from tests.conftest import run_python
from tests.reports.pages import page, record
from tests.reports.values import charts

_HEAD = '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="90"><title>t</title>'


def _marks(inside: str) -> list[Shape | Words]:
    return marks_of(ET.fromstring(f"{_HEAD}{inside}</svg>"))


@pytest.fixture(scope="module")
def drawn() -> dict[str, str]:
    return draw_charts(charts())


def test_every_chart_is_known_with_every_word(drawn: dict[str, str]) -> None:
    for name, svg in drawn.items():
        root = ET.fromstring(svg)
        texts = [n for n in root.iter() if n.tag.endswith(("text", "tspan"))]
        words = [m.text for m in marks_of(root) if isinstance(m, Words)]
        assert words == [n.text for n in texts if (n.text or "").strip()], name
        assert any(isinstance(mark, Shape) for mark in marks_of(root)), name


def test_every_mark_of_the_templates_is_known() -> None:
    found = re.findall("<svg.*?</svg>", page() + record() + record(template="one-page.html"), re.S)
    assert len(found) > 5
    for svg in found:
        assert marks_of(ET.fromstring(svg.replace("<svg", f'<svg xmlns="{_SPACE}"', 1)))


_SPACE = "http://www.w3.org/2000/svg"


@pytest.mark.parametrize(
    "inside",
    [
        '<path d="M0,0Q1,1,2,2" fill="#111111"/>',
        '<path d="M0,0L" fill="#111111"/>',
        '<path d="M0,0h9" transform="scale(2)" stroke="#111111"/>',
        '<path d="M0,0h9" stroke="red"/>',
        '<path d="M0,0h9" stroke="#111111" clip-path="url(#c)"/>',
        '<g opacity="0.5"><path d="M0,0h9" stroke="#111111"/></g>',
        '<image href="file:///etc/hostname"/>',
        '<text rotate="9">a</text>',
        '<text>a<tspan>b</tspan> c</text>',
    ],
)  # fmt: skip
def test_what_is_not_known_is_left_to_the_engine(inside: str) -> None:
    with pytest.raises(Foreign):
        _marks(inside)
    picture = pdf.picture(ET.fromstring(f"{_HEAD}{inside}</svg>"), "", None, None)
    assert not isinstance(picture, Drawing)
    assert picture.get_intrinsic_size(1, 16) == (90, 90, 1)


def test_a_path_begins_again_where_it_was_closed_and_repeats_its_command() -> None:
    assert operators("M8 2.2 13.8 8 8 13.8 2.2 8Zl1,1") == (
        b"8.00 2.20 m 13.80 8.00 l 8.00 13.80 l 2.20 8.00 l h 9.00 3.20 l"
    )
    turned = moved("translate(10,0) rotate(90)")
    assert operators("M0,0h2v3", turned) == b"10.00 0.00 m 10.00 2.00 l 7.00 2.00 l"


@pytest.mark.parametrize("flags", ["0,0", "0,1", "1,0", "1,1"])
def test_an_arc_stays_on_its_circle_and_takes_the_asked_way(flags: str) -> None:
    numbers = [float(n) for n in operators(f"M3,0A3,3,0,{flags},0,3").split() if n[-1:].isdigit()]
    points = list(zip(numbers[::2], numbers[1::2], strict=True))
    assert points[-1] == (0, 3)
    centre = {"0,0": (3, 3), "0,1": (0, 0), "1,0": (0, 0), "1,1": (3, 3)}[flags]
    for x, y in points[::3]:
        assert math.hypot(x - centre[0], y - centre[1]) == pytest.approx(3, abs=0.02)
    assert len(points) == (4 if flags[0] == "0" else 10)


def test_colour_line_and_opacity_come_down_from_groups() -> None:
    inside = (
        '<g stroke="#ff0000" stroke-width="2" stroke-dasharray="1,0" fill="none">'
        '<g transform="translate(1,2)"><line x2="3" stroke-opacity="0.5" opacity="0.5"/></g></g>'
    )
    (mark,) = _marks(inside)
    assert isinstance(mark, Shape)
    assert mark.path == b"1.00 2.00 m 4.00 2.00 l"
    assert (mark.fill, mark.stroke) == ("", "1 0 0")
    assert mark.line == b"2 w [] 0 d 4 M"
    assert mark.alphas == (0.5, 0.25)


_ASKED = """
from rca.reports import drawings, pdf
drawn = []
drawings.Drawing.draw = lambda self, *_: drawn.append(len(self.marks))
mark = '<svg width="9" height="9"><rect width="1" height="1"/></svg>'
html = f'<title>t</title><h1>h</h1><img alt="x" src="chart:x">{mark}{mark}'
svg = mark.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"')
pdf.html_to_pdf(html, lambda: {"x": svg}, sizes={"x": (9, 9)})
print(len(drawn))
"""


def test_the_engine_asks_for_our_pictures() -> None:
    """Those of the page and those by address: a new version of it may do otherwise."""
    assert run_python(_ASKED).strip() == "3"


def test_pages_are_laid_out_before_charts_are_asked_for() -> None:
    """Only painting waits for the process that draws."""
    code = """
from weasyprint import document
from rca.reports import pdf
said, layout = [], document.layout_document
def laid(*given):
    pages = list(layout(*given))
    said.append(f"{len(pages)} pages")
    return pages
document.layout_document = laid
html = '<title>t</title><p><img alt="x" src="chart:x"><p><img alt="x" src="chart:y">'
svg = '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="900"/>'
charts = lambda: said.append("asked") or {"x": svg, "y": svg}
pdf.html_to_pdf(html, charts, sizes={"x": (90, 900), "y": (90, 900)})
print(*said)
"""
    assert run_python(code).strip() == "2 pages asked"


def _places(data: bytes) -> dict[str, tuple[float, float]]:
    """Where the words of the first page stand, in points."""
    found: dict[str, tuple[float, float]] = {}

    def seen(words: str, cm: list[float], tm: list[float], *_: object) -> None:
        if words.strip():
            x = cm[0] * tm[4] + cm[2] * tm[5] + cm[4]
            found.setdefault(words.strip(), (x, cm[1] * tm[4] + cm[3] * tm[5] + cm[5]))

    PdfReader(io.BytesIO(data)).pages[0].extract_text(visitor_text=seen)
    return found


_CHART = '<html lang="en"><title>t</title><h1>h</h1><img src="chart:x" alt="x"></html>'


@pytest.mark.parametrize("kind", ["stack", "bars", "dots", "smalls"])
def test_words_stand_where_the_engine_would_set_them(drawn: dict[str, str], kind: str) -> None:
    """Begun, centred, ended, turned and in two lines; apart by its lost kerning at most."""
    svg = drawn[f"chart-{kind}"]
    foreign = svg.replace("</svg>", '<path d="M0,0Q0,0,0,0" fill="none"/></svg>')
    ours, theirs = (_places(make_pdf(_CHART, drawn={"x": text})) for text in (svg, foreign))
    assert ours.keys() == theirs.keys()
    assert len(ours) > 4
    for words, place in ours.items():
        assert place == pytest.approx(theirs[words], abs=1.2), words


def test_a_text_is_set_as_one_run_from_where_its_anchor_says() -> None:
    """Begin, middle and end of the same words lie half a width apart, and none is a drawing of
    its own.
    """
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="600" height="90"><title>t</title>{}</svg>'
    text = (
        '<text text-anchor="{}" transform="translate(300,{})" font-family="Source Sans Pro" '
        'font-size="20" fill="#15201e">AVAVAV kerned</text>'
    )
    anchors = ("start", "middle", "end")
    drawing = svg.format("".join(text.format(a, 20 + 20 * n) for n, a in enumerate(anchors)))
    sheet = PdfReader(io.BytesIO(make_pdf(_CHART, drawn={"x": drawing}))).pages[0]
    at: list[float] = []

    def seen(words: str, cm: list[float], tm: list[float], *_: object) -> None:
        if "kerned" in words:
            at.append(cm[0] * tm[4] + cm[4])

    sheet.extract_text(visitor_text=seen)
    assert len(at) == 3
    assert at[0] - at[1] == pytest.approx(at[1] - at[2], abs=0.01)
    assert 40 < at[0] - at[1] < 80
    found = sheet["/Resources"].get("/XObject", {})  # type: ignore[attr-defined]
    assert all(drawn.get_object().get("/Subtype") != "/Form" for drawn in found.values())
