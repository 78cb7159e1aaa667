"""Parts of a result that are worked out when somebody asks for them."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from mining.causes import CauseResult
from mining.learned import LearnedScorer
from mining.naming import Words
from mining.prepare import Prepared
from mining.readings import Scorer
from mining.recurrence import Recurrence
from mining.similar import Similar, described


class Causes(Mapping[str, CauseResult]):
    """Causes with their sentences by record id; each record is read when first asked for."""

    def __init__(self, items: Sequence[Prepared], scorer: Scorer) -> None:
        self._items = {item.id: item for item in items}
        self._scorer = scorer
        self._known: dict[str, CauseResult] = {}

    def __getitem__(self, identifier: str) -> CauseResult:
        if identifier not in self._known:
            self._known[identifier] = self._read(self._items[identifier])
        return self._known[identifier]

    def _read(self, item: Prepared) -> CauseResult:
        if isinstance(self._scorer, LearnedScorer):
            return self._scorer.score_item(item)
        return self._scorer.score_sentences(item.record, item.sentences)

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)


class Neighbours(Mapping[str, tuple[Similar, ...]]):
    """The nearest records by record id, with the words that they share."""

    def __init__(self, parts: Sequence[Recurrence], words: Words) -> None:
        self._words = words
        self._at = {
            part.space.items[place].id: (part, place)
            for part in parts
            if part.compared
            for place in range(len(part.space))
        }

    def __getitem__(self, identifier: str) -> tuple[Similar, ...]:
        part, place = self._at[identifier]
        items = part.space.items
        return tuple(
            described(items[place], items[other], score, self._words)
            for other, score in part.neighbours(place)
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self._at)

    def __len__(self) -> int:
        return len(self._at)


class Places(Mapping[str, tuple[float, float]]):
    """Coordinates on the map by record id; drawn when first looked at."""

    def __init__(self, parts: Sequence[Recurrence]) -> None:
        self._parts = parts

    @cached_property
    def _places(self) -> dict[str, tuple[float, float]]:
        from mining.layout import places_of

        return places_of(self._parts)

    def __getitem__(self, identifier: str) -> tuple[float, float]:
        return self._places[identifier]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)
