"""Layer 1: which contributing causes a postmortem tells of, with the sentence that says so.

Deterministic and without labels: the taxonomy's wording is the model. Each sentence is scored
against each class by its cues and by shared vocabulary with the class's description; sentences
that explain weigh more than those that tell what was done afterwards.
"""

import math
import re
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
EXPLAINS = 1.6
FROM_AUTHOR = 1.0

_EXPLAINS = re.compile(
    r"\b(?:caus(?:e|ed|ing)\b|due to|because|root cause|trigger|led to|lead to|result(?:ed|ing)? (?:in|from)|"
    r"as a result|the (?:issue|problem|fault|error) was|turned out|determined|identified|"
    r"investigation|owing to|stemm|attribut|introduced|underlying|contributing)",
    re.IGNORECASE,
)


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

    def _raw(self, text: str) -> list[float]:
        """Cue weight per leaf in one sentence, unbounded."""
        found = [0.0] * len(self._leaves)
        for number in self._index.find(words_of(text)):
            leaf, weight = self._weights[number]
            found[leaf] += weight
        return found

    def score(self, record: IncidentRecord) -> CauseResult:
        """The causes of one record, strongest first."""
        parts = sentences(record.text)
        if record.title:
            parts = (Sentence(record.title, 0, 0, "title"), *parts)
        totals = [0.0] * len(self._leaves)
        best = [(0.0, "")] * len(self._leaves)
        for part in parts:
            weight = _sentence_weight(part)
            for leaf, raw in enumerate(self._raw(part.text)):
                if raw:
                    value = weight * raw / (raw + 3.0)
                    totals[leaf] += value * value
                    best[leaf] = max(best[leaf], (value, part.text), key=lambda pair: pair[0])
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
        chosen = [Cause(c, FROM_AUTHOR, quote(quotes.get(c, "")), "author") for c in record.causes]
        found = [
            Cause(name, round(score, 4), quote(quotes[name]))
            for name, score in sorted(squashed.items(), key=lambda pair: (-pair[1], pair[0]))
            if score >= self.settings.contributing and name not in record.causes
        ]
        causes = tuple((chosen + found)[: max(self.settings.most, len(chosen))])
        primary = record.causes[0] if record.causes else self._primary(squashed)
        return CauseResult(record.id, causes, primary, squashed)

    def _primary(self, scores: Mapping[str, float]) -> str | None:
        carried = {leaf.id: scores[leaf.id] for leaf in self._leaves if leaf.primary}
        for leaf in self._leaves:
            if not leaf.primary and leaf.primary_as in carried:
                lifted = 0.7 * scores[leaf.id]
                carried[leaf.primary_as] = max(carried[leaf.primary_as], lifted)
        if not carried:
            return None
        name = max(carried, key=lambda leaf: (carried[leaf], leaf))
        return name if carried[name] >= self.settings.primary else None


def _sentence_weight(sentence: Sentence) -> float:
    if sentence.role == "title":
        return TITLE_WEIGHT
    weight = ROLE_WEIGHTS[sentence.role]
    return weight * EXPLAINS if _EXPLAINS.search(sentence.text) else weight


@cache
def own_scorer() -> CauseScorer:
    """The scorer of the product's own taxonomy."""
    return CauseScorer()


def leaf_names(taxonomy: Taxonomy, ids: Iterable[str]) -> tuple[str, ...]:
    """Names of leaves for people."""
    return tuple(taxonomy.name_of(i) for i in ids)


__all__ = ["Cause", "CauseResult", "CauseScorer", "Leaf", "ScorerSettings", "own_scorer"]
