"""A learned reader works only where it is truly better, and everybody is told."""

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from mining.__main__ import main
from mining.causes import own_scorer
from mining.learned import LearnedScorer
from mining.pipeline import mine
from mining.prepare import prepare_all
from mining.reader import LEAST_LABELS, Takeover, words_of
from mining.records import IncidentRecord, from_mapping, to_mapping
from mining.takeover import consider, folds_of

# Words of a team's own, which no taxonomy can know.
_JARGON = {
    "config_change": "skimmer dial ledgerfish notch",
    "capacity_overload_exhaustion": "hopper brimming sluice backwash",
    "expiry_credential_lifecycle": "seal lapsed wicket badge",
    "hardware_power": "crate hummed cradle plinth",
}
_AROUND = (
    "harbour", "ferry", "lantern", "orchard", "bakery", "violin", "saddle", "meadow", "pebble",
    "copper", "willow", "candle", "anchor", "thimble", "barrel", "feather", "kettle", "ribbon",
)  # fmt: skip


def corpus(count: int, *, seed: int = 1, by_lot: bool = False) -> list[IncidentRecord]:
    """Records in a private vocabulary with a confirmed cause each; by lot: with any cause."""
    rng = random.Random(seed)
    found = []
    for number in range(count):
        cause = sorted(_JARGON)[number % len(_JARGON)]
        words = [*rng.sample(_JARGON[cause].split(), 3), *rng.sample(_AROUND, 8)]
        rng.shuffle(words)
        half = len(words) // 2
        text = f"The {' '.join(words[:half])} came. Then the {' '.join(words[half:])} went."
        label = rng.choice(sorted(_JARGON)) if by_lot else cause
        found.append(from_mapping({"id": f"r{number:03d}", "text": text, "causes": [label]}))
    return found


def considered(
    records: Sequence[IncidentRecord], same: dict[str, str] | None = None
) -> tuple[object, Takeover]:
    return consider(prepare_all(records), own_scorer(), same)


def test_it_takes_over_when_it_is_truly_better() -> None:
    scorer, found = considered(corpus(120))
    assert isinstance(scorer, LearnedScorer)
    assert found.state == "learned"
    assert (found.labels, found.classes) == (120, 4)
    assert found.learned is not None
    assert found.learned >= 0.9
    assert found.low is not None
    assert found.low > 0
    unseen = [replace(record, causes=()) for record in corpus(20, seed=2)]
    told = scorer.score_all(unseen)
    right = sum(a.primary == b.causes[0] for a, b in zip(told, corpus(20, seed=2), strict=True))
    assert right >= 18
    assert {one.causes[0].source for one in told} == {"learned"}
    assert all(one.causes[0].evidence for one in told)


@pytest.mark.parametrize("seed", range(8))
def test_it_never_takes_over_on_labels_by_lot(seed: int) -> None:
    scorer, found = considered(corpus(120, seed=seed, by_lot=True))
    assert (found.state, scorer) == ("kept", own_scorer())


def test_it_does_not_take_over_below_a_hundred() -> None:
    scorer, found = considered(corpus(LEAST_LABELS - 1))
    assert (found.state, found.labels, scorer) == ("too_few", LEAST_LABELS - 1, own_scorer())


def test_reports_of_one_incident_count_once() -> None:
    records = corpus(LEAST_LABELS)
    _, found = considered(records, {records[1].id: records[0].id})
    assert (found.state, found.labels) == ("too_few", LEAST_LABELS - 1)


def test_a_tie_leaves_the_scorer_at_work() -> None:
    """Texts in the taxonomy's own words: the scorer is right, so nothing can be gained."""
    told = {
        "config_change": "A wrong configuration value was pushed to {x}.",
        "capacity_overload_exhaustion": "Too much traffic overloaded {x} and memory ran out.",
        "expiry_credential_lifecycle": "The certificate of {x} expired.",
        "hardware_power": "A power supply of {x} failed and the rack lost power.",
    }
    rows = [
        {"id": f"{at:03d}", "text": told[cause].format(x=_AROUND[at % 18]), "causes": [cause]}
        for at in range(120)
        for cause in [sorted(told)[at % 4]]
    ]
    _, found = considered([from_mapping(row) for row in rows])
    assert found.state == "kept"
    assert found.scorer == 1.0


def test_the_authors_choice_always_wins() -> None:
    scorer, _ = considered(corpus(120))
    assert isinstance(scorer, LearnedScorer)
    record = replace(corpus(1)[0], causes=("security", "config_change"))
    told = scorer.score(record)
    assert told.primary == "security"
    assert [cause.source for cause in told.causes[:2]] == ["author", "author"]


def test_a_run_says_which_reader_worked_and_how_it_was_measured() -> None:
    records = [*corpus(120), replace(corpus(1, seed=9)[0], id="new", causes=())]
    result = mine(records)
    assert result.options["leading_cause"]["state"] == "learned"
    assert result.causes["new"].causes[0].source == "learned"
    told = words_of(result.options["leading_cause"])
    assert "A learned model names the leading cause" in told
    assert "On 120 confirmed causes" in told
    few = words_of(mine(corpus(20)).options["leading_cause"])
    assert "20 of 100 confirmed causes" in few


def test_the_outcome_is_free_of_order() -> None:
    records = corpus(120)
    assert considered(records)[1] == considered(records[::-1])[1]
    ids, labels = [r.id for r in records], [r.causes[0] for r in records]
    folds = dict(zip(ids, folds_of(ids, labels), strict=True))
    assert folds == dict(zip(ids[::-1], folds_of(ids[::-1], labels[::-1]), strict=True))


def test_the_command_says_it_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    records = [*corpus(120), replace(corpus(1, seed=9)[0], id="new", causes=())]
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("".join(json.dumps(to_mapping(record)) + "\n" for record in records))
    assert main(["causes", str(source), "--out", str(out)]) == 0
    assert "A learned model names the leading cause" in capsys.readouterr().err
    rows = {row["id"]: row for row in map(json.loads, out.read_text().splitlines())}
    assert rows["new"]["causes"][0]["source"] == "learned"
    assert rows["new"]["primary"] in _JARGON
    assert rows["r000"]["causes"][0]["source"] == "author"


def test_a_rare_class_stays_with_the_scorer() -> None:
    """Four certificates among 120 labels are too few to learn from; their words are plain."""
    rare = [
        from_mapping(
            {"id": f"z{at}", "text": "A leap second was inserted.", "causes": ["time_leap_clock"]}
        )
        for at in range(4)
    ]
    scorer, found = considered([*corpus(120), *rare])
    assert isinstance(scorer, LearnedScorer)
    assert found.classes == 5
    assert "time_leap_clock" not in scorer.model.classes_
    told = scorer.score(replace(rare[0], causes=()))
    assert (told.primary, told.causes[0].source) == ("time_leap_clock", "text")
