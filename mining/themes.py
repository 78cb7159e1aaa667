"""Layer 3: themes over a large or mixed corpus, by what happened and never by who it happened to.

A theme is a cause with the words that its incidents share. Words that belong to one organisation
are taken out before a cause is read, so that a theme can't be a company in disguise; names of
products and vendors are left out of its phrases besides.
Stability is measured by reading each incident again with a fifth of its sentences missing.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum

import numpy as np

from mining.causes import CauseScorer
from mining.company_words import company_words, names_of_companies, stems_used, without
from mining.foreign import ForeignScorer
from mining.naming import Words, best_quote, shared_words
from mining.patterns import identity_of
from mining.prepare import Prepared, stem
from mining.quality import RESAMPLE_SHARE, RESAMPLES
from mining.records import IncidentRecord
from mining.taxonomy import Taxonomy
from mining.terms import Terms
from mining.text import Sentence

LEAST_RECORDS = 100
LEAST_MEMBERS = 3
LEAST_ORGANISATIONS = 2
CLEAR_SCORE, CLEAR_LEAD = 0.30, 1.08
STABLE_FROM = 0.6
TESTED = 300
_NAME = re.compile(r"(?<=[a-z,;] )([A-Z][A-Za-z0-9]+)")
_ANY = re.compile(r"[A-Za-z][A-Za-z0-9]+")
Told = tuple[IncidentRecord, tuple[Sentence, ...]]
"""A record and its sentences without the words of its organisation."""


@dataclass(frozen=True, slots=True)
class Theme:
    """Incidents of several organisations that tell of one cause clearly."""

    id: str
    name: str
    cause: str
    members: tuple[str, ...]
    size: int
    organisations: int
    stability: float
    phrases: tuple[str, ...]
    exemplars: tuple[str, ...]
    quotes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Themes:
    """What was found, what was hidden as unstable, and what stands in no theme, with the reason
    when there is nothing at all."""

    themes: tuple[Theme, ...]
    hidden: int
    unassigned: tuple[str, ...]
    reason: str = ""


def written_as_names(items: Sequence[Prepared]) -> frozenset[str]:
    """Stems that are mostly written with a capital inside sentences."""
    capital: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for item in items:
        for sentence in item.sentences:
            capital.update(stem(name.lower()) for name in _NAME.findall(sentence.text))
            total.update(stem(word.lower()) for word in _ANY.findall(sentence.text))
    return frozenset(name for name, n in capital.items() if n >= 0.5 * total[name])


def _clear_cause(scores: Mapping[str, float], taxonomy: Taxonomy) -> str | None:
    """The cause that stands out, or ``None`` when two are about as strong."""
    carried: dict[str, float] = {}
    for leaf in taxonomy.leaves:
        if leaf.id not in scores:
            continue
        target = leaf.id if leaf.primary else leaf.primary_as
        if target:
            value = scores[leaf.id] * (leaf.precedence if leaf.primary else 0.6)
            carried[target] = max(carried.get(target, 0.0), value)
    ranked = sorted(carried.items(), key=lambda pair: (-pair[1], pair[0]))
    if not ranked or ranked[0][1] < CLEAR_SCORE:
        return None
    second = ranked[1][1] if len(ranked) > 1 else 0.0
    return ranked[0][0] if ranked[0][1] >= CLEAR_LEAD * second else None


def _again(told: Told, scorer: CauseScorer | ForeignScorer, rng: np.random.Generator) -> str | None:
    """The clear cause of a record with some of its sentences missing."""
    record, parts = told
    size = max(1, round(RESAMPLE_SHARE * len(parts)))
    kept = sorted(rng.choice(len(parts), size=size, replace=False)) if parts else []
    return scorer.told(record, [parts[int(i)] for i in kept]).primary


def _stability(
    members: Sequence[Told], cause: str, scorer: CauseScorer | ForeignScorer, seed: int
) -> float:
    rng = np.random.default_rng(seed)
    tested = members[: TESTED // RESAMPLES]
    same = [_again(told, scorer, rng) == cause for told in tested for _ in range(RESAMPLES)]
    return round(float(np.mean(same)), 3) if same else 0.0


def _without_companies(
    items: Sequence[Prepared], causes: Mapping[str, str | None]
) -> tuple[frozenset[str], dict[str, Told]]:
    """The words of single organisations, and every record without them; of one alone, as it is."""
    if len({item.record.organisation for item in items}) < LEAST_ORGANISATIONS:
        return frozenset(), {item.id: (item.record, item.sentences) for item in items}
    used = stems_used(items)
    own = company_words(items, causes, used) | names_of_companies(items)
    return own, {item.id: without(item, own, used[item.id]) for item in items}


def _read(told: Told, scorer: CauseScorer | ForeignScorer) -> str | None:
    return _clear_cause(scorer.told(*told).scores, scorer.taxonomy)


def find_themes(
    items: Sequence[Prepared],
    scorer: CauseScorer | ForeignScorer,
    seed: int = 0,
    terms: Terms | None = None,
) -> Themes:
    """The themes of a corpus of at least a hundred records; fewer give none, with the reason."""
    if len(items) < LEAST_RECORDS:
        reason = f"Themes need {LEAST_RECORDS} records; there are {len(items)}."
        return Themes((), 0, tuple(item.id for item in items), reason)
    first = {item.id: _read((item.record, item.sentences), scorer) for item in items}
    own, told = _without_companies(items, first)
    groups: dict[str, list[Prepared]] = defaultdict(list)
    for item in items:
        changed = told[item.id][0] is not item.record or told[item.id][1] is not item.sentences
        cause = _read(told[item.id], scorer) if changed else first[item.id]
        if cause:
            groups[cause].append(item)
    words = Words(terms or Terms(items))
    found, hidden = _themes(items, groups, own, told, scorer, seed, words)
    taken = {i for theme in found for i in theme.members}
    rest = tuple(item.id for item in items if item.id not in taken)
    return Themes(tuple(sorted(found, key=lambda t: (-t.size, t.id))), hidden, rest)


def _themes(
    items: Sequence[Prepared],
    groups: Mapping[str, Sequence[Prepared]],
    own: frozenset[str],
    told: Mapping[str, Told],
    scorer: CauseScorer | ForeignScorer,
    seed: int,
    words: Words,
) -> tuple[list[Theme], int]:
    masked = own | written_as_names(items)
    companies = len({item.record.organisation for item in items})
    found, hidden = [], 0
    for cause, members in sorted(groups.items()):
        spread = len({item.record.organisation for item in members})
        if len(members) < LEAST_MEMBERS or spread < min(LEAST_ORGANISATIONS, companies):
            continue
        stable = _stability([told[item.id] for item in members], cause, scorer, seed)
        if stable < STABLE_FROM:
            hidden += 1
            continue
        shared = [(n, w) for n, w in shared_words(members, words, 0.25) if n not in masked]
        phrases = tuple(words.as_written(name) for name, _ in shared[:5])
        found.append(_theme(cause, members, spread, stable, phrases, dict(shared), scorer.taxonomy))
    return found, hidden


def _theme(
    cause: str,
    members: Sequence[Prepared],
    spread: int,
    stable: float,
    phrases: tuple[str, ...],
    shared: Mapping[str, float],
    taxonomy: Taxonomy,
) -> Theme:
    ranked = sorted(members, key=lambda item: (-_overlap(item, shared), item.id))
    ids = [item.id for item in ranked]
    told = f": {', '.join(phrases[:3])}" if phrases else ""
    return Theme(
        id=identity_of(ids).replace("pat-", "theme-"),
        name=taxonomy.name_of(cause) + told,
        cause=cause,
        members=tuple(ids),
        size=len(ids),
        organisations=spread,
        stability=stable,
        phrases=phrases,
        exemplars=tuple(ids[:3]),
        quotes=tuple(best_quote(item, shared) for item in ranked[:2]),
    )


def _overlap(item: Prepared, shared: Mapping[str, float]) -> float:
    used: Iterable[str] = {stem(word) for word in item.full.split()}
    return fsum(shared.get(name, 0.0) for name in used)
