"""Print HTML read as XML: the same document, or left to the HTML5 algorithm."""

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
import tinyhtml5

from rca.reports.trees import tree_of
from tests.conftest import run_python
from tests.reports.pages import page, record

_PAGE = "<!doctype html>\n<html><head><title>t</title></head><body>{}</body></html>"
_PROSE = (
    "# One\n\nTwo <b>& three</b> `four`  \nfive **six *seven***\n\n- a\n- b\n  1. c\n\n> quote\n\n"
    "```\n\ncode & <more>\n```\n\n---\n\n| a | b |\n|---|---|\n| 1 | [2](https://x.test/?a=1&b) |\n"
)


def _plain(node: Any) -> Any:
    """A tree as nested values, comments left out, without the line ends around head and body."""
    text, kids = node.text or "", []
    for kid in node:
        if not isinstance(kid.tag, str):
            rest = kid.tail or ""
            text, kids = (text, [*kids[:-1], (*kids[-1][:3], kids[-1][3] + rest)]) if kids else (
                text + rest, kids
            )  # fmt: skip
            continue
        kids.append((*_plain(kid), kid.tail or ""))
    if node.tag in ("html", "body"):
        text, kids = text.strip(), [(*kid[:3], kid[3].strip()) for kid in kids]
    return (node.tag, sorted(node.attrib.items()), (text, kids))


def read_alike(html: str) -> bool:
    """Whether a document is read as XML, and as the HTML5 algorithm reads it."""
    ours = tree_of(html)
    theirs: ET.Element = tinyhtml5.parse(html, namespace_html_elements=False)
    return ours is not None and _plain(ours) == _plain(theirs)


@pytest.mark.parametrize(
    "html",
    [
        page(lede='Words with "quotes", <tags> and an & \u2028 in them'),
        record(what_happened=_PROSE, summary=_PROSE),
        record(template="one-page.html"),
        record(template="customer.html", external_summary=_PROSE, paper="letter"),
    ],
    ids=["quarter", "postmortem", "one page", "customer"],
)
def test_every_template_is_read_as_html_reads_it(html: str) -> None:
    assert read_alike(html)


@pytest.mark.parametrize(
    "inside",
    [
        "<p>a<br>b<hr></p>",
        "<p>a<div>b</div></p>",
        "<p>a<p>b",
        "<p>a &middot; b</p>",
        "<p>a & b</p>",
        "<p title=x>a</p>",
        "<pre>\na</pre>",
        "<table><tr><td>a</td></tr></table>",
        "<table><tbody>a<tr><td>b</td></tr></tbody></table>",
        "<h2>a<h3>b</h3></h2>",
        '<a href="#a"><b><a href="#b">c</a></b></a>',
        "<div><li>a</li></div>",
        "<ul><div>a</div></ul>",
        "<select><p>a</p></select>",
        "<b>a<p>b</b>c</p>",
        "<p>a\x0bb</p>",
    ],
)
def test_what_html_would_read_otherwise_is_left_to_it(inside: str) -> None:
    assert tree_of(_PAGE.format(inside)) is None


def test_a_part_of_a_page_is_left_to_html() -> None:
    assert tree_of("<p>a</p>") is None
    assert tree_of(_PAGE.format("<p>a</p>").replace("<head>", "a<head>")) is None
    assert tree_of("<!doctype html [<!ENTITY a 'b'>]><html><head/><body>&a;</body></html>") is None


def test_both_ways_make_the_same_bytes(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text(record(what_happened=_PROSE), encoding="utf-8")
    code = f"""
from pathlib import Path
from rca.reports import pdf
html = Path({str(file)!r}).read_text(encoding="utf-8")
ours = pdf.html_to_pdf(html)
pdf.tree_of = lambda _: None
print(ours == pdf.html_to_pdf(html), len(ours) > 9000)
"""
    assert run_python(code).split() == ["True", "True"]
