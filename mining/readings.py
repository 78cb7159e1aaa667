"""What mining reads out of a record's sentences: the causes it tells of, and what ended it."""

from collections.abc import Sequence
from dataclasses import dataclass

from mining.causes import CauseScorer, Told
from mining.cues import words_of
from mining.foreign import ForeignScorer
from mining.learned import LearnedScorer
from mining.mitigation import mitigations_in
from mining.prepare import Prepared
from mining.text import Sentence

Scorer = CauseScorer | ForeignScorer | LearnedScorer


@dataclass(frozen=True, slots=True)
class Reading:
    """Ids of the causes, the strongest first, and of the mitigations, where they were asked for."""

    causes: tuple[str, ...]
    primary: str | None
    mitigations: frozenset[str] = frozenset()


class Readings:
    """Readings by record; each record is split into sentences and read once.

    Mitigations are read in the ``asked`` records alone.
    """

    def __init__(
        self, items: Sequence[Prepared], scorer: Scorer, asked: Sequence[str] = ()
    ) -> None:
        self._items = {item.id: item for item in items}
        self._scorer = scorer
        self.asked = asked
        self._of_asked = frozenset(asked)
        self._known: dict[str, Reading] = {}

    def __getitem__(self, identifier: str) -> Reading:
        return self.of(self._items[identifier])

    def of(self, item: Prepared) -> Reading:
        """The reading of one of the records, whose sentences may be at hand."""
        found = self._known.get(item.id)
        if found is None:
            found = self._known[item.id] = self._read(item, item.sentences)
        return found

    def _read(self, item: Prepared, parts: Sequence[Sentence]) -> Reading:
        words = [words_of(part.text) for part in parts]
        told = _told(self._scorer, item, parts, words)
        asked = item.id in self._of_asked
        ended = mitigations_in(parts, words) if asked else frozenset[str]()
        return Reading(told.causes, told.primary, ended)


def _told(
    scorer: Scorer, item: Prepared, parts: Sequence[Sentence], words: Sequence[list[str]]
) -> Told:
    if isinstance(scorer, LearnedScorer):
        return scorer.told(item, parts, words)
    return scorer.told(item.record, parts, words)
