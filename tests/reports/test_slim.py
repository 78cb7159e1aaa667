"""Charts for print: fewer nodes, the same marks and words."""

import io
import re
import xml.etree.ElementTree as ET

import pytest
from pypdf import PdfReader

from rca.reports.rendering import draw_charts, make_pdf
from rca.reports.slim import slim
from tests.reports.values import charts

_LINES = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><title>T</title>'
    '<g role="x" class="y"><g><line transform="translate(1,2)" x2="3" y2="0" stroke="#111111"/>'
    '</g><g><line transform="translate(1,4)" x2="3" y2="0" stroke="#111111"/></g>'
    '<line transform="translate(1,6)" x2="3" y2="0" stroke="#222222"/></g>'
    '<g transform="translate(5,5)"/></svg>'
)


def _texts(svg: str) -> list[str]:
    return [t for node in ET.fromstring(svg).iter() for t in [(node.text or "").strip()] if t]


@pytest.fixture(scope="module")
def drawn() -> dict[str, str]:
    return draw_charts(charts())


def test_lines_drawn_alike_become_one_path_and_others_stay_apart() -> None:
    paths = re.findall(r'<path stroke="(#\d+)" d="([^"]+)"', slim(_LINES))
    assert paths == [("#111111", "M1,2L4,2M1,4L4,4"), ("#222222", "M1,6L4,6")]
    assert "<line" not in slim(_LINES)
    assert "<g" not in slim(_LINES)


def test_what_shines_through_is_not_joined() -> None:
    two = '<path d="M0,0h9" opacity="0.5" stroke="#111111"/>' * 2
    svg = f'<svg xmlns="http://www.w3.org/2000/svg">{two}</svg>'
    assert slim(svg).count("<path") == 2


def test_every_word_stays_and_a_third_of_the_nodes_goes(drawn: dict[str, str]) -> None:
    before = after = 0
    for name, svg in drawn.items():
        thin = slim(svg)
        assert _texts(thin) == _texts(svg), name
        assert "aria-" not in thin
        before, after = before + svg.count("<"), after + thin.count("<")
    assert after < 0.67 * before


def test_it_is_stable(drawn: dict[str, str]) -> None:
    for svg in drawn.values():
        assert slim(slim(svg)) == slim(svg)


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
    html = '<html lang="en"><title>t</title><h1>h</h1><img src="chart:x" alt="x"></html>'
    sheet = PdfReader(io.BytesIO(make_pdf(html, drawn={"x": drawing}))).pages[0]
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
