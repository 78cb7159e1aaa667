"""What mining reads out of a record's sentences: the causes it tells of, and what ended it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from mining.causes import CauseScorer
from mining.cues import words_of
from mining.foreign import ForeignScorer
from mining.learned import LearnedScorer
from mining.mitigation import mitigations_in
from mining.prepare import Prepared, prepare
from mining.records import IncidentRecord
from mining.tasks import Begun, begin, slices
from mining.text import sentences

READ_AT_ONCE = 250
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
        self.scorer, self.asked = scorer, asked
        self._items = {item.id: item for item in items}
        self._of_asked = frozenset(asked)
        self._known: dict[str, Reading] = {}
        self._begun: Begun | None = None

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, identifier: str) -> Reading:
        return self.of(self._items[identifier])

    def of(self, item: Prepared) -> Reading:
        """The reading of one of the records, whose sentences may be at hand."""
        found = self._known.get(item.id)
        if found is None:
            asked = item.id in self._of_asked
            found = self._known[item.id] = read_of(self.scorer, item, asked=asked)
        return found

    def known(self, identifier: str) -> Reading | None:
        """The reading of a record, if it has been read."""
        return self._known.get(identifier)

    def begin(self, jobs: int | None) -> Begun:
        """Let helpers begin with the records asked for, while other work goes on here."""
        records = [self._items[identifier].record for identifier in self.asked]
        rows = ((self.scorer, some) for some in slices(records, READ_AT_ONCE))
        self._begun = begin(read_all, rows, jobs)
        return self._begun

    def finish(self, jobs: int | None) -> None:
        """See that every record asked for has been read."""
        begun = self._begun or self.begin(jobs)
        found = chain.from_iterable(begun.results())
        self._known.update(zip(self.asked, found, strict=True))


def read_of(scorer: Scorer, item: Prepared | IncidentRecord, *, asked: bool) -> Reading:
    """The reading of one record, its mitigations included where they are ``asked`` for."""
    record = item.record if isinstance(item, Prepared) else item
    parts = item.sentences if isinstance(item, Prepared) else sentences(item.text)
    words = [words_of(part.text) for part in parts]
    if isinstance(scorer, LearnedScorer):
        item = item if isinstance(item, Prepared) else prepare(item)
        told = scorer.told(item, parts, words)
    else:
        told = scorer.told(record, parts, words)
    ended = mitigations_in(parts, words) if asked else frozenset[str]()
    return Reading(told.causes, told.primary, ended)


def read_all(scorer: Scorer, records: Sequence[IncidentRecord]) -> list[Reading]:
    """The readings of records that are asked for, in order."""
    return [read_of(scorer, record, asked=True) for record in records]
