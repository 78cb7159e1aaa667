"""Files as they are in the world: encodings, traps, old documents, and what is said about them."""

import json

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rca.formats import csv_table, html_text, markdown, postmortem_json, yaml_text
from rca.formats.dates import read_date
from rca.formats.intake import Parsed, guess, read
from rca.formats.mapping import Assume, Draft
from tests.factories import rich
from tests.formats.contents import contents


def parse(name: str, data: str | bytes, **assume: object) -> Parsed:
    raw = data.encode() if isinstance(data, str) else data
    return read(name, raw, Assume(**assume))  # type: ignore[arg-type]


def one(name: str, data: str | bytes) -> Draft:
    found = parse(name, data)
    assert found.refusals == ()
    assert len(found.drafts) == 1
    return found.drafts[0]


def reasons(found: Parsed) -> list[tuple[int, str, str]]:
    return [(item.line, item.field, item.reason) for item in found.refusals]


# Encodings and whole files ------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_marked_encodings_are_read(encoding: str) -> None:
    text = '{"title": "Größe 漢"}\r\n{"title": "Two"}\r\n'
    assert [d.content.title for d in parse("a.jsonl", text.encode(encoding)).drafts] == [
        "Größe 漢",
        "Two",
    ]


def test_windows_text_is_read_and_said() -> None:
    found = parse("a.csv", "title\nGröße\n".encode("cp1252"))
    assert found.drafts[0].content.title == "Größe"
    assert "Windows-1252" in found.notes[0]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"PK\x03\x04....", "archive"),
        (b"%PDF-1.7", "archive"),
        (b"abc\xff\x00\xfe\x00", "NUL"),
    ],
)
def test_what_is_no_text_is_refused_as_a_whole(data: bytes, words: str) -> None:
    found = parse("a.md", data)
    assert not found.readable
    assert words in found.refusals[0].reason


def test_more_than_fifty_megabytes_is_refused_kindly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rca.formats.decoding.MOST_BYTES", 10)
    assert "Split it" in parse("a.md", "x" * 11).refusals[0].reason


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('{"title": "x"}\n{"title": "y"}', "jsonl"),
        ('{\n"title": "x"}', "json"),
        ('[{"title": "x"}]', "json"),
        ("title,date\nx,2024", "csv"),
        ("Title;Severity\nx;SEV1", "csv"),
        ("---\ntitle: x\n---\ntext", "markdown"),
        ("<!doctype html><html></html>", "html"),
        ("Plain words, with a comma.", "markdown"),
    ],
)
def test_a_paste_is_known_by_its_looks(text: str, kind: str) -> None:
    assert guess(text) == kind


# CSV ----------------------------------------------------------------------------------------------


def test_csv_lines_are_counted_as_an_editor_counts_them() -> None:
    found = parse("a.csv", 'title,text,date\nA,"one\ntwo",2024\nB,x,never\nC,y\nD,z,2024,extra\n')
    assert [d.content.title for d in found.drafts] == ["A", "C"]
    assert [(line, field) for line, field, _ in reasons(found)] == [(4, "date"), (6, "(whole row)")]


def test_a_quotation_mark_that_is_never_closed_is_one_refusal() -> None:
    found = parse("a.csv", 'title,text\nA,fine\nB,"open\nC,lost\n')
    assert [d.content.title for d in found.drafts] == ["A"]
    assert reasons(found)[0][0] == 3
    assert "never closed" in reasons(found)[0][2]


def test_a_header_without_a_known_name_is_refused() -> None:
    assert "no column that we know" in parse("a.csv", "foo,bar\n1,2\n").refusals[0].reason
    assert "twice" in parse("a.csv", "title,title\n1,2\n").refusals[0].reason


@example(["\t"])
@given(st.lists(st.text(max_size=12).filter(lambda t: "\x00" not in t), min_size=1, max_size=4))
def test_written_cells_are_safe_and_come_back(cells: list[str]) -> None:
    names = [f"c{n}" for n in range(len(cells))]
    text = csv_table.write(names, [dict(zip(names, cells, strict=True))])
    assert all(csv_table.unescape_cell(csv_table.escape_cell(cell)) == cell for cell in cells)
    for cell in cells:
        assert csv_table.escape_cell(cell)[:1] not in ("=", "+", "-", "@", "\t", "\r", "\n")
    if not any("\r" in cell or "\n" in cell for cell in cells):
        rows = csv_table.read(text.replace("\r\n", "\n")).rows
        wanted = {n: c for n, c in zip(names, cells, strict=True) if c.strip()}
        # A tab alone comes back, because it was quoted; other blanks are no value. Neither tells.
        said = [{n: v for n, v in row.values.items() if v.strip()} for row in rows]
        assert [values for values in said if values] == ([wanted] if wanted else [])


def test_a_formula_is_text() -> None:
    draft = one("a.csv", 'title,text\n"=HYPERLINK(""x"")","\'=1+1"\n')
    assert draft.content.title == '=HYPERLINK("x")'
    assert draft.content.imported_text == "=1+1"


# JSON ---------------------------------------------------------------------------------------------


def test_json_traps() -> None:
    lines = ['{"title": NaN}', "[" * 100_000, '{"title": ' + "9" * 5_000 + "}", '{"title": true}',
             '{"title": ["a"]}', '"x"', '{"title": "ok \u2028 still one line"}']  # fmt: skip
    found = parse("a.jsonl", "\n".join(lines))
    assert [line for line, _, _ in reasons(found)] == [1, 2, 3, 4, 5, 6]
    assert len(found.drafts) == 1


def test_nested_rows_name_their_path() -> None:
    row = {"title": "x", "timeline": [{"text": "ok"}, {"at": "never"}], "trigger": "gremlins"}
    found = parse("a.jsonl", json.dumps(row))
    assert {field for _, field, _ in reasons(found)} == {"timeline.1.at", "trigger"}


def test_names_of_other_tools_are_known_and_unknown_ones_told_once() -> None:
    row = {
        "Incident Name": "Cart empty", "startTime": "2024-05-06T07:08:00+02:00", "Company": "Acme",
        "Affected Services": "cart; search", "Root Cause(s)": "- No limit\n- No alert",
        "detectedAt": "2024-05-06 05:30", "permalink": "https://e.org/1", "moon": 1,
    }  # fmt: skip
    found = parse("a.jsonl", "\n".join([json.dumps(row)] * 2))
    content = found.drafts[0].content
    assert content.title == "Cart empty"
    assert content.organisation == "Acme"
    assert content.services == ["cart", "search"]
    assert [factor.statement for factor in content.factors] == ["No limit", "No alert"]
    assert [str(mark.value) for mark in content.times] == [
        "2024-05-06 05:08:00+00:00",
        "2024-05-06 05:30:00+00:00",
    ]
    assert found.unknown == {"moon": 2}


def test_labels_are_left_out_on_purpose() -> None:
    found = parse("a.jsonl", '{"title": "x", "labels": {"primary": "capacity"}, "corpus": "c"}')
    assert found.unused == {"labels": 1}
    assert found.unknown == {"corpus": 1}
    assert found.drafts[0].content.factors == []


def test_our_json_comes_back() -> None:
    text = postmortem_json.write(rich(), reference="INC-2026-0007", status="published", version=3)
    draft = one("a.json", text)
    assert draft.reference == "INC-2026-0007"
    assert draft.content.summary == rich().summary
    assert draft.content.factors[0].timeline_ids == [draft.content.timeline[0].id]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(contents())
def test_whatever_we_export_can_be_imported(content: object) -> None:
    text = markdown.write(content, reference="INC-2026-0001")  # type: ignore[arg-type]
    found = parse("a.md", text)
    empty = "neither a title nor a text"
    assert all(empty in item.reason or item.field == "source_url" for item in found.refusals)
    for draft in found.drafts:
        assert not any(row.confirmed for row in draft.content.timeline)


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=200), st.sampled_from(["a.md", "a.csv", "a.jsonl", "a.json", "a.html", "a"])
)
def test_no_file_breaks_it(data: bytes, name: str) -> None:
    parse(name, data)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from(
        ["---\n", "title: x\n", "# H\n", "## Timeline\n", "## Action items\n", "- a\n", "| a | b |\n", "|---|---|\n",
         "| 09:12 | x |\n", "**Impact**\n", "===\n", "```\n", "Date: 2024-02-30\n", "\n", "<p>", "<ul><li>", "</ul>",
         "<pre>", "<td>", "&amp;", "text\n", "a: [\n", "&a *a\n", "!!python/x\n", "date: 15:30\n"]), max_size=25
    ).map("".join),
    st.sampled_from(["a.md", "a.html"]),
)  # fmt: skip
def test_no_document_breaks_it(text: str, name: str) -> None:
    parse(name, text)


# YAML ---------------------------------------------------------------------------------------------


def test_front_matter_is_text_not_yaml_types() -> None:
    text = "---\ntitle: no\nregion: NO\ndate: 2024-05-06\nenvironment: on\ntldr: 15:30\nid: 0123\n---\nBody: *x*\n"
    content = one("a.md", text).content
    assert (content.title, content.tldr) == ("no", "15:30")
    assert content.regions == ["NO"]
    assert content.environments == ["on"]
    assert content.imported_text == "Body: *x*"
    assert content.times[0].precision == "day"


@pytest.mark.parametrize(
    ("head", "line", "words"),
    [
        ("a: &x [1]\nb: *x", 3, "aliases"),
        ("a: !!python/object/apply:os.system [x]", 2, "tag"),
        ("a: 1\na: 2", 3, "twice"),
        ("a: " + "[" * 60, 2, "deeply"),
        ("title: x\n  bad: [", 3, "not YAML"),
    ],
)
def test_yaml_traps_are_refused_with_their_line(head: str, line: int, words: str) -> None:
    found = parse("a.md", f"---\n{head}\n---\ntext\n")
    assert reasons(found)[0][:2] == (line, "(front matter)")
    assert words in reasons(found)[0][2]


def test_an_alias_bomb_costs_nothing() -> None:
    bomb = "a: &a [x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(50))
    with pytest.raises(yaml_text.YamlProblem):
        yaml_text.load(bomb)


def test_rules_around_prose_are_no_front_matter() -> None:
    assert one("a.md", "---\njust words\n---\nmore\n").content.imported_text.startswith("---")


# Dates and titles ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value", "precision"),
    [
        ("2024", "2024-01-01", "year"),
        ("2024-05", "2024-05-01", "month"),
        ("May 2024", "2024-05-01", "month"),
        ("20201019T1", "2020-10-19", "day"),
        ("19 Oct 2020", "2020-10-19", "day"),
        ("October 19th, 2020", "2020-10-19", "day"),
        ("31/12/2020", "2020-12-31", "day"),
        ("2024-05-06T07:08:09Z", "2024-05-06", "exact"),
        ("2024-05-06 07:08 UTC", "2024-05-06", "minute"),
    ],
)
def test_dates_keep_their_precision(text: str, value: str, precision: str) -> None:
    found = read_date(text)
    assert found.value is not None
    assert (found.value.date().isoformat(), found.precision) == (value, precision)


@pytest.mark.parametrize(
    "text", ["yesterday", "03/04/2020", "2020-13-01", "2023-02-29", "99", "Foo 2020"]
)
def test_what_is_no_date_is_said(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a date|no such day|may be day/month"):
        read_date(text)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("A pool ran dry. Then more.", "A pool ran dry"),
        ("## Summary\n\n**A pool** ran [dry](x), e.g. on db-1.\n", "A pool ran dry, e.g. on db-1"),
        ("\n---\n- first item\n", "first item"),
        ("word " * 60, ("word " * 23).strip() + "…"),
    ],
)
def test_a_missing_title_is_the_first_sentence(text: str, title: str) -> None:
    content = one("a.jsonl", json.dumps({"text": text})).content
    assert content.title == title
    assert content.title_source == "imported"


# The old pile -------------------------------------------------------------------------------------

OLD = """\
# Bad image broke the network

Date: 2022-10-29
Severity: Sev 2 (high)
Detected: 29/10/2022

## 1. Summary

Nodes came up with a **bad** image.

### Why it mattered

Ports closed.

## Timeline

All times in CET.

- 09:12 alert fires
- 09:40 rolled back
  to the last image

## Root cause(s):

- No canary for images
- Rollover replaced all nodes at once

## Glossary

AMI: image.

**Action items**

| Action | Owner | Due | Status |
|---|---|---|---|
| Add canary | Platform | 2022-11-30 | Done |
| Think about pinning | | | |

## Lessons learned

### What went well

* Fast detection
"""


def test_an_old_document_is_recognised_and_kept_word_for_word() -> None:
    found = parse("PM-12.md", OLD)
    content = found.drafts[0].content
    assert content.imported_text == OLD.strip("\n")
    assert content.title == "Bad image broke the network"
    assert content.severity == "SEV2"
    assert (
        content.summary
        == "Nodes came up with a **bad** image.\n\n### Why it mattered\n\nPorts closed."
    )
    rows = [(e.at and e.at.isoformat()[11:16], e.text, e.confirmed) for e in content.timeline]
    assert rows == [
        ("07:12", "alert fires", False),
        ("07:40", "rolled back\nto the last image", False),
    ]
    assert [f.statement for f in content.factors] == [
        "No canary for images",
        "Rollover replaced all nodes at once",
    ]
    assert [(a.title, a.status, a.kind, a.owner) for a in content.actions] == [
        ("Add canary", "done", "commitment", "Platform"),
        ("Think about pinning", "open", "idea", ""),
    ]
    assert [(n.kind, n.text) for n in content.notes] == [("went_well", "Fast detection")]
    assert "“Glossary”" in found.notes[0]


def test_a_page_becomes_text_and_nothing_that_runs() -> None:
    page = html_text.to_markdown(
        "<html><head><title>Search down</title><style>b{}</style></head><body><script>alert(1)</script>"
        "<h2>Impact</h2><p>10&nbsp;% of <b>searches</b> &lt;failed&gt;.</p><ul><li>one<ul><li>two</ul><li>three</ul>"
        "<pre>a  b\n c</pre><table><tr><th>Time<th>What</tr><tr><td>09:12<td>a | b</tr></table>"
        "<a href='javascript:alert(1)'>bad</a> <a href='https://e.org/a'>good</a>"
        "<img src=x onerror=alert(1) alt=graph><iframe src=x>hidden</iframe></body></html>"
    )
    assert page.head == {"title": "Search down"}
    assert page.text == (
        "## Impact\n\n10 % of **searches** <failed>.\n\n- one\n  - two\n- three\n\n```\na  b\n c\n```\n\n"
        "| Time | What |\n| --- | --- |\n| 09:12 | a \\| b |\n\n[bad] [good](https://e.org/a)(graph)"
    )
    for word in ("alert", "javascript", "hidden", "onerror"):
        assert word not in page.text


def test_a_date_in_the_file_name_helps_and_a_wrong_one_does_not_hurt() -> None:
    assert one("2021-03-04-search.md", "# Search\n\nText.\n").content.times[0].precision == "day"
    assert one("2021-99-04-search.md", "# Search\n\nText.\n").content.times == []
    found = parse("a.md", "# T\n\nDate: soon\n\nText.\n")
    assert found.drafts[0].content.times == []
    assert "Date “soon” could not be read" in found.notes[0]
