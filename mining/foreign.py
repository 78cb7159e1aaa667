"""Another organisation's classes, given as a line of text each.

Their few words say little by themselves, so each class is read by our own scorer first: what its
description means in our leaves is what a record's leaves are then counted towards. Words of the
description that a record uses count as well. A class that means "anything else" gets what no other
class speaks for.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from math import fsum

from mining.causes import MOST_CAUSES, Cause, CauseResult, CauseScorer, Told, complete
from mining.cues import words_of
from mining.prepare import stem
from mining.records import IncidentRecord
from mining.stopwords import stop_words
from mining.taxonomy import Leaf, Taxonomy
from mining.text import Sentence, quote, sentences

NAME_SHARE = 2.0
WORD_SHARE = 0.3
LEAST_MEANT = 0.25
LEAST_PRIMARY = 0.10
CONTRIBUTING = 0.35

_REST = re.compile(
    r"\b(?:other|others|miscellaneous|misc|unknown|unclear|remaining|else|uncategori[sz]ed|"
    r"unclassified|none of|not (?:fit|listed|covered|specified))\b",
    re.IGNORECASE,
)
_EMPTY_WORDS = frozenset(
    [
        "related",
        "relate",
        "category",
        "class",
        "type",
        "incident",
        "include",
        "including",
        "example",
        "issue",
        "problem",
        "service",
        "system",
        "operation",
        "error",
        "failure",
        "fail",
        "introduced",
        "introduce",
        "wrong",
        "went",
        "any",
    ]
)


def is_rest(leaf: Leaf) -> bool:
    """Whether a class stands for whatever the others do not cover."""
    return bool(_REST.search(leaf.name.replace("_", " ")) or _REST.match(leaf.description))


class ForeignScorer:
    """Scores records against classes that come as text; same results as :class:`CauseScorer`."""

    def __init__(self, taxonomy: Taxonomy, own: CauseScorer) -> None:
        self.taxonomy = taxonomy
        self.own = own
        self._rest = [leaf.id for leaf in taxonomy.leaves if is_rest(leaf)]
        self._classes = [leaf for leaf in taxonomy.leaves if leaf.id not in self._rest]
        self._meant = {leaf.id: self._meaning(leaf) for leaf in self._classes}
        self._words = self._class_words()

    def _meaning(self, leaf: Leaf) -> dict[str, float]:
        """Our leaves that a class speaks of, the strongest as 1."""
        name = re.sub(r"[_-]+", " ", leaf.name)
        told = self.own.meaning(f"{name}. {leaf.description}")
        named = self.own.meaning(name)
        joined = {key: told[key] + NAME_SHARE * named[key] for key in told}
        top = max(joined.values(), default=0.0)
        if top <= 0:
            return {}
        return {key: value / top for key, value in joined.items() if value >= LEAST_MEANT * top}

    def _class_words(self) -> dict[str, dict[str, float]]:
        """Stems that set a class apart from the others, with their weight."""
        stops = stop_words() | _EMPTY_WORDS
        found = {
            leaf.id: {
                stem(w) for w in words_of(f"{leaf.name} {leaf.description}") if w not in stops
            }
            for leaf in self._classes
        }
        spread = Counter(word for words in found.values() for word in words)
        return {key: {w: 1 / spread[w] for w in words} for key, words in found.items()}

    def score(self, record: IncidentRecord) -> CauseResult:
        """The classes of one record, strongest first."""
        return self.score_sentences(record, sentences(record.text))

    def score_sentences(self, record: IncidentRecord, found: Sequence[Sentence]) -> CauseResult:
        """:meth:`score` of a record whose sentences are at hand."""
        told, scores, parts, stems = self._read(record, found)
        evidence = {key: self._evidence(key, told, parts, stems) for key in scores}
        return self._result(record, scores, evidence)

    def told(
        self,
        record: IncidentRecord,
        found: Sequence[Sentence],
        words: Sequence[list[str]] | None = None,
    ) -> Told:
        """What :meth:`score_sentences` finds, without its quotes."""
        _, scores, _, _ = self._read(record, found, words)
        result = self._result(record, scores, dict.fromkeys(scores, ""))
        return Told(tuple(cause.id for cause in result.causes), result.primary, scores)

    def _read(
        self,
        record: IncidentRecord,
        found: Sequence[Sentence],
        words: Sequence[list[str]] | None = None,
    ) -> tuple[Told, dict[str, float], list[str], list[set[str]]]:
        """Our leaves, the classes' scores, the sentences and their stems."""
        told = self.own.told(record, found, words)
        parts = [record.title, *(sentence.text for sentence in found)]
        stems = [{stem(word) for word in words_of(part)} for part in parts]
        scores = {leaf.id: self._score(leaf.id, told.scores, stems) for leaf in self._classes}
        for rest in self._rest:
            scores[rest] = self._unclaimed(told.scores)
        return told, scores, parts, stems

    def _score(self, key: str, leaves: Mapping[str, float], stems: Sequence[set[str]]) -> float:
        meant = self._meant[key]
        by_leaf = max((leaves[name] * share for name, share in meant.items()), default=0.0)
        words = self._words[key]
        hits = fsum(weight for word, weight in words.items() if any(word in s for s in stems))
        by_word = hits / (hits + 2.0)
        return by_leaf + WORD_SHARE * by_word * (1.0 if by_leaf == 0 else by_leaf + 0.3)

    def _unclaimed(self, leaves: Mapping[str, float]) -> float:
        """The strongest leaf that can name an incident and that no class speaks of."""
        claimed = {name for meant in self._meant.values() for name in meant}
        return max(
            (
                leaves[leaf.id] * leaf.precedence
                for leaf in self.own.taxonomy.leaves
                if leaf.id in leaves and leaf.primary and leaf.id not in claimed
            ),
            default=0.0,
        )

    def _evidence(
        self, key: str, told: Told, parts: Sequence[str], stems: Sequence[set[str]]
    ) -> str:
        meant = self._meant.get(key, {})
        best = max(meant, key=lambda name: (told.scores[name] * meant[name], name), default="")
        if best and told.scores[best] > 0:
            return quote(self.own.evidence(best, parts))
        words = self._words.get(key, {})
        at = max(range(len(parts)), key=lambda i: (sum(w in stems[i] for w in words), -i))
        return quote(parts[at])

    def _result(
        self, record: IncidentRecord, scores: Mapping[str, float], evidence: Mapping[str, str]
    ) -> CauseResult:
        order = sorted(scores, key=lambda key: (-scores[key], key))
        known = {leaf.id for leaf in self.taxonomy.leaves}
        given = [c for c in record.causes if c in known]
        causes = [Cause(c, 1.0, evidence.get(c, ""), "author") for c in given]
        causes += [
            Cause(key, round(min(1.0, scores[key]), 4), evidence[key])
            for key in order
            if scores[key] >= CONTRIBUTING and key not in given
        ]
        primary = given[0] if given else self._primary(order, scores)
        return CauseResult(record.id, tuple(causes[:MOST_CAUSES]), primary, scores)

    def _primary(self, order: Sequence[str], scores: Mapping[str, float]) -> str | None:
        if order and scores[order[0]] >= LEAST_PRIMARY:
            return order[0]
        return self._rest[0] if self._rest else None

    def score_all(self, records: Sequence[IncidentRecord]) -> list[CauseResult]:
        """One result per record, in order, each :func:`~mining.causes.complete`."""
        return [complete(self.score(record), record, self.speaks) for record in records]

    def speaks(self, key: str, record: IncidentRecord) -> str:
        """The sentence by which a record is of a class; blank for "anything else"."""
        if key in self._rest:
            return ""
        told, _, parts, stems = self._read(record, sentences(record.text))
        return self._evidence(key, told, parts, stems)


def scorer_for(taxonomy: Taxonomy | None) -> CauseScorer | ForeignScorer:
    """The scorer that fits a taxonomy: ours with its cues, or one that reads plain classes."""
    if taxonomy is None or not taxonomy.foreign:
        return CauseScorer(taxonomy)
    return ForeignScorer(taxonomy, CauseScorer())
