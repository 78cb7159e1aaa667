"""What is read of groups and of single records: here, or in further processes for large corpora.

A further process is handed the records alone, without the rest of the corpus, and gives back what
was read of them; the result is the same wherever it was read.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from mining import prepare as p
from mining.naming import best_quote, cue_stems, pattern_causes
from mining.phrases import phrase_of
from mining.prepare import Prepared, prepare_some, with_parts
from mining.readings import Reading, Readings, Scorer, read_of
from mining.records import IncidentRecord
from mining.tasks import PARALLEL_FROM, spread, workers, workers_of
from mining.taxonomy import Taxonomy
from mining.vocabulary import ChunkWords

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


def worded_all(
    drafts: Sequence[Draft], readings: Readings, taxonomy: Taxonomy, jobs: int | None = None
) -> list[Wording]:
    """One wording per draft, in order.

    Readings of the members and of every record that ``readings`` was asked for are known after it.
    """
    large = len(readings) > p.KEPT_UP_TO
    at_once = workers(jobs, large=len(readings) >= PARALLEL_FROM) if large else 1
    if at_once == 1:
        chunks = ChunkWords()
        return [_here(draft, readings, taxonomy, chunks) for draft in drafts]
    return _elsewhere(drafts, readings, taxonomy, at_once)


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


def _elsewhere(
    drafts: Sequence[Draft], readings: Readings, taxonomy: Taxonomy, jobs: int | None
) -> list[Wording]:
    inside = {item.id for draft in drafts for item in draft.members}
    singles = [item.record for item in readings.left(inside)]
    groups = [([item.record for item in draft.members], draft.shared) for draft in drafts]
    # One block each: what a block learns of words serves all of it.
    blocks = workers_of(jobs)
    tasks = (
        (readings.scorer, readings.asked, taxonomy, groups[place::blocks], singles[place::blocks])
        for place in range(blocks)
    )
    found: list[Wording | None] = [None] * len(drafts)
    for place, (worded, read) in enumerate(spread(read_block, tasks, jobs)):
        found[place::blocks] = worded
        readings.keep(zip((record.id for record in singles[place::blocks]), read, strict=True))
    wordings = [wording for wording in found if wording is not None]
    for draft, wording in zip(drafts, wordings, strict=True):
        readings.keep(zip((item.id for item in draft.members), wording.readings, strict=True))
    return wordings


def read_block(
    scorer: Scorer,
    asked: Collection[str],
    taxonomy: Taxonomy,
    groups: Sequence[tuple[Sequence[IncidentRecord], Shared]],
    singles: Sequence[IncidentRecord],
) -> tuple[list[Wording], list[Reading]]:
    """The wordings of some groups and the readings of some records, by themselves."""
    chunks, asked = ChunkWords(), frozenset(asked)
    wordings = []
    for records, shared in groups:
        members = prepare_some(records, chunks)
        read = [read_of(scorer, item, asked=item.id in asked) for item in members]
        wordings.append(_worded(members, read, shared, taxonomy))
    return wordings, [read_of(scorer, record, asked=record.id in asked) for record in singles]
