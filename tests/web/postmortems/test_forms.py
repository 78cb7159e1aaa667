"""Field names to nested data, and typed times to full ones."""

import contextlib
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rca.domain.postmortem import PostmortemContent
from rca.errors import Invalid, Problem
from rca.services.authoring import parse_content
from rca.web import forms, forms_rows
from rca.web.forms_postmortem import field_name, plain_number, read_fields, read_form, shown
from rca.web.forms_times import complete, complete_all
from tests.factories import rich


def test_names_make_rows_in_the_order_of_the_page() -> None:
    pairs = [
        ("timeline[]", ""),
        ("timeline-7-at", "09:12"),
        ("timeline-2-at", "09:31"),
        ("timeline-7-text", "first"),
        ("title", "one"),
        ("title", "two"),
        ("impact_types[]", ""),
        ("impact_types[]", "errors"),
        ("ai_influences-0-evidence-3-locator", "4f2a"),
        ("times-detected_at-value", "x"),
    ]
    assert forms.parse(pairs) == {
        "timeline": [{"at": "09:12", "text": "first"}, {"at": "09:31"}],
        "title": "two",
        "impact_types": ["errors"],
        "ai_influences": [{"evidence": [{"locator": "4f2a"}]}],
        "times": {"detected_at": {"value": "x"}},
    }


def test_an_emptied_list_is_still_on_the_page() -> None:
    assert forms.parse([("timeline[]", "")]) == {"timeline": []}


@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=10)), max_size=20))
def test_any_names_are_read_or_refused_never_crash(pairs: list[tuple[str, str]]) -> None:
    with contextlib.suppress(Invalid):
        forms.parse(pairs)


def test_a_name_for_a_value_and_for_rows_is_refused() -> None:
    with pytest.raises(Invalid):
        forms.parse([("timeline", "x"), ("timeline-0-at", "y")])


def _names(value: Any, name: str = "") -> list[tuple[str, str]]:
    """Data written the way the page names it."""
    if isinstance(value, dict):
        return [p for k, v in value.items() for p in _names(v, f"{name}-{k}" if name else k)]
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return [(f"{name}[]", ""), *((f"{name}[]", item) for item in value)]
    if isinstance(value, list):
        rows = [p for i, item in enumerate(value) for p in _names(item, f"{name}-{i}")]
        return [(f"{name}[]", ""), *rows]
    text = str(value) if isinstance(value, int | float) else value
    words = (
        {True: "1", False: "0", None: ""}.get(value, text) if value in (True, False, None) else text
    )
    return [(name, words)]


def test_a_stored_postmortem_comes_back_equal_through_its_form() -> None:
    content = rich()
    page = shown(content.model_dump(mode="json"))
    data = read_form(_names(page), content)
    assert parse_content(data) == content


def test_fields_that_are_not_on_the_page_keep_their_value() -> None:
    stored = rich(imported_text="verbatim", tldr="Short.")
    data = read_form([("title", "New words")], stored)
    content = parse_content(data)
    assert content.title == "New words"
    assert content.imported_text == "verbatim"
    assert content.timeline == stored.timeline


def test_a_browser_can_not_say_who_proposed_a_row_but_can_confirm_it() -> None:
    stored = rich(timeline=[{"text": "From chat", "source": "imported", "confirmed": False}])
    row = stored.timeline[0]
    pairs = [
        ("timeline[]", ""),
        ("timeline-0-id", row.id),
        ("timeline-0-text", "From chat"),
        ("timeline-0-source", "typed"),
        ("timeline-0-confirmed", "0"),
    ]
    kept = parse_content(read_form(pairs, stored)).timeline[0]
    assert (kept.source.value, kept.confirmed) == ("imported", False)
    confirmed = parse_content(read_form([*pairs, ("timeline-0-confirmed", "1")], stored))
    assert confirmed.timeline[0].confirmed is True
    assert confirmed.timeline[0].source.value == "imported"


def test_ai_answers_are_stored_by_their_evidence() -> None:
    def state(answer: str, locator: str = "") -> str | None:
        pairs = [
            ("ai_influences[]", ""),
            ("ai_influences-0-surface", "code"),
            ("ai_influences-0-answer", answer),
            ("ai_influences-0-evidence[]", ""),
            ("ai_influences-0-evidence-0-basis", "log" if locator else ""),
            ("ai_influences-0-evidence-0-locator", locator),
            ("ai_influences-0-evidence-0-strength", "medium"),
        ]
        rows = parse_content(read_form(pairs, PostmortemContent())).ai_influences
        return rows[0].state.value if rows else None

    assert state("") is None
    assert state("none") == "attested_none"
    assert state("none", "audit log") == "ruled_out"
    assert state("confirmed") == "reported"
    assert state("confirmed", "4f2a91c") == "evidenced"
    assert state("unknown") == "unknown"


def test_details_without_an_answer_ask_for_the_answer() -> None:
    pairs = [
        ("ai_influences[]", ""),
        ("ai_influences-4-surface", "code"),
        ("ai_influences-4-answer", ""),
        ("ai_influences-4-tool", "An assistant"),
    ]
    with pytest.raises(Invalid) as refused:
        parse_content(read_form(pairs, PostmortemContent()))
    assert [field_name(p) for p in refused.value.problems] == ["ai_influences-0-answer"]


def test_problems_find_their_input() -> None:
    assert field_name(Problem("timeline.3.at", "")) == "timeline-3-at"
    assert field_name(Problem("times.2.value", "")) == "times-detected_at-value"
    assert field_name(Problem("services.1", "")) == "services"


@pytest.mark.parametrize(
    ("typed", "read"), [("6,318", "6318"), ("6 318.5", "6318.5"), ("12", "12"), ("a few", "a few")]
)
def test_numbers_as_people_write_them(typed: str, read: str) -> None:
    assert plain_number(typed) == read


def test_a_clock_time_takes_the_date_of_the_row_before() -> None:
    column = ["2026-08-14 23:50", "23:58", "00:03", "soon", "00:10"]
    assert list(complete_all(column, None)) == [
        "2026-08-14 23:50",
        "2026-08-14 23:58",
        "2026-08-15 00:03",
        "soon",
        "2026-08-15 00:10",
    ]
    assert complete("09:12", None, date(2026, 8, 14)) == "2026-08-14 09:12"
    assert complete("09:12", None, None) == "09:12"
    assert complete("25:12", None, date(2026, 8, 14)) == "25:12"
    earlier = datetime(2026, 8, 14, 9, 30, tzinfo=UTC)
    assert complete("09:12", earlier, None) == "2026-08-14 09:12"


def test_timeline_rows_lean_on_impact_start_of_the_same_page() -> None:
    pairs = [
        ("times-impact_started_at-value", "2026-08-14 09:12"),
        ("times-detected_at-value", "09:31"),
        ("timeline[]", ""),
        ("timeline-0-at", "09:15"),
        ("timeline-0-text", "x"),
    ]
    data = read_form(pairs, PostmortemContent())
    assert data["timeline"][0]["at"] == "2026-08-14 09:15"
    content = parse_content(data)
    assert [f"{mark.value:%d %H:%M}" for mark in content.times if mark.value] == [
        "14 09:12",
        "14 09:31",
    ]


def test_row_buttons_work_on_what_was_typed() -> None:
    nested: dict[str, Any] = {"timeline": [{"id": "a", "text": "1"}, {"id": "b", "text": "2"}]}
    assert forms_rows.apply(nested, "up", "timeline-1") == "timeline-0-at"
    assert [row["id"] for row in nested["timeline"]] == ["b", "a"]
    forms_rows.apply(nested, "remove", "timeline-0")
    assert forms_rows.apply(nested, "add", "timeline") == "timeline-1-at"
    assert [row.get("text") for row in nested["timeline"]] == ["1", None]
    nested["factors"] = [{"id": "f" * 32}]
    assert forms_rows.apply(nested, "act", "factors-0") == "actions-0-title"
    assert nested["actions"][0]["factor_ids"] == ["f" * 32]
    with pytest.raises(Invalid):
        forms_rows.apply(nested, "remove", "timeline-9")


def test_a_row_that_was_never_begun_is_not_kept() -> None:
    pairs = [("factors[]", ""), ("factors-0-id", ""), ("factors-0-statement", "  ")]
    assert read_fields(forms.parse(pairs), {})["factors"] == []
    assert len(read_fields(forms.parse(pairs), {}, blanks=True)["factors"]) == 1
