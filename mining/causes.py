"""Layer 1: which contributing causes a postmortem tells of, with the sentence that says so.

Deterministic and without labels: the taxonomy's wording is the model. Each sentence is scored
against each class by its cues and by shared vocabulary with the class's description; sentences
that explain weigh more than those that tell what was done afterwards.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, SupportsIndex

from mining.cues import CueIndex, words_of
from mining.records import IncidentRecord
from mining.taxonomy import STRENGTHS, Leaf, Taxonomy, load
from mining.text import Sentence, quote, sentences

MOST_CAUSES = 5
ROLE_WEIGHTS: Mapping[str, float] = {
    "cause": 1.0,
    "": 0.75,
    "impact": 0.6,
    "response": 0.3,
    "detection": 0.3,
    "timeline": 0.3,
    "followup": 0.2,
}
CUE_WEIGHTS = dict(zip(STRENGTHS, (3.0, 1.0, 0.3), strict=True))
TITLE_WEIGHT = 0.8
LIFTED = 0.6
LEAD_SENTENCES, LEAD = 3, 1.3
REASON, EFFECT, PLAIN = 1.5, 0.5, 1.0
FROM_AUTHOR = 1.0

# What follows these is the reason, what stands before them its effect.
_BACKWARD = (
    "due to|because|because of|caused by|result of|results from|resulted from|resulting from|"
    "triggered by|owing to|stems from|stemmed from|stemming from|attributed to|attributable to|"
    "root cause|root causes|introduced by|contributed by|contributing factor|contributing factors|"
    "brought on by|traced to|traced back to|the issue was|the problem was|the fault was|"
    "determined that|identified that|identified as|found that|turned out|when|after|following|"
    "while|as part of"
)
# What stands before these is the reason, what follows its effect.
_FORWARD = (
    "caused|causing|causes|led to|leads to|leading to|resulted in|results in|resulting in|"
    "triggered|triggers|triggering|introduced|introducing|prevented|preventing|which made|"
    "which meant|exposed|exposing|so that|and thus|overloaded|overloading|overwhelmed|"
    "overwhelming|therefore|consequently|disrupted|disrupting|broke"
)


def _connectives() -> dict[str, list[tuple[tuple[str, ...], bool]]]:
    """First word -> (the words after it, whether the reason follows), the longest first."""
    found: dict[str, list[tuple[tuple[str, ...], bool]]] = {}
    for phrases, backward in ((_BACKWARD, True), (_FORWARD, False)):
        for phrase in phrases.split("|"):
            first, *rest = phrase.split()
            found.setdefault(first, []).append((tuple(rest), backward))
    for ways in found.values():
        ways.sort(key=lambda way: -len(way[0]))
    return found


_CONNECTIVES = _connectives()


@dataclass(frozen=True, slots=True)
class Cause:
    """One class found in a record: how strongly (0 to 1), and the sentence that says so."""

    id: str
    score: float
    evidence: str
    source: str = "text"


@dataclass(frozen=True, slots=True)
class CauseResult:
    """What one record tells. ``primary`` is ``None`` when nothing stands out."""

    record_id: str
    causes: tuple[Cause, ...]
    primary: str | None
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Told:
    """The same without the sentences: ids of the causes, the author's first, then the strongest."""

    causes: tuple[str, ...]
    primary: str | None
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class ScorerSettings:
    """Thresholds of the scorer; the defaults are fixed by reasoning, not fitted to a corpus."""

    contributing: float = 0.35
    primary: float = 0.12
    most: int = MOST_CAUSES


def complete(
    result: CauseResult, record: IncidentRecord, speaks: Callable[[str, IncidentRecord], str]
) -> CauseResult:
    """The result with its primary cause among the causes, last where it alone would not be one:
    the best guess of a record that says little still shows by which sentence it was made.
    """
    primary = result.primary
    if primary is None or any(cause.id == primary for cause in result.causes):
        return result
    score = round(min(1.0, result.scores.get(primary, 0.0)), 4)
    guess = Cause(primary, score, speaks(primary, record))
    return replace(result, causes=(*result.causes, guess))


class CauseScorer:
    """Scores records against a taxonomy. Holds no state of any corpus."""

    def __init__(
        self, taxonomy: Taxonomy | None = None, settings: ScorerSettings | None = None
    ) -> None:
        self.taxonomy = taxonomy or load()
        self.settings = settings or ScorerSettings()
        self._leaves = [leaf for leaf in self.taxonomy.leaves if leaf.scored]
        self._ids = [leaf.id for leaf in self._leaves]
        self._carries = _carries(self._leaves)
        self._weights: list[tuple[int, float]] = []
        self._index = CueIndex(self._numbered_cues())

    def __reduce_ex__(self, protocol: SupportsIndex) -> str | tuple[Any, ...]:
        """For other processes: the product's own is made there, which is less than to send it."""
        if self.taxonomy is load() and self.settings == ScorerSettings():
            return own_scorer, ()
        return super().__reduce_ex__(protocol)

    def _numbered_cues(self) -> Iterable[tuple[str, int]]:
        for position, leaf in enumerate(self._leaves):
            for strength in STRENGTHS:
                for cue in leaf.cues.get(strength, ()):
                    self._weights.append((position, CUE_WEIGHTS[strength]))
                    yield cue, len(self._weights) - 1

    def _raw(self, words: list[str]) -> dict[int, float]:
        """Cue weight per leaf in one sentence; the reason weighs more than its effect."""
        found: dict[int, float] = {}
        known = self._index.known(words)
        for start, stop, share in causal_parts(words):
            for number in sorted(self._index.find_among(known[start:stop])):
                leaf, weight = self._weights[number]
                found[leaf] = found.get(leaf, 0.0) + weight * share
        return found

    def meaning(self, text: str) -> dict[str, float]:
        """What a short text speaks of, per leaf: cue weight, without looking for a reason in it."""
        found = dict.fromkeys(self._ids, 0.0)
        for number in self._index.find(words_of(text)):
            leaf, weight = self._weights[number]
            found[self._ids[leaf]] += weight
        return found

    def evidence(self, identifier: str, parts: Sequence[str]) -> str:
        """The one of the sentences that speaks most for a leaf."""
        at = self._ids.index(identifier)
        return max(parts, key=lambda part: self._raw(words_of(part)).get(at, 0.0))

    def score(self, record: IncidentRecord) -> CauseResult:
        """The causes of one record, strongest first."""
        return self.score_sentences(record, sentences(record.text))

    def score_sentences(self, record: IncidentRecord, parts: Sequence[Sentence]) -> CauseResult:
        """:meth:`score` of a record whose sentences are at hand."""
        scores, best = self._read(record, parts, [words_of(part.text) for part in parts])
        told = self._told(record, scores)
        evidence = dict(zip(self._ids, best, strict=True))
        shown = {text: quote(text) for text in {evidence.get(name, "") for name in told.causes}}
        causes = tuple(
            Cause(name, FROM_AUTHOR, shown[evidence.get(name, "")], "author")
            if name in record.causes
            else Cause(name, round(told.scores[name], 4), shown[evidence[name]])
            for name in told.causes
        )
        return CauseResult(record.id, causes, told.primary, told.scores)

    def told(
        self,
        record: IncidentRecord,
        parts: Sequence[Sentence],
        words: Sequence[list[str]] | None = None,
    ) -> Told:
        """What :meth:`score_sentences` finds, without its quotes, in a third of the time.

        ``words`` are the sentences' :func:`~mining.cues.words_of`, where they are at hand.
        """
        if words is None:
            words = [words_of(part.text) for part in parts]
        return self._told(record, self._read(record, parts, words)[0])

    def score_all(self, records: Sequence[IncidentRecord]) -> list[CauseResult]:
        """One result per record, in order, each :func:`complete`."""
        return [complete(self.score(record), record, self.speaks) for record in records]

    def speaks(self, identifier: str, record: IncidentRecord) -> str:
        """The sentence by which a record is of a leaf, or of one that it carries; else blank."""
        parts = [record.title, *(sentence.text for sentence in sentences(record.text))]
        carried = [leaf.id for leaf in self._leaves if leaf.primary_as == identifier]
        for name in (identifier, *carried):
            text = self.evidence(name, parts)
            if self._raw(words_of(text)).get(self._ids.index(name)):
                return quote(text)
        return ""

    def _read(
        self, record: IncidentRecord, parts: Sequence[Sentence], words: Sequence[list[str]]
    ) -> tuple[list[float], list[str]]:
        """Score of each leaf, and the sentence that speaks most for it."""
        totals = [0.0] * len(self._ids)
        best = [(0.0, "")] * len(self._ids)
        weighted = [(part.text, ROLE_WEIGHTS[part.role]) for part in parts]
        if record.title:
            weighted, words = (
                [(record.title, TITLE_WEIGHT), *weighted],
                [words_of(record.title), *words],
            )
        for place, ((text, weight), own) in enumerate(zip(weighted, words, strict=True)):
            weight *= LEAD if place <= LEAD_SENTENCES else 1.0
            for leaf, raw in self._raw(own).items():
                value = weight * raw / (raw + 3.0)
                totals[leaf] += value * value
                if value > best[leaf][0]:
                    best[leaf] = value, text
        return [math.sqrt(total) for total in totals], [text for _, text in best]

    def _told(self, record: IncidentRecord, scores: Sequence[float]) -> Told:
        heard = [(at, 1 - math.exp(-score)) for at, score in enumerate(scores) if score]
        squashed = dict.fromkeys(self._ids, 0.0)
        squashed.update((self._ids[at], score) for at, score in heard)
        strong = sorted(
            (-score, self._ids[at]) for at, score in heard if score >= self.settings.contributing
        )
        told = (name for _, name in strong if name not in record.causes)
        causes = (*record.causes, *told)[: max(self.settings.most, len(record.causes))]
        primary = record.causes[0] if record.causes else self._primary(heard)
        return Told(causes, primary, squashed)

    def _primary(self, heard: Iterable[tuple[int, float]]) -> str | None:
        """The leading cause among those that were heard of at all, each by its place."""
        carried: dict[str, float] = {}
        for at, score in heard:
            name, factor = self._carries[at]
            if name:
                carried[name] = max(carried.get(name, 0.0), factor * score)
        if not carried:
            return None
        name = max(carried, key=lambda leaf: (carried[leaf], leaf))
        return name if carried[name] >= self.settings.primary else None


def _carries(leaves: Sequence[Leaf]) -> list[tuple[str, float]]:
    """Per leaf which leading cause it speaks for, and how much its score counts there."""
    leading = {leaf.id for leaf in leaves if leaf.primary}
    return [
        (leaf.id, leaf.precedence)
        if leaf.primary
        else (leaf.primary_as if leaf.primary_as in leading else "", LIFTED)
        for leaf in leaves
    ]


def causal_parts(words: Sequence[str]) -> list[tuple[int, int, float]]:
    """A sentence cut at its first causal words into reason and effect: from, to, and its weight."""
    for at, word in enumerate(words) if not _CONNECTIVES.keys().isdisjoint(words) else ():
        for rest, backward in _CONNECTIVES.get(word, ()):
            after = at + 1 + len(rest)
            if not rest or tuple(words[at + 1 : after]) == rest:
                before, behind = (EFFECT, REASON) if backward else (REASON, EFFECT)
                return [(0, at, before), (after, len(words), behind)]
    return [(0, len(words), PLAIN)]


@cache
def own_scorer() -> CauseScorer:
    """The scorer of the product's own taxonomy."""
    return CauseScorer()


def leaf_names(taxonomy: Taxonomy, ids: Iterable[str]) -> tuple[str, ...]:
    """Names of leaves for people."""
    return tuple(taxonomy.name_of(i) for i in ids)


__all__ = ["Cause", "CauseResult", "CauseScorer", "Leaf", "ScorerSettings", "own_scorer"]
