"""A learned reader of the leading cause, trained on causes that authors confirmed.

It reads the words of a record and the zero-label scorer's own scores, one logistic regression per
class. Contributing causes stay the scorer's: only what was measured is replaced. Whether it may
work at all is decided in :mod:`mining.takeover`.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mining.causes import Cause, CauseResult, CauseScorer, Told, complete
from mining.foreign import ForeignScorer
from mining.prepare import Prepared, prepare, stem
from mining.records import IncidentRecord
from mining.taxonomy import Taxonomy
from mining.text import Sentence, quote

Base = CauseScorer | ForeignScorer
LEAST_OF_CLASS = 5
"""A class with fewer confirmed records stays with the scorer."""
UNSURE, RARE_GIVES_WAY = 0.5, 0.6
"""Under the first the scorer's answer stands, "uncertain" included; under the second, where that
answer is a class which the model never learned."""
_STRENGTH = 1.0


def unlabelled(record: IncidentRecord) -> IncidentRecord:
    """The record without what its author chose."""
    return replace(record, causes=()) if record.causes else record


def stems_of(item: Prepared) -> list[str]:
    """The masked words that the model reads."""
    return [stem(word) for word in item.full.split()]


class LeadingCause:
    """One logistic regression per class over words and the scorer's scores.

    Parameters
    ----------
    least : int
        Classes with fewer training records are not learned.

    Attributes
    ----------
    classes_ : tuple of str
        The classes that were learned, sorted; empty when none was frequent enough.
    """

    def __init__(self, least: int = LEAST_OF_CLASS) -> None:
        self.least = least

    def fit(
        self, stems: Sequence[Sequence[str]], told: Sequence[Told], labels: Sequence[str]
    ) -> "LeadingCause":
        """Learn from stems, the scorer's results and the confirmed class of each record."""
        import numpy as np
        from scipy import sparse
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression

        counted = Counter(labels)
        frequent = sorted(name for name, n in counted.items() if self.least <= n < len(labels))
        self.classes_ = tuple(frequent)
        self._leaves = sorted(told[0].scores) if told else []
        if not self.classes_:
            return self
        self._words = TfidfVectorizer(analyzer=list, sublinear_tf=True, min_df=2)
        rows = sparse.hstack([self._words.fit_transform(stems), self._scored(told)]).tocsr()
        self._models = []
        for name in self.classes_:
            is_it = np.array([label == name for label in labels], dtype=int)
            model = LogisticRegression(C=_STRENGTH, solver="liblinear", class_weight="balanced")
            self._models.append(model.fit(rows, is_it))
        return self

    def _scored(self, told: Sequence[Told]) -> Any:
        from scipy import sparse

        return sparse.csr_matrix([[one.scores[leaf] for leaf in self._leaves] for one in told])

    def chances(self, stems: Sequence[Sequence[str]], told: Sequence[Told]) -> Any:
        """One row per record, one column per class: how strongly the model leans to it, 0 to 1."""
        import numpy as np
        from scipy import sparse

        if not self.classes_ or not stems:
            return np.zeros((len(stems), len(self.classes_)))
        rows = sparse.hstack([self._words.transform(stems), self._scored(told)]).tocsr()
        return np.column_stack([model.predict_proba(rows)[:, 1] for model in self._models])

    def choose(self, chances: Any, primary: str | None) -> tuple[str | None, float]:
        """The leading cause of one record out of its row of :meth:`chances`, and how strongly."""
        if not self.classes_:
            return primary, 0.0
        at = max(range(len(chances)), key=lambda place: chances[place])
        strength = float(chances[at])
        rare = primary is not None and primary not in self.classes_
        if strength < (RARE_GIVES_WAY if rare else UNSURE):
            return primary, 0.0
        return self.classes_[at], strength

    def weight_of(self, name: str, words: Sequence[str]) -> float:
        """How far words speak for a class that was learned."""
        weights = self._models[self.classes_.index(name)].coef_[0]
        known = self._words.vocabulary_
        chosen = [known[word] for word in sorted(set(words)) if word in known]
        return float(sum(weights[at] * self._words.idf_[at] for at in chosen))


class LearnedScorer:
    """The zero-label scorer with a learned leading cause before it. The author's choice wins."""

    def __init__(self, base: Base, model: LeadingCause) -> None:
        self.base, self.model = base, model

    @property
    def taxonomy(self) -> Taxonomy:
        """The taxonomy that both know."""
        return self.base.taxonomy

    def score(self, record: IncidentRecord) -> CauseResult:
        """The causes of one record, the leading one first."""
        return self.score_item(prepare(record))

    def score_all(self, records: Sequence[IncidentRecord]) -> list[CauseResult]:
        """One result per record, in order, each :func:`~mining.causes.complete`."""
        speaks = self.base.speaks
        return [complete(self.score(record), record, speaks) for record in records]

    def score_item(self, item: Prepared) -> CauseResult:
        """:meth:`score` of a record that is prepared already."""
        result = self.base.score_sentences(item.record, item.sentences)
        chosen, strength = self._chosen(item, Told((), result.primary, result.scores))
        if chosen is None:
            return result
        first = Cause(chosen, round(strength, 4), self._evidence(item, result, chosen), "learned")
        rest = [cause for cause in result.causes if cause.id != chosen]
        return replace(result, causes=(first, *rest), primary=chosen)

    def told(self, item: Prepared, parts: Sequence[Sentence], words: Sequence[list[str]]) -> Told:
        """What :meth:`score_item` finds, without its quotes; the sentences are at hand."""
        told = self.base.told(item.record, parts, words)
        chosen, _ = self._chosen(item, told)
        if chosen is None:
            return told
        rest = [name for name in told.causes if name != chosen]
        return Told((chosen, *rest), chosen, told.scores)

    def _chosen(self, item: Prepared, told: Told) -> tuple[str | None, float]:
        """The leading cause that the model names, and how strongly; ``None`` where it does not."""
        if item.record.causes:
            return None, 0.0
        chances = self.model.chances([stems_of(item)], [told])
        chosen, strength = self.model.choose(chances[0], told.primary)
        return (chosen, strength) if strength else (None, 0.0)

    def _evidence(self, item: Prepared, told: CauseResult, chosen: str) -> str:
        """The scorer's sentence for the class, or the one whose words weigh most in the model."""
        known = next((cause.evidence for cause in told.causes if cause.id == chosen), "")
        if known:
            return known
        texts = [sentence.text for sentence in item.sentences] or [item.record.title]
        lines = [[stem(word) for word in line.split()] for line in item.lines] or [[]]
        weights = [self.model.weight_of(chosen, line) for line in lines]
        return quote(texts[weights.index(max(weights))])
