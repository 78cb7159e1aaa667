"""Differences in words, the summary's skeleton, and the phases of an incident."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rca.domain.compare import Mark, differences, words_apart
from rca.domain.durations import phases
from rca.domain.postmortem import PostmortemContent
from rca.domain.skeleton import sentence
from tests.factories import rich, rich_data


@given(st.text(max_size=80), st.text(max_size=80))
def test_both_texts_can_be_read_back_from_their_differences(old: str, new: str) -> None:
    parts = words_apart(old, new)
    assert "".join(p.text for p in parts if p.mark is not Mark.ADDED) == old
    assert "".join(p.text for p in parts if p.mark is not Mark.REMOVED) == new


def test_equal_texts_have_no_differences() -> None:
    content = rich()
    assert differences(content, content) == []


def _changed(**changes: Any) -> list[tuple[str, str]]:
    data = rich_data()
    old = PostmortemContent.model_validate(data)
    stored = old.model_dump(mode="json")
    new = PostmortemContent.model_validate({**stored, **changes})
    return [(item.label, item.what) for item in differences(old, new)]


def test_each_changed_value_is_named_by_its_row() -> None:
    data = rich().model_dump(mode="json")
    assert _changed(title="Other") == [("Title", "changed")]
    assert _changed(severity="SEV1") == [("Severity", "changed")]
    rows = [("Number: revenue", "removed")]
    assert [(label.lower(), what) for label, what in _changed(impact_measures=[])][1:] == [
        (label.lower(), what) for label, what in rows
    ]
    assert _changed(timeline=[], factors=[], actions=[])[0][1] == "removed"
    assert data["title"]


def test_a_row_that_changed_says_which_part() -> None:
    old = rich()
    rows = [row.model_dump(mode="json") for row in old.factors]
    rows[1]["confidence"] = "likely"
    new = PostmortemContent.model_validate({**old.model_dump(mode="json"), "factors": rows})
    (found,) = differences(old, new)
    assert found.label == "Factor: No alert watched payment success. · confidence"
    assert [part.text for part in found.stretches] == ["Likely"]
    moved = PostmortemContent.model_validate(
        {**old.model_dump(mode="json"), "factors": list(reversed(rows))}
    )
    assert ("Contributing factors", "put in another order") in [
        (item.label, item.what) for item in differences(old, moved)
    ]


def test_the_skeleton_says_what_is_known_and_guesses_nothing() -> None:
    assert sentence(PostmortemContent()) == ""
    assert sentence(PostmortemContent.model_validate({"title": "Search was slow"})) == (
        "A service was affected: Search was slow."
    )
    assert sentence(rich()) == (
        "On 14 August 2026, checkout and payments were affected for 50 min: Checkout returns 502 "
        "for card payments. It was detected by a customer’s report after about 19 min. It was set "
        "off by a config change."
    )


def test_phases_follow_each_other_and_unknown_ends_are_left_out() -> None:
    times = [
        {"milestone": "impact_started_at", "value": "2026-08-14 09:00"},
        {"milestone": "detected_at", "value": "2026-08-14 09:10"},
        {"milestone": "diagnosed_at", "value": "2026-08-14 09:30"},
        {"milestone": "mitigated_at", "value": "2026-08-14 10:00"},
    ]
    found = [(p.label, p.length.total_seconds() / 60) for p in phases(rich(times=times))]
    assert found == [("Unnoticed", 10), ("Finding out", 20), ("Fixing", 30)]
    short = [(p.label, p.length.total_seconds() / 60) for p in phases(rich(times=times[:2]))]
    assert short == [("Unnoticed", 10)]
    without = [*times[:2], times[3]]
    assert [p.label for p in phases(rich(times=without))] == ["Unnoticed", "Detected to mitigated"]
    assert phases(rich(times=[{"milestone": "detected_at", "precision": "unknown"}])) == []
