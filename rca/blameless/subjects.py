"""Who a sentence is about: the class of the noun phrase that a predicate belongs to.

The same "failed to" blames an engineer and describes a disk, so this decides most findings.
There is no parser: the phrase before the verb is read backwards over a few words, and what
can't be told is SYSTEM or UNKNOWN, on which every rule is silent.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from rca.blameless.nouns import HUMAN, PRONOUNS, PUNCTUATION, NounReader
from rca.blameless.tokens import Sentence

_OWNERS = {
    "my": "we",
    "our": "we",
    "your": "you",
    "his": "heshe",
    "her": "heshe",
    "their": "they",
    "its": "it",
}
_REACH = 7
_STRONG = frozenset(".;:!?([—–|")
_NONE = "unknown"
# What may stand before *of the team* and leave the team the subject.
_SOME = frozenset(
    [
        "one",
        "some",
        "two",
        "both",
        "all",
        "most",
        "any",
        "each",
        "several",
        "many",
        "few",
        "half",
        "part",
        "rest",
        "either",
    ]
)


@dataclass(frozen=True, slots=True)
class Subject:
    """Class of a subject, the token at which it begins, and whether a form of be follows it."""

    kind: str
    start: int
    passive: bool = False


class SubjectFinder(NounReader):
    """Reads noun phrases with the lexicon's nouns and this organisation's roster of names."""

    # -- the subject of a verb group ------------------------------------------------------

    def before(self, s: Sentence, index: int) -> Subject:
        """The subject of the verb group that begins at token ``index``."""
        j = self._skip_verb_group(s, index - 1)
        found = self._at_verb(s, index, j)
        if any(word in self._lists["be"] for word in s.words[max(0, j + 1) : index]):
            found = replace(found, passive=True)
        if found.kind == "it" and self.first_in_clause(s, found.start).kind == "ai":
            return replace(found, kind="it-ai")
        return found

    def _at_verb(self, s: Sentence, index: int, j: int) -> Subject:
        if j < 0 or self._only_stamp(s, j):
            return Subject("elided", index)
        word = s.words[j]
        if word in self._modal:
            return Subject("modal", index)
        if word == "to":
            return Subject("infinitive", index)
        if word in ("who", "which", "that"):
            return self._antecedent(s, j)
        if word in self._coord or word == ",":
            return self._coordinated(s, j)
        if word in (")", "—", "–"):
            return self._past_aside(s, j)
        return self.ending_at(s, j)

    def _skip_verb_group(self, s: Sentence, j: int) -> int:
        steps = 0
        while (
            j >= 0
            and steps < 6
            and (s.words[j] in self._aux or s.words[j] == "not" or self.adverb(s, j))
        ):
            j -= 1
            steps += 1
        return j

    def _only_stamp(self, s: Sentence, j: int) -> bool:
        """Nothing but a time, list mark or punctuation stands before."""
        return j <= 6 and all(
            word in PUNCTUATION or word[0].isdigit() or word in ("utc", "*", "#", "+")
            for word in s.words[: j + 1]
        )

    def _antecedent(self, s: Sentence, j: int) -> Subject:
        word = s.words[j]
        k = j - 1
        if k >= 0 and s.words[k] == ",":
            k -= 1
        found = self.ending_at(s, k) if k >= 0 else Subject(_NONE, j)
        if found.kind in ("system", _NONE, "org", "infinitive") and word == "who":
            # Who is a person, whatever the noun before it is called.
            return Subject("person", j)
        if k < 0 and word == "that":
            return Subject("it", j)
        return Subject(found.kind, j if word == "who" else found.start)

    def _coordinated(self, s: Sentence, j: int) -> Subject:
        """The verb shares an earlier verb's subject, or stands after an aside."""
        if s.words[j] == ",":
            if j <= 2:
                return Subject("elided", j + 1)
            k = j - 1
            while k > max(0, j - 14) and s.words[k] != ",":
                k -= 1
            if k > 0 and s.words[k] == ",":
                found = self.ending_at(s, k - 1)
                if found.kind not in ("system", _NONE):
                    return found
        return self.first_in_clause(s, j)

    def _past_aside(self, s: Sentence, j: int) -> Subject:
        opening = {")": "(", "—": "—", "–": "–"}[s.words[j]]
        k = j - 1
        while k > max(0, j - 14) and s.words[k] != opening:
            k -= 1
        if k > 0 and s.words[k] == opening:
            return self.ending_at(s, k - 1)
        return Subject(_NONE, j)

    def first_in_clause(self, s: Sentence, j: int) -> Subject:
        """The first noun phrase of the clause in which token ``j`` stands."""
        begin = self._clause_start(s, j)
        if begin >= j and begin > 1:
            begin = self._clause_start(s, begin - 1)
        start = self._past_adjuncts(s, begin, j)
        for k in range(start, min(j, start + 10)):
            word = s.words[k]
            if word in PRONOUNS:
                return Subject(PRONOUNS[word], k)
            if word in self._prep or word in self._aux or word in _STRONG:
                break
            kind = self.head_kind(s, k)
            if kind != "system" and self._ends_phrase(s, k):
                return Subject(kind, k)
            if k > start and word.endswith("ed"):
                break
        return Subject("system", j)

    def _past_adjuncts(self, s: Sentence, start: int, j: int) -> int:
        """Where the clause goes on after *On Monday, at 10:02,* and the like."""
        for _ in range(4):
            word = s.words[start] if start < j else ""
            adjunct = word in self._prep or word[:1].isdigit() or self.adverb(s, start)
            if not adjunct and not word.endswith("ing") and word not in ("following", "and", "but"):
                return start
            comma = next((k for k in range(start, j - 1) if s.words[k] == ","), None)
            if comma is None:
                return start
            start = comma + 1
        return start

    def _clause_start(self, s: Sentence, j: int) -> int:
        for k in range(j - 1, max(-1, j - 40), -1):
            if s.words[k] in _STRONG or s.words[k] in self._subord:
                return k + 1
        return max(0, j - 40)

    # -- noun phrases ---------------------------------------------------------------------

    def ending_at(self, s: Sentence, j: int) -> Subject:
        """Class of the noun phrase whose last word is token ``j``."""
        if j < 0:
            return Subject("elided", 0)
        word = s.words[j]
        if word in PRONOUNS:
            return Subject(PRONOUNS[word], j)
        start, boundary = self._phrase_start(s, j)
        kind = self.head_kind(s, j)
        if (s.words[start] in ("no", "neither", "not") and kind != "system") or (
            word == "one" and j and s.words[j - 1] == "no"
        ):
            return Subject("nobody", start)
        if boundary >= 0 and self._gerund(s, boundary):
            return Subject("system", boundary)
        if boundary >= 0 and s.words[boundary] in self._prep:
            outer = self._before_preposition(s, boundary)
            if outer is not None:
                return outer
        if kind == "system":
            outer = self._modified(s, start)
            if outer is not None:
                return outer
        return Subject(kind, start)

    def _phrase_start(self, s: Sentence, j: int) -> tuple[int, int]:
        """First token of the phrase, and the token that bounds it on the left."""
        k = j
        while k > 0 and j - k < _REACH:
            left = s.words[k - 1]
            if left in self._det or left in ("neither", "not"):
                return k - 1, k - 2
            if left in self._prep or left in self._subord or left in self._coord:
                return k, k - 1
            if left in PUNCTUATION or left in self._aux or left in PRONOUNS:
                return k, k - 1
            if self._gerund(s, k - 1):
                return k, k - 1
            k -= 1
        return k, k - 1

    def _gerund(self, s: Sentence, k: int) -> bool:
        """*Appointing a manager* could have helped: the act is the subject, not the manager."""
        if not s.words[k].endswith("ing") or len(s.words[k]) < 6:
            return False
        return k == 0 or s.words[k - 1] in _STRONG or s.words[k - 1] in self._subord

    def _before_preposition(self, s: Sentence, prep: int) -> Subject | None:
        """The phrase that a prepositional one hangs on: the engineer *on the team*."""
        if prep == 0:
            return None
        word = s.words[prep - 1]
        if s.words[prep] == "of" and word in _SOME:
            return None
        if s.words[prep] == "of" and word == "none":
            return Subject("nobody", prep - 1)
        if word in self._subord or word in self._coord or word in PUNCTUATION:
            return None
        if word in PRONOUNS:
            return Subject(PRONOUNS[word], prep - 1)
        if self._finite(s, prep - 1):
            # "The loss resulted from an employee's mistake": the phrase belongs to a verb.
            return None
        if s.words[prep] in ("after", "before", "during", "by", "without", "when"):
            kind = self.head_kind(s, prep - 1)
            return Subject(kind, prep - 1) if kind != "system" else None
        return self.ending_at(s, prep - 1)

    def _modified(self, s: Sentence, start: int) -> Subject | None:
        """A person first, then what they were busy with: *an engineer working on the database*."""
        clause = self._clause_start(s, start)
        if clause and s.words[clause - 1] == "who":
            return self._relative(s, clause, start)
        begin = self._past_adjuncts(s, clause, start)
        for k in range(begin, min(start, begin + 6)):
            kind = self.head_kind(s, k)
            if kind in HUMAN or kind in ("ai", "agent"):
                after = s.words[k + 1] if k + 1 < len(s.words) else ""
                if after.endswith("ing") or after in ("who", "tasked", "assigned", "responsible"):
                    return Subject(kind, k)
                return None
            if s.words[k] in self._prep or s.words[k] in self._aux:
                return None
        return None

    def _relative(self, s: Sentence, clause: int, start: int) -> Subject | None:
        """The developer *who merged the flag*: what follows is about the developer."""
        if not any(self._finite(s, k) for k in range(clause, start)):
            return None
        if clause > 1 and s.words[clause - 2] == "those":
            return None
        found = self._antecedent(s, clause - 1)
        return found if found.kind in HUMAN else None

    def _finite(self, s: Sentence, k: int) -> bool:
        """Whether token ``k`` looks like a verb in the past."""
        word = s.words[k]
        if word in self._lists["action_verb"] or word in self._lists["finite"]:
            return True
        return word.endswith("ed") and len(word) > 4 and word not in self._lists["not_participles"]

    def owner(self, s: Sentence, index: int) -> Subject:
        """Who owns the noun at ``index``: *Ana's* mistake, *our* fault."""
        k = index - 1
        for _ in range(3):
            if k < 0:
                break
            word = s.words[k]
            if word in _OWNERS:
                return Subject(_OWNERS[word], k)
            if word == "'s" or (word in ("'", "’") and k and s.words[k - 1].endswith("s")):
                return self.ending_at(s, k - 1)
            if word in self._det or word in self._prep or word in PUNCTUATION:
                break
            k -= 1
        return Subject(_NONE, index)
