"""How often the rules are right: on our own sentences, and on labelled public ones."""

from pathlib import Path

import pytest

from rca.blameless import Reviewer
from tests.blameless import corpus


@pytest.fixture(scope="module")
def reviewer() -> Reviewer:
    return Reviewer()


@pytest.mark.parametrize("name", corpus.OWN)
def test_our_own_sentences(name: str, reviewer: Reviewer) -> None:
    found = corpus.score(corpus.own_sentences(name), reviewer)
    assert found.precision >= 0.97, found.false
    assert found.recall >= 0.95, found.missed
    assert found.weakest(5)[1] >= 0.85


def test_our_own_sentences_are_many_and_of_every_category() -> None:
    every = [item for name in corpus.OWN for item in corpus.own_sentences(name)]
    assert len(every) > 550
    assert len({text for text, _ in every}) == len(every)
    assert sum(category is None for _, category in every) > 200
    assert len({category for _, category in every}) == 7


def test_labelled_public_sentences(data_dir: Path, reviewer: Reviewer) -> None:
    found = corpus.score(corpus.labelled(data_dir), reviewer)
    assert found.precision >= 0.95, found.false
    assert found.recall >= 0.85, found.missed
    name, recall = found.weakest()
    assert recall >= 0.6, name


def test_ordinary_published_sentences_stay_quiet(data_dir: Path, reviewer: Reviewer) -> None:
    sentences = corpus.ordinary(data_dir)
    alerts = [text for text in sentences if reviewer.review(text).findings]
    assert len(alerts) * 1000 / len(sentences) <= 5, alerts


def test_a_blind_reviewer_fails_these_thresholds() -> None:
    """The harness can fail: a reviewer that flags nothing, or everything, is far off."""

    class Flat:
        def __init__(self, findings: tuple[object, ...]) -> None:
            self.findings = findings

        def review(self, text: str) -> "Flat":
            return self

    sentences = corpus.own_sentences("sentences")
    nothing = corpus.score(sentences, Flat(()))  # type: ignore[arg-type]
    everything = corpus.score(sentences, Flat((1,)))  # type: ignore[arg-type]
    assert nothing.recall == 0
    assert everything.precision < 0.7
