"""``mine(records, options, seed)``: causes, recurring groups and what stands behind them.

Deterministic for its seed and free of input order: the same records give the same result, byte for
byte, in any process.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from mining.causes import CauseResult, CauseScorer
from mining.findings import Findings, find
from mining.foreign import ForeignScorer, scorer_for
from mining.layout import places_of
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
from mining.similar import Similar, described
from mining.taxonomy import Taxonomy, load
from mining.themes import Themes, find_themes

VERSION = "1"
SCORED_AHEAD = 3_000
DESCRIBED_UP_TO = 20_000
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class MiningOptions:
    """What a run is asked to do. ``with_restricted`` is for runs whose readers may see all."""

    scope: str = "organisation"
    link: LinkSettings = field(default_factory=LinkSettings)
    constraints: Constraints = field(default_factory=Constraints)
    taxonomy: Taxonomy | None = None
    with_restricted: bool = False
    jobs: int | None = None

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
    findings: Findings
    themes: Themes | None
    places: Mapping[str, tuple[float, float]]
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
    """Mine the records. Restricted ones are left out and counted, unless asked for."""
    options = options or MiningOptions()
    taken = [r for r in records if options.with_restricted or not r.restricted]
    progress("Reading", 0, len(taken))
    items = prepare_all(taken, options.jobs)
    scorer = scorer_for(options.taxonomy)
    causes = _Causes(items, scorer, progress)
    builder = _Builder(causes, scorer, count_words(items[:: 1 + len(items) // 20_000]))
    parts = []
    groups = organisations(items)
    for done, (_, members) in enumerate(groups.items()):
        progress("Linking recurrences", done, len(groups))
        parts.append(
            find_recurrence(members, options.link, options.constraints, seed, options.jobs)
        )
    progress("Done", len(items), len(items))
    return _result(records, taken, items, parts, builder, options, seed)


class _Causes(Mapping[str, CauseResult]):
    """Causes by record id: worked out ahead in a small corpus, when asked for in a large one."""

    def __init__(
        self, items: Sequence[Prepared], scorer: CauseScorer | ForeignScorer, progress: Progress
    ) -> None:
        self._items = {item.id: item for item in items}
        self._scorer = scorer
        self._known: dict[str, CauseResult] = {}
        for done, item in enumerate(items if len(items) <= SCORED_AHEAD else ()):
            self[item.id]
            if done % 50 == 0:
                progress("Scoring causes", done, len(items))

    def __getitem__(self, identifier: str) -> CauseResult:
        if identifier not in self._known:
            item = self._items[identifier]
            self._known[identifier] = self._scorer.score_sentences(item.record, item.sentences)
        return self._known[identifier]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)


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
        findings=_findings(taken, builder, patterns),
        themes=find_themes(items, builder.scorer, seed) if options.scope == "mixed" else None,
        places=places_of(parts),
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


def _findings(
    taken: Sequence[IncidentRecord], builder: "_Builder", patterns: Sequence[Pattern]
) -> Findings:
    """Comparisons are for corpora whose causes were worked out; a huge one gets none."""
    if len(taken) > SCORED_AHEAD:
        return Findings((), 0)
    return find(taken, builder.causes, patterns)


def _neighbours(part: Recurrence, words: Words) -> Iterator[tuple[str, tuple[Similar, ...]]]:
    items = part.space.items
    if (
        len(items) > DESCRIBED_UP_TO
    ):  # words for each of 500,000 pairs are worked out when asked for
        return
    for item, found in zip(items, part.neighbours, strict=False):
        yield item.id, tuple(described(item, items[at], score, words) for at, score in found)


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
    scorer: CauseScorer | ForeignScorer
    words: Words

    @property
    def taxonomy(self) -> Taxonomy:
        """The taxonomy that the scorer knows."""
        return self.scorer.taxonomy

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
