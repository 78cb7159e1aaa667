"""PDF: nothing is loaded by address, the structure is whole, the same input is the same bytes."""

import io
import itertools
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from fontTools.ttLib import TTFont
from pypdf import PdfReader

from rca.reports.fonts import files
from rca.reports.markdown import markdown_to_html
from rca.reports.paper import print_html
from rca.reports.pdf import lean
from rca.reports.rendering import make_pdf
from rca.services.printing import printed
from tests.conftest import run_python
from tests.factories import rich
from tests.reports.pages import page, record
from tests.reports.tagged import against_the_standard
from tests.reports.values import review

CANARY = "canary-in-the-file-7f3a"


def text_of(pdf: bytes) -> str:
    return "\n".join(p.extract_text() for p in PdfReader(io.BytesIO(pdf)).pages)


@pytest.fixture(scope="module")
def quarter() -> bytes:
    return make_pdf(page(), list(review().charts()))


# Nothing by address


class _Trap(BaseHTTPRequestHandler):
    asked: list[str] = []  # noqa: RUF012 - one trap per test run

    def do_GET(self) -> None:
        type(self).asked.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"fetched")

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def trap() -> Any:
    """A server that writes down who calls."""
    _Trap.asked.clear()
    server = HTTPServer(("127.0.0.1", 0), _Trap)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def _vectors(secret: Path, trap: str) -> str:
    """Every way we know to make a PDF engine load something."""
    file = secret.as_uri()
    return "".join(
        f'<img src="{a}" alt="x"><link rel="stylesheet" href="{a}"><object data="{a}">o</object>'
        f'<embed src="{a}"><link rel="attachment" href="{a}"><a rel="attachment" href="{a}">a</a>'
        f'<p style="background:url({a})">b</p><ul style="list-style-image:url({a})"><li>l</li></ul>'
        f"<style>@import url({a});@font-face{{font-family:X;src:url({a})}}p{{font-family:X;"
        f"content:url({a})}}</style>"
        f'<svg><title>s</title><image href="{a}" width="9" height="9"/><use href="{a}#x"/></svg>'
        f'<img alt="d" src="data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22%3E'
        f'%3Cimage href=%22{a}%22/%3E%3C/svg%3E">'
        for a in (file, f"{trap}/pixel")
    )


PERMISSIVE = """
import sys
from weasyprint.urls import URLFetcher
import rca.reports.pdf as pdf
html = sys.stdin.read()
class Permissive(URLFetcher):
    pass
fetcher = Permissive() if sys.argv[1] == "permissive" else None
sys.stdout.buffer.write(pdf.html_to_pdf(html, fetcher=fetcher))
"""


def _render(html: str, fetcher: str) -> bytes:
    done = subprocess.run(
        [sys.executable, "-c", PERMISSIVE, fetcher],
        input=html.encode(), capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return done.stdout


def _attached(pdf: bytes) -> str:
    reader = PdfReader(io.BytesIO(pdf))
    return " ".join(
        data.decode(errors="replace") for parts in reader.attachments.values() for data in parts
    )


def test_print_loads_no_file_and_opens_no_connection(tmp_path: Path, trap: str) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(CANARY, encoding="utf-8")
    html = (
        f'<html lang="en"><head><title>t</title></head><body>{_vectors(secret, trap)}</body></html>'
    )
    pdf = _render(html, "ours")
    assert _Trap.asked == []
    assert CANARY not in _attached(pdf)
    assert CANARY.encode() not in pdf


def test_the_harness_catches_a_permissive_fetcher(tmp_path: Path, trap: str) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(CANARY, encoding="utf-8")
    html = (
        f'<html lang="en"><head><title>t</title></head><body>{_vectors(secret, trap)}</body></html>'
    )
    pdf = _render(html, "permissive")
    assert _Trap.asked != [], "the trap was not called: the vectors test nothing"
    assert CANARY in _attached(pdf)


@pytest.mark.parametrize("field", ["summary", "what_happened", "imported_text"])
def test_an_image_in_markdown_becomes_no_image(field: str, tmp_path: Path, trap: str) -> None:
    secret = tmp_path / "secret.svg"
    secret.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg"><text>{CANARY}</text></svg>', encoding="utf-8"
    )
    words = f"![a]({secret.as_uri()}) ![b]({trap}/b) <img src='{trap}/c'> and text"
    html = record(**{field: words})
    assert "<img" not in html
    assert CANARY not in text_of(make_pdf(html))
    assert _Trap.asked == []
    assert "<img" not in markdown_to_html(words)


def test_words_of_people_stay_words() -> None:
    html = record(title="<script>alert(1)</script>", impact_summary="<iframe src=x></iframe>")
    assert "<script" not in html
    assert "<iframe" not in html
    assert "&lt;script&gt;" in html


# Structure


def _structure(reader: PdfReader) -> list[tuple[str, Any]]:
    """Every structure element as (role, element), in reading order."""
    found: list[tuple[str, Any]] = []

    def walk(node: Any) -> None:
        node = node.get_object() if hasattr(node, "get_object") else node
        if isinstance(node, list):
            for kid in node:
                walk(kid)
        elif hasattr(node, "get"):
            if "/S" in node:
                found.append((str(node["/S"]), node))
            if "/K" in node:
                walk(node["/K"])

    walk(reader.trailer["/Root"]["/StructTreeRoot"]["/K"])
    return found


def problems(pdf: bytes) -> list[str]:
    """What an accessibility check finds wrong with the structure."""
    reader = PdfReader(io.BytesIO(pdf))
    root = reader.trailer["/Root"]
    found = []
    if not root.get("/MarkInfo", {}).get("/Marked"):
        found.append("not tagged")
    if not str(root.get("/Lang", "")).strip():
        found.append("no language")
    if not (reader.metadata and reader.metadata.title):
        found.append("no title")
    if not root.get("/ViewerPreferences", {}).get("/DisplayDocTitle"):
        found.append("title not shown")
    if b"pdfuaid:part" not in root["/Metadata"].get_object().get_data():
        found.append("does not claim PDF/UA")
    if "/StructTreeRoot" not in root:
        return [*found, "no structure"]
    elements = _structure(reader)
    levels = [int(role[2:]) for role, _ in elements if re.fullmatch(r"/H[1-6]", role)]
    if levels[:1] != [1] or levels.count(1) != 1:
        found.append(f"h1 {levels}")
    found += [f"h{a} to h{b}" for a, b in itertools.pairwise(levels) if b > a + 1]
    found += [
        "figure without words" for role, e in elements if role == "/Figure" and not e.get("/Alt")
    ]
    return found + against_the_standard(pdf)


def test_the_quarter_is_tagged_titled_and_in_order(quarter: bytes) -> None:
    assert problems(quarter) == []
    reader = PdfReader(io.BytesIO(quarter))
    assert reader.metadata is not None
    assert reader.metadata.title == "Reliability review 2026-Q3, Fernwick"
    figures = [e["/Alt"] for role, e in _structure(reader) if role == "/Figure"]
    for chart in review().charts():
        assert f"{chart.title}. {chart.alt}" in figures
    roles = {role for role, _ in _structure(reader)}
    assert {"/Table", "/TR", "/TH", "/TD", "/Figure", "/H2"} <= roles


def test_the_structure_check_finds_planted_faults() -> None:
    bad = '<html><body><h1>a</h1><h3>b</h3><img src="data:image/png;base64,{}"></body></html>'
    png = (
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5"
        "ErkJggg=="
    )
    found = problems(make_pdf(bad.format(png)))
    assert "no title" in found
    assert "no language" in found
    assert "h1 to h3" in found
    assert "figure without words" in found


def test_the_validator_finds_a_planted_list_that_is_none() -> None:
    """Groups inside a definition list look well and read as no list at all."""
    html = (
        '<html lang="en"><head><title>t</title></head><body><h1>t</h1>'
        "<dl><div><dt>Severity</dt><dd>SEV1</dd></div></dl></body></html>"
    )
    found = problems(make_pdf(html))
    assert any("LI structure element is not contained in an L" in problem for problem in found)


@pytest.mark.parametrize("template", ["one-page.html", "customer.html"])
def test_every_variant_of_a_postmortem_keeps_the_standard(template: str) -> None:
    assert problems(make_pdf(record(template=template))) == []


def test_bookmarks_contents_and_page_numbers(quarter: bytes) -> None:
    reader = PdfReader(io.BytesIO(quarter))

    marks = [item.title for item in _flat(reader.outline)]
    assert marks[0] == "No change in reliability can be told from 2026-Q2."
    assert {"Volume and severity", "Appendix", "Definitions"} <= set(marks)
    n = len(reader.pages)
    for number, sheet in enumerate(reader.pages, 1):
        words = sheet.extract_text()
        assert f"Page {number} of {n}" in words
        assert "Fernwick · data abc" in words
    assert len(reader.pages[0].extract_text()) > 300


def test_contents_name_the_page_of_each_part_and_the_line_makes_room() -> None:
    keys = [f"k{n}" for n in range(1, 13)]
    entries = " · ".join(f'<a href="#{k}">Part</a>' for k in keys)
    parts = "".join(
        f'<section class="part part--new"><h2 id="{k}">{k}</h2></section>' for k in keys
    )
    html = (
        '<html lang="en"><title>t</title><h1>h</h1><h2 id="contents">Contents</h2>'
        f'<p class="contents">{entries}, <a href="#no">lost</a></p>{parts}'
    )
    reader = PdfReader(io.BytesIO(make_pdf(html)))
    numbers = [str(n) for n in range(2, 14)]
    assert " · ".join(f"Part {n}" for n in numbers) + ", lost ?" in reader.pages[0].extract_text()
    notes = [note.get_object() for note in reader.pages[0]["/Annots"]]  # type: ignore[attr-defined]
    links = [
        max((note["/Rect"] for note in notes if note["/Dest"] == key), key=lambda at: at[2] - at[0])
        for key in keys
    ]
    for left, right in itertools.pairwise(links):
        if left[1] == right[1]:
            assert left[2] < right[0] < left[2] + 10
    assert float(links[8][2] - links[8][0]) > float(links[7][2] - links[7][0]) + 3


def test_numbers_in_the_contents_are_those_of_the_pages(quarter: bytes) -> None:
    reader = PdfReader(io.BytesIO(quarter))
    begins = {
        item.title: reader.get_destination_page_number(item) + 1 for item in _flat(reader.outline)
    }
    pages = (page.extract_text() for page in reader.pages)
    words = " ".join(next(text for text in pages if "Contents" in text).split())
    words = words[words.index("Contents") : words.index("Worth discussing")]
    said = re.findall(r"(Volume and severity|Definitions|Appendix) (\d+) ·?", words)
    assert len(said) >= 3
    for title, number in said:
        assert begins[title] == int(number)


def _flat(outline: Any) -> list[Any]:
    return [one for item in outline for one in (_flat(item) if isinstance(item, list) else [item])]


def test_page_one_stands_alone(quarter: bytes) -> None:
    first = PdfReader(io.BytesIO(quarter)).pages[0].extract_text()
    for words in (
        "No change in reliability",
        "Decisions requested",
        "Better because",
        "Top patterns",
    ):
        assert words in first
    assert "Volume and severity" not in first


def test_the_postmortem_is_tagged_and_complete() -> None:
    pdf = make_pdf(record())
    assert problems(pdf) == []
    words = " ".join(text_of(pdf).split())
    for part in ("Checkout returns 502", "Pool size halved", "The config schema accepted a pool of 4.",
                 "Bound the pool size", "Commit trailer 4f2a91c", "It was not a Friday."):  # fmt: skip
        assert part in words, part


def test_unconfirmed_values_are_marked_and_unknown_is_said() -> None:
    data: dict[str, Any] = {
        "times": [{"milestone": "impact_started_at", "value": "2026-08-14 09:12",
                   "source": "imported", "confirmed": False}],
    }  # fmt: skip
    html = record(**data)
    assert '<span class="unconfirmed">2026-08-14 09:12</span>' in html
    assert '<span class="unknown">Unknown</span>' in html
    assert "not confirmed" in " ".join(text_of(make_pdf(html)).split())


def test_owners_print_only_when_asked() -> None:
    content = rich(
        actions=[{"title": "Bound the pool", "owner": "Mara Voss", "team": "Storefront"}]
    )
    for names in (False, True):
        value = printed(content, reference="INC-1", state="x", unconfirmed=0, names=names)
        html = print_html("postmortem.html", p=value, organisation="", banner="", as_of="2026-10-05",
                          run="", digest="")  # fmt: skip
        assert ("Mara Voss" in html) is names


def test_letter_and_a4() -> None:
    sizes = {
        paper: PdfReader(io.BytesIO(make_pdf(record(paper)))).pages[0].mediabox
        for paper in ("a4", "letter")
    }
    assert round(float(sizes["a4"].width)) == 595
    assert (round(float(sizes["letter"].width)), round(float(sizes["letter"].height))) == (612, 792)


def test_the_same_input_is_the_same_bytes(quarter: bytes) -> None:
    assert make_pdf(page(), list(review().charts())) == quarter


_HARD = (
    "One\ntwo\n\n```\ncode\n\n  more\ttab\n```\n\nsoft\u00adhyphen \u2028 apart "
    f"{'Averylongword' * 20} العربية שלום 漢字 ﬁ e\u0301 {'x' * 300} [link](https://a.test/{'b/' * 80})"
)


def test_lines_that_are_kept_until_they_are_painted_make_the_same_bytes(tmp_path: Path) -> None:
    """Of plain words, of several scripts, of words too long for a line, of code."""
    for name, html in (("page", page()), ("record", record(what_happened=_HARD, summary=_HARD))):
        (tmp_path / name).write_text(html, encoding="utf-8")
    code = f"""
from pathlib import Path
from rca.reports import pdf
pages = [path.read_text(encoding="utf-8") for path in Path({str(tmp_path)!r}).iterdir()]
change, pdf.keep_lines = pdf.keep_lines, lambda: None
before = [pdf.html_to_pdf(html) for html in pages]
change()
print(before == [pdf.html_to_pdf(html) for html in pages], len(before))
"""
    assert run_python(code).split() == ["True", "2"]


def test_only_fonts_of_our_packages_are_used(quarter: bytes) -> None:
    """Else another machine would break lines elsewhere."""
    names = {
        str(font["/BaseFont"]).split("+")[-1]
        for sheet in PdfReader(io.BytesIO(quarter)).pages
        for font in (f.get_object() for f in sheet["/Resources"]["/Font"].values())
    }
    assert names
    assert all(name.startswith(("Source-Sans", "Source-Serif")) for name in names), names


def test_words_in_charts_can_be_read_out(quarter: bytes) -> None:
    """Letters set one by one would come out of a PDF unkerned, with gaps."""
    said = text_of(quarter)
    for label in ("Configuration", "Retry storms", "Staged, before", "3 of 9"):
        assert label in said


def test_embedded_fonts_carry_no_shaping_tables() -> None:
    for path in files().values():
        whole = path.read_bytes()
        font = lean(whole)
        assert len(font) < len(whole)
        with TTFont(io.BytesIO(font)) as found, TTFont(path) as given:
            assert not {"GSUB", "GPOS"} & set(found.keys())
            assert {"GSUB", "GPOS"} & set(given.keys())
            assert found.getGlyphOrder() == given.getGlyphOrder()
            assert found["hmtx"].metrics == given["hmtx"].metrics
    assert lean(b"no font") == b"no font"


# For customers


def _outside(**changes: Any) -> str:
    content = rich(external_summary="Cards were refused for some customers.",
                   external_what_happened="A certificate had reached its end date.",
                   external_what_we_do="We watch such dates now.", **changes)  # fmt: skip
    value = printed(content, reference="INC-2026-0001", state="revision 2", unconfirmed=1)
    return print_html(
        "customer.html", p=value, title=f"Incident of {value.day}", organisation="Fernwick",
        banner="", as_of="2026-10-05", published=True, run="Fernwick", digest="abc123",
    )  # fmt: skip


def test_customers_read_the_outside_texts_and_times_and_nothing_else() -> None:
    content = rich()
    words = " ".join(text_of(make_pdf(_outside())).split())
    for part in ("Cards were refused", "reached its end date", "We watch such dates now",
                 "Began 14 August 2026, 09:12 UTC", "Lasted", "5 October 2026"):  # fmt: skip
        assert part in words, part
    inside = [content.title, content.summary, "INC-", "SEV", "Internal", "SHA", "revision",
              *content.services, *(f.statement for f in content.factors),
              *(e.text for e in content.timeline), *(a.title for a in content.actions)]  # fmt: skip
    assert len(inside) > 12
    for part in inside:
        assert part not in words, part


def test_the_letter_to_customers_is_tagged_and_in_order() -> None:
    assert problems(make_pdf(_outside())) == []


def test_times_that_nobody_confirmed_do_not_go_outside() -> None:
    times = [{"milestone": "impact_started_at", "value": "2026-08-14 09:12", "confirmed": False}]
    told = _outside(times=times)
    assert "09:12" not in told
    assert "14 August" not in told


def test_a_length_to_an_end_that_nobody_confirmed_does_not_go_outside() -> None:
    begun = {"milestone": "impact_started_at", "value": "2026-08-14 09:12"}
    eased = {"milestone": "mitigated_at", "value": "2026-08-14 09:52"}
    ended = {"milestone": "impact_ended_at", "value": "2026-08-14 10:42"}
    assert "Lasted" in _outside(times=[begun, eased, ended])
    assert "Lasted" in _outside(times=[begun, eased])
    assert "Lasted" not in _outside(times=[begun, eased, {**ended, "confirmed": False}])
