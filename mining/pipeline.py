"""``mine(records, options, seed)``: causes, recurring groups and what stands behind them.

Deterministic for its seed and free of input order: the same records give the same result, byte for
byte, in any process.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from typing import Any

from mining.building import Builder
from mining.causes import CauseResult
from mining.collector import at_rest
from mining.findings import Findings, drawn, find
from mining.foreign import scorer_for
from mining.lazy import Causes, Neighbours, Places
from mining.naming import Words
from mining.patterns import Pattern
from mining.prepare import Prepared, prepare_all
from mining.reader import LEAST_LABELS, Takeover
from mining.readings import Readings
from mining.records import IncidentRecord, to_mapping
from mining.recurrence import (
    FEW_RECORDS,
    Constraints,
    LinkSettings,
    Recurrence,
    find_recurrence,
    organisations,
)
from mining.similar import Similar
from mining.takeover import consider, labelled
from mining.tasks import helping_run
from mining.taxonomy import Taxonomy, load
from mining.terms import Terms
from mining.themes import Themes, find_themes
from mining.wording import begin_reading

VERSION = "1"
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
    reader: Takeover
    seed: int
    digest: str
    versions: Mapping[str, str]


def digest_of(records: Sequence[IncidentRecord]) -> str:
    """A hash of the records, whatever their order."""
    hasher = hashlib.sha256()
    encoder = json.JSONEncoder(sort_keys=True)
    for record in sorted(records, key=lambda record: record.id):
        hasher.update(encoder.encode(to_mapping(record)).encode())
        hasher.update(b"\n")
    return "sha256:" + hasher.hexdigest()


def versions() -> dict[str, str]:
    """Versions that a result depends on."""
    import numpy
    import scipy

    found = {"numpy": numpy.__version__, "scipy": scipy.__version__}
    return {"mining": VERSION, **found, "sklearn": version("scikit-learn")}


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
    with helping_run(options.jobs, len(taken)), at_rest():
        return _mined(records, taken, options, seed, progress)


def _mined(
    records: Sequence[IncidentRecord],
    taken: Sequence[IncidentRecord],
    options: MiningOptions,
    seed: int,
    progress: Progress,
) -> MiningResult:
    progress("Reading", 0, len(taken))
    digest = digest_of(taken)  # while helpers start
    items = prepare_all(taken, options.jobs)
    base = scorer_for(options.taxonomy)
    readings = Readings(items, base, drawn(item.id for item in items))
    if len(labelled(items, base)) < LEAST_LABELS:  # no learned reader can take over
        begin_reading(readings, options.jobs)
    terms = Terms(items)
    parts = []
    groups = organisations(items)
    for done, (_, members) in enumerate(groups.items()):
        progress("Linking recurrences", done, len(groups))
        parts.append(
            find_recurrence(members, options.link, options.constraints, seed, options.jobs, terms)
        )
    scorer, reader = consider(items, base, _duplicates(parts), seed)
    if scorer is not base:
        readings = Readings(items, scorer, readings.asked)
    builder = Builder(readings, base, Words(terms), options.jobs)
    progress("Done", len(items), len(items))
    return _result(records, taken, items, parts, builder, options, seed, reader, digest)


def _duplicates(parts: Sequence[Recurrence]) -> dict[str, str]:
    return {late: kept for part in parts for late, kept in part.duplicates.items()}


def _result(
    records: Sequence[IncidentRecord],
    taken: Sequence[IncidentRecord],
    items: Sequence[Prepared],
    parts: Sequence[Recurrence],
    builder: Builder,
    options: MiningOptions,
    seed: int,
    reader: Takeover,
    digest: str,
) -> MiningResult:
    drafts, read = builder.begin(parts), builder.readings
    # While helpers word the patterns: what needs no more than their members.
    findings = find(
        taken, lambda i: read[i].causes, drafts.named, lambda i: read[i].mitigations, read.asked
    )
    patterns = drafts.patterns()
    patterns.sort(key=lambda p: (-p.size, -p.severity_weight, p.id))
    grouped = {i for pattern in patterns for i in pattern.ids}
    return MiningResult(
        patterns=tuple(patterns),
        unassigned=tuple(item.id for item in items if item.id not in grouped),
        causes=Causes(items, builder.readings.scorer),
        duplicates=_duplicates(parts),
        nearest=tuple(pair for part in parts for pair in _named_pairs(part)),
        similar=Neighbours(parts, builder.words),
        findings=findings,
        themes=_themes(items, builder, seed) if options.scope == "mixed" else None,
        places=Places(parts),
        hidden=sum(part.hidden for part in parts),
        notes=(*_notes(parts, len(taken)), *findings.notes),
        records=len(taken),
        unconfirmed=sum(record.unconfirmed for record in taken),
        restricted_left_out=len(records) - len(taken),
        options={**options.document(), "leading_cause": reader.document()},
        reader=reader,
        seed=seed,
        digest=digest,
        versions=versions(),
    )


def _themes(items: Sequence[Prepared], builder: Builder, seed: int) -> Themes:
    return find_themes(items, builder.scorer, seed, builder.words.terms)


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
