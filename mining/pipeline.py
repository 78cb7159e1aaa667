"""``mine(records, options, seed)``: causes, recurring groups and what stands behind them.

Deterministic for its seed and free of input order: the same records give the same result, byte for
byte, in any process.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from mining.causes import CauseResult
from mining.foreign import scorer_for
from mining.naming import (
    Words,
    best_quote,
    count_words,
    name_of,
    pattern_causes,
    reasons,
    shared_words,
)
from mining.patterns import Member, Near, Pattern, counts, identity_of
from mining.prepare import Prepared, prepare_all
from mining.records import IncidentRecord, to_mapping
from mining.recurrence import (
    FEW_RECORDS,
    Constraints,
    Group,
    LinkSettings,
    Recurrence,
    find_recurrence,
    organisations,
)
from mining.similar import Similar, ranked
from mining.taxonomy import Taxonomy, load

VERSION = "1"
NEIGHBOURS = 5
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class MiningOptions:
    """What a run is asked to do. ``with_restricted`` is for runs whose readers may see all."""

    scope: str = "organisation"
    link: LinkSettings = field(default_factory=LinkSettings)
    constraints: Constraints = field(default_factory=Constraints)
    taxonomy: Taxonomy | None = None
    with_restricted: bool = False

    def document(self) -> dict[str, Any]:
        """The options as JSON, for the record of a run."""
        taxonomy = self.taxonomy or load()
        return {
            "scope": self.scope,
            "link": asdict(self.link),
            "taxonomy": taxonomy.version,
            "constraints": {
                "together": sorted(sorted(ids) for ids in self.constraints.together),
                "apart": sorted([i, sorted(ids)] for i, ids in self.constraints.apart),
            },
        }


@dataclass(frozen=True)
class MiningResult:
    """Everything that one run says, with what it left out and how sure it is."""

    patterns: tuple[Pattern, ...]
    unassigned: tuple[str, ...]
    causes: Mapping[str, CauseResult]
    duplicates: Mapping[str, str]
    nearest: tuple[tuple[str, str, float], ...]
    similar: Mapping[str, tuple[Similar, ...]]
    hidden: int
    notes: tuple[str, ...]
    records: int
    unconfirmed: int
    restricted_left_out: int
    options: Mapping[str, Any]
    seed: int
    digest: str
    versions: Mapping[str, str]


def digest_of(records: Sequence[IncidentRecord]) -> str:
    """A hash of the records, whatever their order."""
    hasher = hashlib.sha256()
    for record in sorted(records, key=lambda record: record.id):
        hasher.update(json.dumps(to_mapping(record), sort_keys=True).encode())
        hasher.update(b"\n")
    return "sha256:" + hasher.hexdigest()


def versions() -> dict[str, str]:
    """Versions that a result depends on."""
    import numpy
    import scipy
    import sklearn

    return {
        "mining": VERSION,
        "numpy": numpy.__version__,
        "scipy": scipy.__version__,
        "sklearn": sklearn.__version__,
    }


def _silent(step: str, done: int, total: int) -> None:
    """Progress that nobody asked for."""


def mine(
    records: Sequence[IncidentRecord],
    options: MiningOptions | None = None,
    seed: int = 0,
    progress: Progress = _silent,
) -> MiningResult:
    """Mine the records. Restricted ones are left out and counted unless the options say otherwise."""
    options = options or MiningOptions()
    taken = [r for r in records if options.with_restricted or not r.restricted]
    progress("Reading", 0, len(taken))
    items = prepare_all(taken)
    scorer = scorer_for(options.taxonomy)
    causes = {}
    for done, item in enumerate(items):
        causes[item.id] = scorer.score(item.record)
        if done % 50 == 0:
            progress("Scoring causes", done, len(items))
    words = count_words(items)
    builder = _Builder(causes, scorer.taxonomy, words)
    parts = []
    groups = organisations(items)
    for done, (_, members) in enumerate(groups.items()):
        progress("Linking recurrences", done, len(groups))
        parts.append(find_recurrence(members, options.link, options.constraints, seed))
    progress("Done", len(items), len(items))
    return _result(records, taken, items, parts, builder, options, seed)


def _result(
    records: Sequence[IncidentRecord],
    taken: Sequence[IncidentRecord],
    items: Sequence[Prepared],
    parts: Sequence[Recurrence],
    builder: "_Builder",
    options: MiningOptions,
    seed: int,
) -> MiningResult:
    patterns = [p for part in parts for p in builder.patterns(part)]
    patterns.sort(key=lambda p: (-p.size, -p.severity_weight, p.id))
    grouped = {i for pattern in patterns for i in pattern.ids}
    duplicates = {late: kept for part in parts for late, kept in part.duplicates.items()}
    return MiningResult(
        patterns=tuple(patterns),
        unassigned=tuple(item.id for item in items if item.id not in grouped),
        causes=builder.causes,
        duplicates=duplicates,
        nearest=tuple(pair for part in parts for pair in _named_pairs(part)),
        similar={i: found for part in parts for i, found in _neighbours(part, builder.words)},
        hidden=sum(part.hidden for part in parts),
        notes=_notes(parts, len(taken)),
        records=len(taken),
        unconfirmed=sum(record.unconfirmed for record in taken),
        restricted_left_out=len(records) - len(taken),
        options=options.document(),
        seed=seed,
        digest=digest_of(taken),
        versions=versions(),
    )


def _neighbours(part: Recurrence, words: Words) -> Iterator[tuple[str, tuple[Similar, ...]]]:
    if part.similarity is None:
        return
    items = part.space.items
    for at, item in enumerate(items):
        scores = part.similarity[at].copy()
        scores[at] = -np.inf
        yield item.id, ranked(item, items, scores, words, NEIGHBOURS)


def _named_pairs(part: Recurrence) -> list[tuple[str, str, float]]:
    items = part.space.items
    return [(items[a].id, items[b].id, round(score, 3)) for a, b, score in part.nearest]


def _notes(parts: Sequence[Recurrence], count: int) -> tuple[str, ...]:
    found = []
    if count == 0:
        found.append("There are no records yet.")
    few = sum(len(part.space) < FEW_RECORDS for part in parts)
    if few and len(parts) == 1:
        found.append(
            f"Fewer than {FEW_RECORDS} incidents: read the nearest pairs as leads, not as patterns."
        )
    elif few:
        found.append(
            f"{few} of {len(parts)} organisations have fewer than {FEW_RECORDS} incidents."
        )
    return tuple(found)


@dataclass(frozen=True)
class _Builder:
    """Turns groups of positions into pattern values."""

    causes: Mapping[str, CauseResult]
    taxonomy: Taxonomy
    words: Words

    def patterns(self, part: Recurrence) -> list[Pattern]:
        late: dict[str, list[str]] = {}
        for duplicate, kept in part.duplicates.items():
            late.setdefault(kept, []).append(duplicate)
        return [self.pattern(part, group, late) for group in part.groups]

    def pattern(self, part: Recurrence, group: Group, late: Mapping[str, Sequence[str]]) -> Pattern:
        items = part.space.items
        members = [items[m] for m in group.members]
        results = [self.causes[item.id] for item in members]
        shared = shared_words(members, self.words)
        phrases = tuple((self.words.written.get(n, n), w) for n, w in shared)
        causes = pattern_causes(results)
        ids = [item.id for item in members]
        named = name_of(causes, [phrase for phrase, _ in phrases], self.taxonomy)
        return Pattern(
            id=identity_of(ids),
            name=named,
            kind="recurrence",
            organisation=members[0].record.organisation,
            causes=causes,
            members=self._members(part, group, dict(shared), late),
            size=len(members),
            strength=_strength(group),
            stability=group.stability,
            cohesion=round(group.cohesion, 3),
            phrases=phrases,
            why=reasons(members, phrases, causes, results, self.taxonomy),
            exemplars=tuple(ids[:3]),
            least_typical=ids[-1] if len(ids) > 2 else "",
            see_also=tuple(items[m].id for m in group.see_also),
            near=tuple(_near(items[m].id, score, group) for m, score in group.near),
            method="average linkage over text and fields",
            **counts([item.record for item in members]),
        )

    def _members(
        self, part: Recurrence, group: Group, shared: Mapping[str, float],
        late: Mapping[str, Sequence[str]],
    ) -> tuple[Member, ...]:  # fmt: skip
        found = []
        top = max(group.centrality) or 1.0
        for position, mean in zip(group.members, group.centrality, strict=True):
            item = part.space.items[position]
            central = round(min(1.0, max(0.0, mean / top)), 3)
            forced = position in group.by_human
            member = Member(item.id, best_quote(item, shared), central, added_by_human=forced)
            found.append(member)
            found += [replace(member, id=i, duplicate_of=item.id) for i in late.get(item.id, ())]
        return tuple(found)


def _near(identifier: str, score: float, group: Group) -> Near:
    return Near(identifier, round(score, 3), round(max(0.0, LinkSettings().cut - score), 3))


def _strength(group: Group) -> str:
    if len(group.members) < 3:
        return "pair"
    return "firm" if (group.stability or 0) >= 0.8 and len(group.members) >= 4 else "recurring"
