"""Twenty pages of one text: no acknowledged word is gone, none stands twice. And faults it sees."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rca.domain import merge as merging
from rca.domain import rebase
from rca.domain.joining import joined
from tests.domain.pages import Page, judge, play


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**20), st.sampled_from([(20, 4), (6, 1), (3, 3)]))
def test_every_acknowledged_word_stands_once(seed: int, who: tuple[int, int]) -> None:
    world = play(seed, steps=400, pages=who[0], accounts=who[1])
    assert judge(world) == (set(), set())


def test_the_play_reaches_what_it_is_about() -> None:
    world = play(5, steps=1_500)
    assert world.counts["clashes"] > 50
    assert world.counts["lost answers"] > 5
    assert world.counts["went on from the older text"] > 5
    assert len(world.promised) > 200
    assert judge(world) == (set(), set())


def _seen(kind: int) -> bool:
    """Whether some play among a dozen ends with words gone (0) or twice (1)."""
    return any(judge(play(seed, steps=600, pages=6, accounts=3))[kind] for seed in range(12))


def test_a_base_that_never_heard_of_lost_answers_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def deaf(base: Mapping[str, Any], *_: Any) -> dict[str, Any]:
        return dict(base)

    monkeypatch.setattr(rebase, "rebased", deaf)
    assert _seen(1)


def test_texts_set_side_by_side_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "joined", lambda _base, mine, theirs: f"{theirs}\n\n{mine}")
    assert _seen(1)


def test_a_page_that_hides_what_others_wrote_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(page: Page, _sent: Any, _outcome: Any) -> bool:
        return True  # it takes the new version, and keeps only its own words

    monkeypatch.setattr(Page, "_takes", careless)
    assert _seen(0)


def test_a_rewritten_text_takes_the_other_sides_addition_in() -> None:
    base = "one two three four five six seven eight"
    theirs = "quite other words about five things"
    assert joined(base, f"{base} and mine", theirs) == f"{theirs} and mine"
    assert joined(base, theirs, f"{base} and theirs") == f"{theirs} and theirs"


@pytest.mark.parametrize(
    ("base", "mine", "before", "after", "moved"),
    [
        # The answer was lost, then more was typed: at the end, and in the middle of a word.
        ("a", "a w more", "a", "a w", "a w"),
        ("", "The pool was", "", "The poo ", "The poo "),
        # The lost save was merged into somebody else's text, which the page does not hold.
        ("a", "a w more", "a t", "a t w", "a w"),
        # What somebody else brought in is not this side's, although both hold the word.
        ("a", "a same", "a same", "a same w", "a"),
        # A word that was taken back since is not in the text that the page builds on.
        ("a", "a v", "a", "a w v", "a v"),
        ("a", "anew", "a", "a w", "a"),
    ],
)
def test_a_base_moves_on_to_what_its_own_side_stored(
    base: str, mine: str, before: str, after: str, moved: str
) -> None:
    sides = ({"summary": before}, {"summary": after})
    found = rebase.rebased({"summary": base}, {"summary": mine}, [sides])
    assert found["summary"] == moved


def test_a_row_that_one_side_stored_is_not_two_peoples() -> None:
    def rows(text: str) -> dict[str, Any]:
        return {"factors": [{"id": "p", "statement": text, "role": "enabled"}]}

    saves = [({"factors": []}, rows("x"))]
    base = rebase.rebased({"factors": []}, rows("x y"), saves)
    assert base == rows("x")
    merged = merging.merge(base, rows("x y"), rows("x"), fields=("factors",))
    assert merged.clashes == ()
    assert merged.values == rows("x y")


def test_a_single_answer_that_one_side_stored_moves_on_too() -> None:
    """Somebody saw it and chose another since: that choice stands."""
    base = rebase.rebased({"gap": "a"}, {"gap": "b"}, [({"gap": "a"}, {"gap": "b"})])
    merged = merging.merge(base, {"gap": "b"}, {"gap": "c"}, fields=("gap",))
    assert (merged.values, merged.clashes) == ({"gap": "c"}, ())
