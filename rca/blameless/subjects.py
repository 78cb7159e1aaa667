"""Who a sentence is about: the class of the noun phrase that a predicate belongs to.

The same "failed to" blames an engineer and describes a disk, so this decides most findings.
There is no parser: the phrase before the verb is read backwards over a few words, and what
can't be told is SYSTEM or UNKNOWN, on which every rule is silent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from rca.blameless.tokens import Sentence

PRONOUNS: Mapping[str, str] = {
    "i": "we", "we": "we", "us": "we", "me": "we", "you": "you", "he": "heshe", "she": "heshe",
    "they": "they", "it": "it", "this": "it", "nobody": "nobody", "noone": "nobody", "none": "nobody",
}  # fmt: skip
_OWNERS = {"my": "we", "our": "we", "your": "you", "his": "heshe", "her": "heshe", "their": "they",
           "its": "it"}  # fmt: skip
_REACH = 7
_BE = frozenset(["was", "were", "is", "are", "be", "been", "being", "am", "got", "gets", "'s"])
_PUNCTUATION = frozenset('.;:!?()[]—–|,-"“”')
_STRONG = frozenset(".;:!?([—–|")
HUMAN = frozenset({"named", "person", "people", "we", "you", "heshe", "they", "customer"})


@dataclass(frozen=True, slots=True)
class Nouns:
    """The lexicon's noun classes and the lists that tell neighbours apart."""

    person: frozenset[str]
    people: frozenset[str]
    customer: frozenset[str]
    ai: frozenset[str]
    agent: frozenset[str]
    org: frozenset[str]
    given_names: frozenset[str]
    ai_modifiers: frozenset[str]
    system_modifiers: frozenset[str]
    system_context: frozenset[str]
    operator_modifiers: frozenset[str]
    software_modifiers: frozenset[str]
    person_with: frozenset[str]
    maybe_person: frozenset[str]
    lists: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Subject:
    """Class of a subject, the token at which it begins, and whether a form of be follows it."""

    kind: str
    start: int
    passive: bool = False


_NONE = "unknown"


class SubjectFinder:
    """Reads noun phrases with the lexicon's nouns and this organisation's roster of names."""

    def __init__(self, nouns: Nouns, roster: frozenset[str] = frozenset()) -> None:
        self.nouns = nouns
        self.roster = roster
        lists = nouns.lists
        self._det, self._prep, self._subord = lists["det"], lists["prep"], lists["subord"]
        self._coord, self._aux, self._modal = lists["coord"], lists["aux"], lists["modal"]

    # -- the subject of a verb group ------------------------------------------------------

    def before(self, s: Sentence, index: int) -> Subject:
        """The subject of the verb group that begins at token ``index``."""
        j = self._skip_verb_group(s, index - 1)
        found = self._at_verb(s, index, j)
        if any(word in _BE for word in s.words[max(0, j + 1) : index]):
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
            and (s.words[j] in self._aux or s.words[j] == "not" or is_adverb(s, j))
        ):
            j -= 1
            steps += 1
        return j

    def _only_stamp(self, s: Sentence, j: int) -> bool:
        """Nothing but a time, list mark or punctuation stands before."""
        return j <= 6 and all(
            word in _PUNCTUATION or word[0].isdigit() or word in ("utc", "*", "#", "+")
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
            adjunct = word in self._prep or word[:1].isdigit() or is_adverb(s, start)
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
            if left in _PUNCTUATION or left in self._aux or left in PRONOUNS:
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
        if s.words[prep] == "of" and word in ("one", "some", "two", "both", "all", "most", "any",
                                              "each", "several", "many", "few"):  # fmt: skip
            return None
        if s.words[prep] == "of" and word == "none":
            return Subject("nobody", prep - 1)
        if word in self._subord or word in self._coord or word in _PUNCTUATION:
            return None
        if word in PRONOUNS:
            return Subject(PRONOUNS[word], prep - 1)
        if s.words[prep] in ("after", "before", "during", "by", "without", "when"):
            kind = self.head_kind(s, prep - 1)
            return Subject(kind, prep - 1) if kind != "system" else None
        return self.ending_at(s, prep - 1)

    def _modified(self, s: Sentence, start: int) -> Subject | None:
        """A person first, then what they were busy with: *an engineer working on the database*."""
        begin = self._past_adjuncts(s, self._clause_start(s, start), start)
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

    def head_kind(self, s: Sentence, k: int) -> str:
        """Class of the noun at token ``k``, by itself and the words just before it."""
        word, nouns = s.words[k], self.nouns
        before = s.words[k - 1] if k else ""
        if before in nouns.ai and (
            word[0].isdigit() or (word in _AI_SECOND and s.capital(k) and s.capital(k - 1))
        ):
            return "ai"
        if word in nouns.maybe_person:
            plural = word.endswith("s")
            return ("people" if plural else "person") if before in nouns.person_with else "system"
        if word in nouns.person:
            return self._person(s, k, before)
        if word in nouns.people:
            return "system" if self._software(word, before) else "people"
        if word in nouns.customer:
            return "customer"
        if word in nouns.agent:
            return self._agent(s, k, before)
        if word in nouns.ai:
            return self._ai(s, k, before)
        if word in nouns.org:
            return "org"
        if word in PRONOUNS:
            return PRONOUNS[word]
        return "named" if self._is_name(s, k) else "system"

    def _person(self, s: Sentence, k: int, before: str) -> str:
        word = s.words[k]
        if self._software(word, before):
            return "system"
        if k and s.capital(k) and s.capital(k - 1) and word in _SOFTWARE_TOO:
            return "person" if before in _OFFICES or before in self._det else "system"
        if word in ("operator", "controller") and before in self.nouns.operator_modifiers:
            return "system"
        if word in ("operator", "author", "owner") and k and s.capital(k - 1) and not s.capital(k):
            # "the Prometheus operator" is software; "a GitLab engineer" is not.
            return "system" if word == "operator" and before not in self._det else "person"
        if word in ("lead", "chief", "guide") and before in ("to", "can", "could", "would", "will"):
            return "system"
        if (word == "human" and before in ("a", "the", "")) or word != "human":
            return "person"
        return "system"

    def _software(self, word: str, before: str) -> bool:
        singular = word.removesuffix("s")
        return before in self.nouns.software_modifiers and singular in _SOFTWARE_TOO

    def _agent(self, s: Sentence, k: int, before: str) -> str:
        if before in self.nouns.ai or (k > 1 and s.words[k - 2] in self.nouns.ai):
            return "ai"
        if before in self.nouns.system_modifiers:
            return "people" if before in ("support", "call", "customer", "travel") else "system"
        strong = {"ai", "coding", "autonomous", "llm", "language", "generative", "agentic",
                  "ai-powered", "ai-driven", "replit", "replit's", "chat", "reasoning"}  # fmt: skip
        if before in strong or (s.words[max(0, k - 1)] == "'s" and k > 1 and s.words[k - 2] in (
            "replit", "openai", "anthropic", "google", "github",
        )):  # fmt: skip
            return "ai"
        if before and s.capital(k - 1) and before not in self.nouns.ai_modifiers:
            return "system"
        if not self.nouns.system_context.isdisjoint(s.words):
            return "system"
        return "agent"

    def _ai(self, s: Sentence, k: int, before: str) -> str:
        word = s.words[k]
        if word == "cursor" and (before in self._det or not s.capital(k)):
            return "system"
        if word in ("ai", "llm", "llms") or not s.text.isascii():
            return "ai"
        if word in ("opus", "haiku", "sonnet", "goose-agent", "llama", "roo", "bing", "lovable",
                    "gemini", "mistral", "jules", "bard", "cody", "devin", "codex"):  # fmt: skip
            return "ai" if s.capital(k) else "system"
        return "ai"

    def _is_name(self, s: Sentence, k: int) -> bool:
        word = s.words[k]
        if word[0] == "@" and len(word) > 2:
            return True
        if not s.capital(k):
            return False
        if word in self.roster or word in self.nouns.given_names:
            return True
        if k and s.capital(k - 1):
            first = s.words[k - 1]
            return first in self.nouns.given_names or first in self.roster or first in _TITLES
        return False

    # -- other roles ----------------------------------------------------------------------

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
            if word in self._det or word in self._prep or word in _PUNCTUATION:
                break
            k -= 1
        return Subject(_NONE, index)

    def phrase(self, s: Sentence, pos: int, classes: frozenset[str]) -> int:
        """End of a noun phrase of one of ``classes`` that begins at ``pos``, or ``pos``."""
        if pos < 0:
            return pos
        for k in range(pos, min(len(s.words), pos + 5)):
            word = s.words[k]
            if word in _PUNCTUATION or word in self._prep or word in self._aux:
                return pos
            kind = self.head_kind(s, k)
            if kind in classes and self._ends_phrase(s, k):
                return k + 1
        return pos

    def _ends_phrase(self, s: Sentence, k: int) -> bool:
        """Whether the noun at ``k`` is the last of its phrase and not a modifier."""
        if k + 1 >= len(s.words):
            return True
        after = s.words[k + 1]
        if s.words[k] in PRONOUNS:
            return True
        if after in ("'s", "'", "’"):
            return False
        if after in self._det or after in self._prep or after in self._aux or after in self._modal:
            return True
        if after in self._subord or after in self._coord or after in _PUNCTUATION:
            return True
        if after in PRONOUNS or after == "to" or is_adverb(s, k + 1):
            return True
        return after.endswith(("ed", "ing")) or after in self.nouns.lists["finite"]


_AI_SECOND = frozenset(["code", "cli", "chat", "composer", "ai", "agent", "desktop", "workspace"])
_SOFTWARE_TOO = frozenset(["manager", "operator", "worker", "director", "administrator", "dispatcher", "inspector", "author", "editor", "commander", "reviewer", "controller", "coordinator", "responder", "tester"])  # fmt: skip
_OFFICES = frozenset(["incident", "release", "engineering", "product", "project", "site", "duty", "operations", "delivery", "plant", "shift", "it", "security", "support", "platform", "account", "general", "senior", "code"])  # fmt: skip
_TITLES = frozenset({"mr", "mrs", "ms", "dr"})
_ADVERBS = frozenset(
    [
        "also",
        "just",
        "then",
        "even",
        "still",
        "never",
        "simply",
        "only",
        "once",
        "twice",
        "again",
        "almost",
        "already",
        "soon",
        "later",
        "first",
        "both",
        "all",
        "himself",
        "herself",
        "themselves",
        "ourselves",
        "myself",
        "always",
        "often",
        "sometimes",
        "therefore",
        "instead",
        "straight",
        "up",
        "somehow",
        "too",
        "clearly",
    ]
)
_NOT_ADVERBS = frozenset(
    ["only", "supply", "apply", "reply", "family", "assembly", "anomaly", "early", "daily"]
)


def is_adverb(s: Sentence, k: int) -> bool:
    """Whether token ``k`` looks like an adverb that may stand in a verb group."""
    if not 0 <= k < len(s.words):
        return False
    word = s.words[k]
    if word in _ADVERBS:
        return True
    return word.endswith("ly") and len(word) > 4 and word not in _NOT_ADVERBS
