"""Layer 1: which contributing causes a postmortem tells of, with the sentence that says so.

Deterministic and without labels: the taxonomy's wording is the model. Each sentence is scored
against each class by its cues and by shared vocabulary with the class's description; sentences
that explain weigh more than those that tell what was done afterwards.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from mining.cues import CueIndex, words_of
from mining.records import IncidentRecord
from mining.taxonomy import STRENGTHS, Leaf, Taxonomy, load
from mining.text import Sentence, quote, sentences

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
class ScorerSettings:
    """Thresholds of the scorer; the defaults are fixed by reasoning, not fitted to a corpus."""

    contributing: float = 0.35
    primary: float = 0.12
    most: int = 5


class CauseScorer:
    """Scores records against a taxonomy. Holds no state of any corpus."""

    def __init__(
        self, taxonomy: Taxonomy | None = None, settings: ScorerSettings | None = None
    ) -> None:
        self.taxonomy = taxonomy or load()
        self.settings = settings or ScorerSettings()
        self._leaves = [leaf for leaf in self.taxonomy.leaves if leaf.scored]
        self._weights: list[tuple[int, float]] = []
        self._index = CueIndex(self._numbered_cues())

    def _numbered_cues(self) -> Iterable[tuple[str, int]]:
        for position, leaf in enumerate(self._leaves):
            for strength in STRENGTHS:
                for cue in leaf.cues.get(strength, ()):
                    self._weights.append((position, CUE_WEIGHTS[strength]))
                    yield cue, len(self._weights) - 1

    def _raw(self, text: str) -> dict[int, float]:
        """Cue weight per leaf in one sentence; the reason weighs more than its effect."""
        found: dict[int, float] = {}
        for part, share in causal_parts(words_of(text)):
            for number in sorted(self._index.find(part)):
                leaf, weight = self._weights[number]
                found[leaf] = found.get(leaf, 0.0) + weight * share
        return found

    def meaning(self, text: str) -> dict[str, float]:
        """What a short text speaks of, per leaf: cue weight, without looking for a reason in it."""
        found = {leaf.id: 0.0 for leaf in self._leaves}
        for number in self._index.find(words_of(text)):
            leaf, weight = self._weights[number]
            found[self._leaves[leaf].id] += weight
        return found

    def evidence(self, identifier: str, parts: Sequence[str]) -> str:
        """The one of the sentences that speaks most for a leaf."""
        at = next(place for place, leaf in enumerate(self._leaves) if leaf.id == identifier)
        return max(parts, key=lambda part: self._raw(part).get(at, 0.0))

    def score(self, record: IncidentRecord) -> CauseResult:
        """The causes of one record, strongest first."""
        return self.score_sentences(record, sentences(record.text))

    def score_sentences(self, record: IncidentRecord, parts: tuple[Sentence, ...]) -> CauseResult:
        """:meth:`score` of a record whose sentences are at hand."""
        if record.title:
            parts = (Sentence(record.title, 0, 0, "title"), *parts)
        totals = [0.0] * len(self._leaves)
        best = [(0.0, "")] * len(self._leaves)
        for place, part in enumerate(parts):
            weight = _sentence_weight(part) * (LEAD if place <= LEAD_SENTENCES else 1.0)
            for leaf, raw in self._raw(part.text).items():
                value = weight * raw / (raw + 3.0)
                totals[leaf] += value * value
                if value > best[leaf][0]:
                    best[leaf] = value, part.text
        scores = [math.sqrt(total) for total in totals]
        return self._result(record, scores, [text for _, text in best])

    def score_all(self, records: Sequence[IncidentRecord]) -> list[CauseResult]:
        """One result per record, in order."""
        return [self.score(record) for record in records]

    def _result(
        self, record: IncidentRecord, scores: Sequence[float], evidence: Sequence[str]
    ) -> CauseResult:
        squashed = {leaf.id: 1 - math.exp(-s) for leaf, s in zip(self._leaves, scores, strict=True)}
        quotes = dict(zip((leaf.id for leaf in self._leaves), evidence, strict=True))
        told = [(c, FROM_AUTHOR, quotes.get(c, ""), "author") for c in record.causes]
        told += [
            (name, round(score, 4), quotes[name], "text")
            for name, score in sorted(squashed.items(), key=lambda pair: (-pair[1], pair[0]))
            if score >= self.settings.contributing and name not in record.causes
        ]
        told = told[: max(self.settings.most, len(record.causes))]
        shown = {text: quote(text) for text in {text for _, _, text, _ in told}}
        causes = tuple(Cause(name, score, shown[t], source) for name, score, t, source in told)
        primary = record.causes[0] if record.causes else self._primary(squashed)
        return CauseResult(record.id, causes, primary, squashed)

    def _primary(self, scores: Mapping[str, float]) -> str | None:
        carried = {
            leaf.id: leaf.precedence * scores[leaf.id] for leaf in self._leaves if leaf.primary
        }
        for leaf in self._leaves:
            if not leaf.primary and leaf.primary_as in carried:
                lifted = LIFTED * scores[leaf.id]
                carried[leaf.primary_as] = max(carried[leaf.primary_as], lifted)
        if not carried:
            return None
        name = max(carried, key=lambda leaf: (carried[leaf], leaf))
        return name if carried[name] >= self.settings.primary else None


def _sentence_weight(sentence: Sentence) -> float:
    return TITLE_WEIGHT if sentence.role == "title" else ROLE_WEIGHTS[sentence.role]


def causal_parts(words: list[str]) -> list[tuple[list[str], float]]:
    """A sentence cut at its first causal words into reason and effect, each with its weight."""
    for at, word in enumerate(words):
        if word not in _CONNECTIVES:
            continue
        for rest, backward in _CONNECTIVES[word]:
            after = at + 1 + len(rest)
            if not rest or tuple(words[at + 1 : after]) == rest:
                shares = (EFFECT, REASON) if backward else (REASON, EFFECT)
                return [(words[:at], shares[0]), (words[after:], shares[1])]
    return [(words, PLAIN)]


@cache
def own_scorer() -> CauseScorer:
    """The scorer of the product's own taxonomy."""
    return CauseScorer()


def leaf_names(taxonomy: Taxonomy, ids: Iterable[str]) -> tuple[str, ...]:
    """Names of leaves for people."""
    return tuple(taxonomy.name_of(i) for i in ids)


__all__ = ["Cause", "CauseResult", "CauseScorer", "Leaf", "ScorerSettings", "own_scorer"]
