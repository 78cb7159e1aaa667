"""A name, the words that set a pattern apart, and the sentences that speak for it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from heapq import nsmallest
from itertools import chain
from math import fsum, log
from typing import TYPE_CHECKING

from mining.causes import ROLE_WEIGHTS
from mining.prepare import Prepared, shared_answers, stem
from mining.readings import Reading
from mining.stopwords import no_names, stop_words
from mining.taxonomy import Leaf, Taxonomy
from mining.text import quote

if TYPE_CHECKING:  # helpers word patterns without the counts of the corpus, and without numpy
    from mining.terms import Terms

MOST_PHRASES = 8
_MOST_REMEMBERED = 3_000
# Stems that say how somebody writes and not what broke.
_EMPTY = frozenset(
    [
        "just",
        "also",
        "later",
        "able",
        "different",
        "return",
        "second",
        "new",
        "old",
        "need",
        "make",
        "use",
        "used",
        "using",
        "want",
        "see",
        "seen",
        "note",
        "known",
        "like",
        "look",
        "way",
        "thing",
        "lot",
        "actual",
        "complet",
        "enter",
        "add",
        "added",
        "come",
        "took",
        "take",
        "know",
        "knowledg",
        "believ",
        "even",
        "instead",
        "learn",
        "happen",
        "respons",
        "improv",
        # how far, how often, how well, and the words of reports themselves
        "near",
        "far",
        "tri",
        "try",
        "agre",
        "agree",
        "unknown",
        "best",
        "recent",
        "averag",
        "average",
        "occurr",
        "occurrenc",
        "subject",
        "articl",
        "rca",
    ]
)
_LEADING_ROLE = {**ROLE_WEIGHTS, "timeline": 0.2, "followup": 0.1}


class Words:
    """How many records of a corpus use each stem, and how each stem is written most often."""

    def __init__(self, terms: "Terms") -> None:
        self.terms = terms
        self.count = terms.count
        self._rarity: dict[str, float] = {}
        self._used: dict[str, tuple[frozenset[str], frozenset[str]]] = {}

    def as_written(self, name: str) -> str:
        """The commonest form of a stem."""
        return self.terms.written.get(name, name)

    def rarity(self, name: str) -> float:
        """Higher for stems that few records use."""
        found = self._rarity.get(name)
        if found is None:
            found = log((1 + self.count) / (1 + self.terms.documents.get(name, 0))) + 1
            self._rarity[name] = found
        return found

    def used(self, item: Prepared) -> tuple[frozenset[str], frozenset[str]]:
        """The stems of a record, and those of its opening; worked out once."""
        found = self._used.get(item.id)
        if found is None:
            table = self.terms.table
            found = table.used(item.full), table.used(item.lead)
            if len(self._used) < _MOST_REMEMBERED:
                self._used[item.id] = found
        return found


def shared_words(
    members: Sequence[Prepared], words: Words, least: float = 0.5
) -> list[tuple[str, float]]:
    """Stems that a share of the members use and the rest seldom do, strongest first, weighted.

    Members are counted by whole records; what stands in their openings counts twice.
    """
    import numpy as np

    terms = words.terms
    rows = [terms.at[item.id] for item in members]
    inside = np.bincount(terms.full[rows].indices, minlength=len(terms.stems))
    leading = np.bincount(terms.lead[rows].indices, minlength=len(terms.stems))
    found = []
    for column in np.flatnonzero(inside >= max(2, least * len(members))):
        name, count = terms.stems[column], int(inside[column])
        if len(name) < 3 or name in _EMPTY:
            continue
        share = (count + int(leading[column])) / (2 * len(members))
        outside = (terms.documents[name] - count) / max(1, words.count - len(members))
        weight = share * (1 - min(1.0, outside)) * words.rarity(name)
        found.append((name, round(float(weight), 3)))
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:MOST_PHRASES]


def pattern_causes(results: Iterable[Reading]) -> tuple[str, ...]:
    """Causes that at least half of the members tell of, and at least two; the commonest primary
    first. None when they share no cause: then the pattern is named by its words alone.
    """
    found = list(results)
    primaries = Counter(result.primary for result in found if result.primary)
    told = Counter(cause for result in found for cause in result.causes)
    strong = [name for name, n in told.items() if 2 * n >= len(found) and n >= 2]
    order = sorted(strong, key=lambda name: (-primaries[name], -told[name], name))
    return tuple(order[:3])


def name_of(causes: Sequence[str], phrases: Sequence[str], taxonomy: Taxonomy) -> str:
    """The leading cause and the words that set the pattern apart."""
    told = ", ".join(phrases[:3])
    if causes:
        what = taxonomy.name_of(causes[0])
        return f"{what}: {told}" if told else what
    if told.startswith("as in "):
        return f"Incidents {told}"
    return f"{told[:1].upper()}{told[1:]}" or "Recurring incident"


def cue_stems(taxonomy: Taxonomy, causes: Sequence[str]) -> frozenset[str]:
    """The stems by which some causes are known: words of their names and of their cues.

    Causes that this version of the taxonomy does not know, as an author may have chosen, add none.
    """
    return frozenset().union(*(_known_by(leaf) for leaf in taxonomy.leaves if leaf.id in causes))


@lru_cache(maxsize=256)
def _known_by(leaf: Leaf) -> frozenset[str]:
    words = " ".join((leaf.name, *chain(*leaf.cues.values()))).lower().split()
    return frozenset(stem(word) for word in words) - no_names() - stop_words()


def naming_words(
    shared: Sequence[tuple[str, float]], members: Sequence[Prepared], words: Words
) -> list[str]:
    """The shared words that can stand in a name: things, as far as word forms tell.

    Titles are where people name things, so a word of the members' titles goes before one that only
    the running text shares. Forms of verbs, and words that say how much or how well, are left out.
    """
    table, unfit = words.terms.table, no_names()
    titles = [table.used(item.title) for item in members]
    found = []
    for name, weight in shared:
        written = words.as_written(name)
        if name in unfit or written in unfit or written.endswith(("ed", "ing", "ly")):
            continue
        titled = sum(name in title for title in titles) / max(1, len(titles))
        found.append((-weight * (1 + 2 * titled), written))
    return [written for _, written in sorted(found)]


def best_quote(item: Prepared, shared: Mapping[str, float]) -> str:
    """The member's sentence that carries most of what the pattern shares, masked."""
    best, found = 0.0, ""
    for line, sentence in zip(item.lines, item.sentences, strict=True):
        stems = set(map(stem, line.split()))
        common = shared.keys() & stems
        if not common:
            continue
        weight = fsum([shared[name] for name in common])  # in any order the same
        value = weight * _LEADING_ROLE[sentence.role] / (1 + max(0, len(stems) - 30) / 30)
        if value > best:
            best, found = value, sentence.text
    if not found:
        found = item.sentences[0].text if item.sentences else item.record.title
    return quote(found)


def reasons(
    members: Sequence[Prepared], phrases: Sequence[tuple[str, float]], causes: Sequence[str],
    results: Sequence[Reading], taxonomy: Taxonomy,
) -> tuple[str, ...]:  # fmt: skip
    """Why these incidents stand together, in plain sentences with their counts."""
    count = len(members)
    found = []
    if phrases:
        told = ", ".join(f"“{phrase}”" for phrase, _ in phrases[:5])
        found.append(f"Words that most of them share and others seldom use: {told}.")
    for cause in causes:
        n = sum(cause in result.causes for result in results)
        if n:
            found.append(f"{taxonomy.name_of(cause)}: told by {n} of {count}.")
    return (*found, *_common_answers(members))


def _common_answers(members: Sequence[Prepared]) -> list[str]:
    tallied = Counter(answer for item in members for answer in item.answers)
    labels = {"service": "Service", "trigger": "Trigger", "detection_method": "Found by"}
    found = []
    for answer, n in sorted(tallied.items(), key=lambda pair: (-pair[1], pair[0])):
        name, _, value = answer.partition("=")
        if name in labels and n >= 2 and 2 * n >= len(members):
            found.append(f"{labels[name]} {value.replace('_', ' ')}: {n} of {len(members)}.")
    return found[:4]


def pair_reasons(
    first: Prepared, second: Prepared, words: Words, most: int = 6
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Shared words (at most that many, as written, strongest first) and shared answers.

    Words that say no more than how or when come after all others, however rare they are.
    """
    (full, lead), (other_full, other_lead) = words.used(first), words.used(second)
    common, lead = full & other_full, lead & other_lead
    rare = words.rarity
    dull = no_names()
    weighted = [(n in dull, -rare(n) * (1.5 if n in lead else 1.0), n) for n in common]
    ranked = [name for _, _, name in nsmallest(most, weighted)]
    answers = tuple(f"{k}={v}" for k, v in shared_answers(first, second).items())
    return tuple(words.as_written(name) for name in ranked), answers


__all__ = [
    "Words",
    "best_quote",
    "cue_stems",
    "name_of",
    "naming_words",
    "pair_reasons",
    "pattern_causes",
    "reasons",
    "shared_words",
]
