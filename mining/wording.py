"""What is read of groups and of single records: here, or in further processes for large corpora.

A further process is handed the records alone, without the rest of the corpus, and gives back what
was read of them; the result is the same wherever it was read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from mining import prepare as p
from mining.naming import best_quote, cue_stems, pattern_causes
from mining.phrases import phrase_of
from mining.prepare import Prepared, prepare_some, with_parts
from mining.readings import Reading, Readings, Scorer, read_of
from mining.records import IncidentRecord
from mining.tasks import PARALLEL_FROM, Begun, begin, slices, workers
from mining.taxonomy import Taxonomy
from mining.vocabulary import ChunkWords, chunk_words

GROUPS_AT_ONCE = 5
Shared = Sequence[tuple[str, float]]
"""Stems that set a group apart, with their weights."""


@dataclass(frozen=True, slots=True)
class Wording:
    """Readings and quotes of the members that were read, the group's causes, and its phrase."""

    readings: tuple[Reading, ...]
    quotes: tuple[str, ...]
    causes: tuple[str, ...]
    phrase: str


@dataclass(frozen=True, slots=True)
class Draft:
    """The members of a group that are read, most central first, and what sets it apart."""

    members: tuple[Prepared, ...]
    shared: Shared


def _at_once(readings: Readings, jobs: int | None) -> int | None:
    if len(readings) <= p.KEPT_UP_TO:
        return 1
    return workers(jobs, large=len(readings) >= PARALLEL_FROM)


def begin_reading(readings: Readings, jobs: int | None = None) -> None:
    """Let helpers read what will be asked for; without helpers each record is read when it is."""
    at_once = _at_once(readings, jobs)
    if at_once != 1:
        readings.begin(at_once)


def begin_wording(
    drafts: Sequence[Draft], readings: Readings, taxonomy: Taxonomy, jobs: int | None = None
) -> Begun:
    """Begin with one :class:`Wording` per draft; the results come in their order.

    Where helpers take part, every record that ``readings`` was asked for has been read before.
    """
    at_once = _at_once(readings, jobs)
    if at_once == 1:
        chunks = chunk_words()
        return begin(_here, ((draft, readings, taxonomy, chunks) for draft in drafts), 1)
    readings.finish(at_once)
    groups = [_group(draft, readings) for draft in drafts]
    rows = ((readings.scorer, some) for some in slices(groups, GROUPS_AT_ONCE))
    return _Chained(begin(word, rows, at_once))


@dataclass(frozen=True, slots=True)
class _Chained:
    """The results of blocks, one after the other."""

    blocks: Begun

    def results(self) -> list[Wording]:
        return list(chain.from_iterable(self.blocks.results()))


def _here(draft: Draft, readings: Readings, taxonomy: Taxonomy, chunks: ChunkWords) -> Wording:
    members = [with_parts(item, chunks) for item in draft.members]
    return _worded(members, [readings.of(item) for item in members], draft.shared, taxonomy)


def _worded(
    members: Sequence[Prepared], read: Sequence[Reading], shared: Shared, taxonomy: Taxonomy
) -> Wording:
    causes = pattern_causes(read)
    told = taxonomy.name_of(causes[0]) if causes else ""
    phrase = phrase_of(members, shared, told, cue_stems(taxonomy, causes))
    weights = dict(shared)
    quotes = tuple(best_quote(item, weights) for item in members)
    return Wording(tuple(read), quotes, causes, phrase)


_Group = tuple[Sequence[IncidentRecord], Sequence[Reading | None], Shared]
"""What a helper is handed of a group: records, what is known of each, and the shared stems."""


def _group(draft: Draft, readings: Readings) -> _Group:
    records = [item.record for item in draft.members]
    return records, [readings.known(record.id) for record in records], draft.shared


def word(scorer: Scorer, groups: Sequence[_Group]) -> list[Wording]:
    """The wordings of some groups, by their records alone."""
    chunks, found = chunk_words(), []
    for records, known, shared in groups:
        members = prepare_some(records, chunks)
        read = [
            told or read_of(scorer, item, asked=False)
            for item, told in zip(members, known, strict=True)
        ]
        found.append(_worded(members, read, shared, scorer.taxonomy))
    return found
