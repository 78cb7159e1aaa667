"""Words that tell whose incident it was rather than what happened, and texts without them.

A word belongs to an organisation when its incidents use it far more often than others do whose
cause is the same: against others of the same cause, so that what an organisation often suffers from
is not taken for its manner of speaking.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from mining.prepare import Prepared, stem
from mining.records import IncidentRecord
from mining.text import Sentence

LEAST_USERS = 2
OVERUSED, BY_LUCK = 2.0, 0.05
"""How many times its expected share an organisation must use a word, and the chance of that."""
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]+")

Used = Mapping[str, frozenset[str]]
"""Stems by record id."""


def stems_used(items: Sequence[Prepared]) -> Used:
    """The stems of each record."""
    return {item.id: frozenset(stem(word) for word in item.full.split()) for item in items}


def names_of_companies(items: Sequence[Prepared]) -> frozenset[str]:
    """Stems of the organisations' own names."""
    names = {item.record.organisation for item in items}
    return frozenset(stem(word.lower()) for name in names for word in _WORD.findall(name))


def company_words(
    items: Sequence[Prepared], causes: Mapping[str, str | None], used: Used
) -> frozenset[str]:
    """Stems that one organisation uses beyond its share, among incidents of the same cause.

    ``causes`` are the records' leading causes as read so far. The expected number of an
    organisation's users is that of all users in each cause times its share of the cause's records;
    the number found is held against a Poisson law with that mean.
    """
    from scipy.stats import poisson

    whose = {item.id: item.record.organisation for item in items}
    sizes = Counter((causes[i], name) for i, name in whose.items())
    totals = Counter(causes[i] for i in whose)
    users: dict[str, Counter[str]] = defaultdict(Counter)
    spread: dict[str, Counter[str | None]] = defaultdict(Counter)
    for identifier, organisation in whose.items():
        for name in used[identifier]:
            users[name][organisation] += 1
            spread[name][causes[identifier]] += 1
    tried: list[tuple[str, int, float]] = []
    for name, by_company in users.items():
        for organisation, count in by_company.items():
            if count < LEAST_USERS:
                continue
            expected = sum(
                n * sizes[(cause, organisation)] / totals[cause]
                for cause, n in sorted(spread[name].items(), key=lambda pair: str(pair[0]))
            )
            if count >= OVERUSED * expected:
                tried.append((name, count, expected))
    if not tried:
        return frozenset()
    chances = poisson.sf([count - 1 for _, count, _ in tried], [mean for _, _, mean in tried])
    return frozenset(
        name for (name, _, _), chance in zip(tried, chances, strict=True) if chance < BY_LUCK
    )


def without(
    item: Prepared, masked: frozenset[str], used: frozenset[str]
) -> tuple[IncidentRecord, tuple[Sentence, ...]]:
    """A record and its sentences with the masked words gone."""
    here = masked & used
    record, parts = item.record, item.sentences
    if not here:
        return record, parts
    text = " ".join((record.title, *(part.text for part in parts)))
    forms = sorted({w for w in _WORD.findall(text) if stem(w.lower()) in here})
    if not forms:
        return record, parts
    mark = re.compile(rf"\b(?:{'|'.join(map(re.escape, forms))})\b")
    title = mark.sub("", record.title)
    return replace(record, title=title), tuple(
        replace(part, text=mark.sub("", part.text)) for part in parts
    )
