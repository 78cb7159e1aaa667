"""What a caller of the engine can rely on: places, masks, suppression, linear work."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rca.blameless import Allowed, AllowListError, Options, Reviewer, read_allow_list, sentence_key
from rca.blameless.pattern import Matcher

BLAME = "The operator failed to check the queue."


@pytest.fixture(scope="module")
def reviewer() -> Reviewer:
    return Reviewer()


def rules(reviewer: Reviewer, text: str) -> list[str]:
    return [finding.rule for finding in reviewer.review(text).findings]


def test_it_works(reviewer: Reviewer) -> None:
    found = reviewer.review(BLAME).findings[0]
    assert (found.category, found.level) == ("counterfactual", "consider")
    assert found.excerpt == "The operator failed to"
    assert found.question.endswith("?")


def test_places_count_code_points_lines_and_columns(reviewer: Reviewer) -> None:
    text = "Fine 🎉 İstanbul.\n\n𝒜 line.  Then the engineer ignored the page.\n"
    found = reviewer.review(text).findings[0]
    assert text[found.start : found.end] == found.excerpt == "the engineer ignored"
    assert (found.line, found.column) == (3, text.split("\n")[2].index("the engineer") + 1)
    assert text[found.sentence_start : found.sentence_end] == "Then the engineer ignored the page."


def test_the_subject_decides(reviewer: Reviewer) -> None:
    assert rules(reviewer, "The engineer failed to follow the plan.") == ["failed-to"]
    assert rules(reviewer, "The AI failed to follow the plan.") == ["ai-diligence"]
    assert rules(reviewer, "The disk failed to follow the plan.") == []
    assert rules(reviewer, "Cloudflare failed to follow the plan.") == []


def test_a_named_person_is_firmer_than_a_team(reviewer: Reviewer) -> None:
    levels = [
        reviewer.review(f"{who} overlooked the setting.").findings[0].level
        for who in ("We", "The analyst", "Ana")
    ]
    assert levels == ["suggestion", "consider", "strong"]


def test_the_roster_tells_a_person_from_a_product() -> None:
    text = "Jenkins forgot to tag the build."
    assert rules(Reviewer(), text) == []
    assert rules(Reviewer(Options(roster=frozenset({"Paul Jenkins"}))), text) == ["forgot"]


@pytest.mark.parametrize(
    "text",
    [
        f"She wrote “{BLAME}” in the ticket.",
        f'The draft said "{BLAME}" twice.',
        f"The rule matches `{BLAME}` only.",
        f"```\n{BLAME}\n```",
        f"~~~text\n{BLAME}\n~~~",
        f"> {BLAME}",
        f"<!-- {BLAME} -->",
        f"2026-05-01 10:00:00 ERROR {BLAME}",
        f"---\nsummary: {BLAME}\n---\n",
        "See https://example.org/the-operator-failed-to-check for more.",
        "The metric operator_failed_to_check rose.",
    ],
)
def test_what_is_shown_is_not_said(reviewer: Reviewer, text: str) -> None:
    assert rules(reviewer, text) == []


def test_scare_quotes_round_one_word_do_not_exempt(reviewer: Reviewer) -> None:
    assert rules(reviewer, "The engineer “forgot” the second region.") == ["forgot"]


def test_other_languages_get_silence(reviewer: Reviewer) -> None:
    text = "Der Engineer failed to prüfen, weil er die Warnung nicht gesehen und das Log ist weg."
    assert rules(reviewer, text) == []


def test_one_hint_for_each_sentence_in_reading_order(reviewer: Reviewer) -> None:
    text = f"{BLAME} It was Ana's fault and she should have known better. The AI lied."
    found = reviewer.review(text).findings
    assert len(found) == 3
    assert [f.start for f in found] == sorted(f.start for f in found)
    assert reviewer.review(text).counts == {
        "counterfactual": 2, "ai-scapegoat": 1,
    } or len(reviewer.review(text).counts) == 3  # fmt: skip


def test_a_comment_leaves_its_paragraph_alone(reviewer: Reviewer) -> None:
    text = f"<!-- blameless-ignore failed-to: agreed -->\n{BLAME}\n\n{BLAME}"
    result = reviewer.review(text)
    assert len(result.findings) == 1
    assert result.findings[0].line == 4
    assert result.suppressed == {"failed-to": 1}


def test_a_comment_alone_leaves_the_next_paragraph_alone(reviewer: Reviewer) -> None:
    text = f"<!-- blameless-ignore failed-to: agreed -->\n\n{BLAME}\n\n{BLAME}"
    assert [f.line for f in reviewer.review(text).findings] == [5]


def test_a_comment_for_another_rule_changes_nothing(reviewer: Reviewer) -> None:
    assert rules(reviewer, f"<!-- blameless-ignore forgot: x -->\n{BLAME}") == ["failed-to"]


def test_mute_covers_the_whole_text(reviewer: Reviewer) -> None:
    assert rules(reviewer, f"{BLAME}\n\n<!-- blameless-mute failed-to: x -->\n\n{BLAME}") == []


def test_a_dismissed_sentence_stays_quiet_wherever_it_moves_until_its_words_change() -> None:
    key = sentence_key("failed-to", BLAME)
    reviewer = Reviewer(Options(dismissed=frozenset({key})))
    assert rules(reviewer, "Intro.\n\nTHE  operator failed to\ncheck the queue.") == []
    assert rules(reviewer, "The operator failed to check the disk.") == ["failed-to"]


def test_the_allow_list_covers_a_phrase() -> None:
    allowed = read_allow_list("- rule: failed-to\n  phrase: operator failed to\n  reason: ours\n")
    assert allowed == (Allowed("failed-to", "operator failed to", "ours"),)
    assert rules(Reviewer(Options(allowed=allowed)), BLAME) == []
    other = (Allowed("forgot", "operator failed to"),)
    assert rules(Reviewer(Options(allowed=other)), BLAME) == ["failed-to"]


@pytest.mark.parametrize("text", ["- rule: x\n", "just words: [", "allow: 3"])
def test_a_broken_allow_list_is_refused(text: str) -> None:
    with pytest.raises(AllowListError):
        read_allow_list(text)


def test_a_long_text_says_that_its_end_was_not_read(reviewer: Reviewer) -> None:
    result = reviewer.review(f"{'Fine. ' * 20}{BLAME}", cap=100)
    assert result.truncated
    assert result.findings == ()


def test_the_same_text_gives_the_same_answer(reviewer: Reviewer) -> None:
    assert reviewer.review(BLAME).to_json() == Reviewer().review(BLAME).to_json()


def test_it_loads_nothing_of_the_service() -> None:
    code = (
        "import sys; import rca.blameless; rca.blameless.Reviewer().review('x');"
        "bad = {'flask', 'sqlmodel', 'sqlalchemy', 'pydantic', 'numpy'} & set(sys.modules);"
        "assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


_PIECES = ["The ", "failed ", "if we had ", ".", "`", '"', "\n", " ", "_a", "should have ",
           "the engineer on ", "<!-- blameless-ignore x: y -->\n\n", "(", "- ", "a/", ", ",
           "ran the wrong ", "a@", "'a ", "> a\n", "<!--", "the operator, who failed, and "]  # fmt: skip


@pytest.mark.parametrize("piece", _PIECES)
def test_work_grows_with_the_length_and_no_faster(
    piece: str, reviewer: Reviewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted in steps of the matcher and not in seconds, so that a busy machine can't fail it."""
    steps = [0]
    take = Matcher._take

    def counted(self: Matcher, *given: object) -> int | None:
        steps[0] += 1
        return take(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(Matcher, "_take", counted)

    def work(size: int) -> int:
        steps[0] = 0
        reviewer.review((piece * (size // len(piece) + 1))[:size], cap=None)
        return steps[0]

    once, twice = work(8_000), work(16_000)
    assert twice <= 2.4 * once + 200
    # A word said a thousand times is looked at once for each place, not for each pair of places.
    assert twice <= 16_000


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from([*_PIECES, "We ", "AI ", "lied. ", "é", "𝒜", "\u2028"]), max_size=60)
)
def test_any_text_is_read_and_every_place_lies_in_it(pieces: list[str]) -> None:
    text = "".join(pieces)
    for found in Reviewer().review(text).findings:
        assert text[found.start : found.end] == found.excerpt
        assert found.sentence_start <= found.start < found.end <= found.sentence_end
        line = text.split("\n")[found.line - 1]
        assert line[found.column - 1 :].startswith(found.excerpt.split("\n")[0])
