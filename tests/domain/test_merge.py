"""Three edits of one text: what either side typed is in the result or in a clash."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rca.domain.joining import joined
from rca.domain.merge import Choice, merge

FIELDS = ("title", "summary", "services", "factors", "evidence")
_words = st.sampled_from(["", "a", "b", "c", "pool", "alert"])
_row = st.fixed_dictionaries({"id": st.sampled_from("pqrst"), "statement": _words, "role": _words})
_rows = st.lists(_row, max_size=5, unique_by=lambda row: row["id"])
_loose = st.lists(st.fixed_dictionaries({"basis": _words, "quote": _words}), max_size=2)
_doc = st.fixed_dictionaries(
    {
        "title": _words,
        "summary": _words,
        "services": st.lists(_words.filter(bool), max_size=4, unique=True),
        "factors": _rows,
        "evidence": _loose,
    }
)
Doc = dict[str, Any]


def _by_id(doc: Doc) -> dict[str, Doc]:
    return {row["id"]: row for row in doc["factors"]}


@given(_doc, _doc)
def test_one_sided_edits_are_taken_whole(base: Doc, edit: Doc) -> None:
    for mine, theirs in ((edit, base), (base, edit)):
        found = merge(base, mine, theirs, fields=FIELDS)
        assert found.open == ()
        for name in ("title", "summary", "evidence"):
            assert found.values[name] == edit[name]
        assert set(found.values["services"]) == set(edit["services"])
        assert _by_id(found.values) == _by_id(edit)


@given(_doc, _doc)
def test_equal_edits_do_not_clash(base: Doc, edit: Doc) -> None:
    found = merge(base, edit, edit, fields=FIELDS)
    assert found.clashes == ()
    assert found.values == edit


@settings(max_examples=400)
@given(_doc, _doc, _doc)
def test_nothing_typed_is_lost(base: Doc, mine: Doc, theirs: Doc) -> None:
    found = merge(base, mine, theirs, fields=FIELDS)
    open_paths = {clash.path for clash in found.open}
    for name in ("title", "summary"):
        for side in (mine, theirs):
            if side[name] != base[name]:
                assert found.values[name] == side[name] or name in open_paths
    before, rows = _by_id(base), _by_id(found.values)
    assert len(rows) == len(found.values["factors"])
    for side in (mine, theirs):
        for key, row in _by_id(side).items():
            for part in ("statement", "role"):
                if row[part] != before.get(key, {}).get(part):
                    kept = rows.get(key, {}).get(part) == row[part]
                    assert kept or open_paths & {f"factors/{key}", f"factors/{key}/{part}"}


@settings(max_examples=300)
@given(_doc, _doc, _doc, st.sampled_from([Choice.MINE, Choice.THEIRS]))
def test_a_choice_settles_a_clash(base: Doc, mine: Doc, theirs: Doc, choice: Choice) -> None:
    first = merge(base, mine, theirs, fields=FIELDS)
    choices = {clash.path: choice.value for clash in first.open}
    second = merge(base, mine, theirs, fields=FIELDS, choices=choices)
    assert second.open == ()
    assert {clash.path for clash in second.clashes} == set(choices)
    for clash in second.clashes:
        if "/" not in clash.path:
            wanted = clash.mine if choice is Choice.MINE else clash.theirs
            assert second.values[clash.path] == wanted


@given(_doc, _doc, _doc)
def test_every_clash_is_a_real_one(base: Doc, mine: Doc, theirs: Doc) -> None:
    for clash in merge(base, mine, theirs, fields=FIELDS).clashes:
        assert clash.mine != clash.theirs
        assert clash.base not in (clash.mine, clash.theirs) or clash.base is None


def test_both_texts_can_stand_together_where_it_is_prose() -> None:
    base, mine, theirs = {"summary": "a"}, {"summary": "mine"}, {"summary": "theirs"}
    found = merge(base, mine, theirs, fields=("summary",), choices={"summary": "both"})
    assert found.values["summary"] == "theirs\n\nmine"
    refused = merge({"title": "a"}, {"title": "b"}, {"title": "c"}, fields=("title",),
                    choices={"title": "both"})  # fmt: skip
    assert [clash.path for clash in refused.open] == ["title"]


def test_a_removed_row_that_the_other_side_rewrote_stays_until_somebody_decides() -> None:
    base = {"factors": [{"id": "p", "statement": "old"}]}
    theirs = {"factors": [{"id": "p", "statement": "new words"}]}
    found = merge(base, {"factors": []}, theirs, fields=("factors",))
    assert found.values == theirs
    assert [clash.path for clash in found.open] == ["factors/p"]
    gone = merge(base, {"factors": []}, theirs, fields=("factors",), choices={"factors/p": "mine"})
    assert gone.values == {"factors": []}


def test_two_first_answers_for_one_ai_surface_are_one_row() -> None:
    mine = {"ai_influences": [{"id": "1", "surface": "code", "state": "suspected", "tool": ""}]}
    theirs = {"ai_influences": [{"id": "2", "surface": "code", "state": "unknown", "tool": "x"}]}
    found = merge({"ai_influences": []}, mine, theirs, fields=("ai_influences",))
    assert len(found.values["ai_influences"]) == 1
    assert [clash.path for clash in found.open][:1] == ["ai_influences/code/state"]


def test_new_rows_follow_their_neighbour_and_moves_are_kept() -> None:
    def rows(keys: str) -> Doc:
        return {"factors": [{"id": key, "statement": key} for key in keys]}

    found = merge(rows("pqr"), rows("pqxr"), rows("rpqy"), fields=("factors",))
    assert [row["id"] for row in found.values["factors"]] == ["r", "p", "q", "x", "y"]


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "both"),
    [
        ("a b", "a b mine", "a b theirs", "a b theirs mine"),
        ("a b c", "a m b c", "a b c t", "a m b c t"),
        ("a b c d", "a b d", "a b c d t", "a b d t"),
        ("", "mine", "theirs", "theirs\n\nmine"),
        (
            "a b",
            "a and of course b more",
            "a and of course theirs b",
            "a and of course theirs b more",
        ),
        ("All of it.", "Written anew.", "Quite different.", "Quite different.\n\nWritten anew."),
        (
            "One.\n\nTwo.",
            "One.\n\nTwo. Mine.",
            "One. Theirs.\n\nTwo.",
            "One. Theirs.\n\nTwo. Mine.",
        ),
    ],
)
def test_keeping_both_says_nothing_twice(base: str, mine: str, theirs: str, both: str) -> None:
    assert joined(base, mine, theirs) == both


@given(
    st.lists(st.integers(0, 9).map(lambda n: f"b{n}"), unique=True, max_size=8),
    st.lists(st.tuples(st.integers(0, 8), st.integers(0, 99)), max_size=6),
    st.lists(st.tuples(st.integers(0, 8), st.integers(0, 99)), max_size=6),
)
def test_keeping_both_keeps_every_word_once(
    base: list[str], mine: list[tuple[int, int]], theirs: list[tuple[int, int]]
) -> None:
    """Both sides only add words: the union holds each of them exactly once."""

    def side(name: str, added: list[tuple[int, int]]) -> list[str]:
        words = list(base)
        for order, (place, word) in enumerate(added):
            words.insert(min(place, len(words)), f"{name}{order}x{word}")
        return words

    one, two = side("m", mine), side("t", theirs)
    text = joined(" ".join(base), " ".join(one), " ".join(two))
    assert sorted(text.split()) == sorted({*one, *two})
