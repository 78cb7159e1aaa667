"""Charts: every kind, told to those who can't see it, safe for the page's policy, stable."""

import itertools
import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import altair as alt
import pytest
from altair.utils.schemapi import SchemaValidationError

from rca.reports import charts as engines
from rca.reports import charts_marks as palette
from rca.reports.charts import specification
from rca.reports.charts_size import outer, size_in, sized
from rca.reports.rendering import draw_charts
from rca.reports.value import Chart
from tests.conftest import run_python
from tests.reports.values import charts

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def drawn() -> dict[str, str]:
    return draw_charts(charts())


@pytest.mark.parametrize("chart", charts(), ids=lambda c: c.kind)
def test_each_kind_is_drawn_with_its_finding_as_title(chart: Chart, drawn: dict[str, str]) -> None:
    root = ET.fromstring(drawn[chart.name])
    title = root.find(f"{SVG}title")
    assert title is not None
    assert title.text == f"{chart.title}. {chart.alt}"
    marks = [n for n in root.iter() if n.get("role") == "graphics-symbol" and n.get("aria-label")]
    assert len(marks) >= 2, "an empty chart"


@pytest.mark.parametrize("chart", charts(), ids=lambda c: c.kind)
def test_each_kind_is_described_as_the_schema_asks(chart: Chart) -> None:
    """Drawing itself does not check: that would cost as much again."""
    assert specification(chart, validate=True) == specification(chart)


def test_the_schema_check_finds_a_wrong_description(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        engines._DRAWN, "bars", lambda _: alt.Chart(alt.Data(values=[])).mark_bar(cornerRadius="x")
    )
    with pytest.raises(SchemaValidationError):
        specification(next(c for c in charts() if c.kind == "bars"), validate=True)


def test_a_curve_without_a_step_is_drawn_flat() -> None:
    """Before the first action is finished nothing has happened on it."""
    chart = next(c for c in charts() if c.kind == "step")
    still = replace(chart, sheet=replace(chart.sheet, rows=()))
    assert "aria-label" in draw_charts([still])[chart.name]


def test_a_name_too_long_for_its_place_is_cut() -> None:
    chart = next(c for c in charts() if c.kind == "shares")
    rows = tuple(("W" * 40 if row[0] == "Configuration" else row[0], *row[1:])
                 for row in chart.sheet.rows)  # fmt: skip
    svg = draw_charts([replace(chart, sheet=replace(chart.sheet, rows=rows))])[chart.name]
    shown = re.findall(r">(W+…?)<", svg)
    assert len(shown) == 1
    assert len(shown[0]) < 25
    assert shown[0].endswith("…")


def shapes_of_charts() -> list[Chart]:
    """Charts of every kind, then with long names, one row, many rows and every answer."""
    found = list(charts())
    by_kind = {c.kind: c for c in found}
    for kind in ("bars", "shares", "parts"):
        chart = by_kind[kind]
        rows = chart.sheet.rows
        long = tuple((f"Mismatched {row[0]} of WWW gateways" * 2, *row[1:]) for row in rows)
        found += [replace(chart, sheet=replace(chart.sheet, rows=r)) for r in (long, rows[:1])]
    many = tuple((f"Class {n}", 3, 9, 0.33, 0.12, 0.65) for n in range(30))
    found.append(replace(by_kind["shares"], sheet=replace(by_kind["shares"].sheet, rows=many)))
    answers = ("Confirmed", "Suspected", "None", "Unknown", "Not asked")
    every = tuple(("Code", answer, 2) for answer in answers)
    found.append(replace(by_kind["parts"], sheet=replace(by_kind["parts"].sheet, rows=every)))
    return found


_NATURAL = """
import json
from rca.reports.charts import engine, specification
from rca.reports.charts_size import size_in
from tests.reports.test_charts import shapes_of_charts
drawn = [engine().vegalite_to_svg(specification(chart)) for chart in shapes_of_charts()]
print(json.dumps([size_in(svg) for svg in drawn]))
"""


def test_sizes_are_known_before_charts_are_drawn() -> None:
    """Pages are laid out by them while charts are drawn: nothing is cut, and little left blank."""
    shapes = [replace(c, name=f"{n}-{c.kind}") for n, c in enumerate(shapes_of_charts())]
    drawn = draw_charts(shapes)
    for chart, (across, down) in zip(shapes, json.loads(run_python(_NATURAL)), strict=True):
        width, height = outer(chart)
        svg = drawn[chart.name]
        assert size_in(svg) == (width, height), chart.name
        box = [float(n) for n in re.findall(r"[\d.]+", svg[svg.index("viewBox=") :])[:4]]
        assert box[2] >= across - 0.01, chart.name
        assert box[3] >= down - 0.01, chart.name
        assert box[2] / box[3] == pytest.approx(width / height, abs=0.001), chart.name
        assert -1 <= height - down <= 7, chart.name
        assert across <= 1.12 * width, chart.name


def test_a_drawing_larger_than_its_place_is_made_smaller() -> None:
    drawn = '<svg width="660" height="100" viewBox="0 0 660 100"><path/></svg>'
    assert sized(drawn, (330, 100)).startswith(
        '<svg width="330" height="100" viewBox="0 0 660 200">'
    )


def test_no_drawing_carries_style_script_or_an_address(drawn: dict[str, str]) -> None:
    for name, svg in drawn.items():
        assert not re.search(r"<(script|style|foreignObject|image|a)\b", svg), name
        assert not re.search(r"\s(style|on\w+|href|xlink:href)=", svg), name


def test_text_of_people_is_escaped_in_a_drawing(drawn: dict[str, str]) -> None:
    assert "<b>" not in drawn["chart-bars"]
    assert "&lt;b&gt;refused" in drawn["chart-bars"]


def test_colours_are_of_the_print_palette_only(drawn: dict[str, str]) -> None:
    """The page maps each print colour to its token; another one would stay light in dark mode."""
    allowed = {
        value for name, value in vars(palette).items()
        if name.isupper() and isinstance(value, str) and value.startswith("#")
    } | {"none", "transparent"}  # fmt: skip
    for name, svg in drawn.items():
        used = set(re.findall(r'(?:fill|stroke)="([^"]+)"', svg))
        assert used <= allowed, f"{name}: {used - allowed}"


def test_every_print_colour_has_its_token_on_the_page() -> None:
    from rca.paths import static_dir

    sheet = (static_dir() / "css" / "review.css").read_text(encoding="utf-8")
    for name, value in vars(palette).items():
        if name.isupper() and isinstance(value, str) and value.startswith("#"):
            assert f'"{value}"' in sheet, f"{name} {value} is not mapped in review.css"


def test_the_same_values_give_the_same_drawing(drawn: dict[str, str]) -> None:
    assert draw_charts(charts()) == drawn


def test_severities_and_answers_differ_in_grey() -> None:
    """Adjacent steps of the ordinal scales keep a distance in luminance."""
    from rca.reports.charts_time import _ORDINAL

    def luminance(colour: str) -> float:
        red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    steps = [luminance(colour) for colour in _ORDINAL.values()]
    assert steps == sorted(steps)
    assert min(b - a for a, b in itertools.pairwise(steps)) > 0.12


def test_the_parent_loads_no_drawing_library() -> None:
    code = (
        "import sys, rca.services.report_pdf, rca.services.reviews; "
        "print(sorted({n.split('.')[0] for n in sys.modules} & "
        "{'altair', 'vl_convert', 'weasyprint', 'scipy', 'numpy', 'pandas'}))"
    )
    assert run_python(code).strip() == "[]"
