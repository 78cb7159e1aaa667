"""What kind of thing a noun names: a person, an AI, an organisation, or a system.

The lists are data (``lexicon/words.yaml``); the words next to a noun decide where one word names
both a person and a program: operator, manager, agent, cursor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rca.blameless.tokens import Sentence

PRONOUNS: Mapping[str, str] = {
    "i": "we",
    "we": "we",
    "us": "we",
    "me": "we",
    "you": "you",
    "he": "heshe",
    "she": "heshe",
    "they": "they",
    "it": "it",
    "this": "it",
    "nobody": "nobody",
    "noone": "nobody",
    "none": "nobody",
}
HUMAN = frozenset({"named", "person", "people", "we", "you", "heshe", "they", "customer"})
_AI_MADE = frozenset({"ai", "llm", "ai-powered", "coding", "agentic", "generative"})
PUNCTUATION = frozenset('.;:!?()[]—–|,-"“”')


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


def is_adverb(s: Sentence, k: int, lists: Mapping[str, frozenset[str]]) -> bool:
    """Whether token ``k`` looks like an adverb that may stand in a verb group."""
    if not 0 <= k < len(s.words):
        return False
    word = s.words[k]
    if word in lists["adverb"]:
        return True
    return word.endswith("ly") and len(word) > 4 and word not in lists["not_adverb"]


class NounReader:
    """Reads nouns with the lexicon's lists and this organisation's roster of names."""

    def __init__(self, nouns: Nouns, roster: frozenset[str] = frozenset()) -> None:
        self.nouns = nouns
        self.roster = roster
        lists = nouns.lists
        self._lists = lists
        self._det, self._prep, self._subord = lists["det"], lists["prep"], lists["subord"]
        self._coord, self._aux, self._modal = lists["coord"], lists["aux"], lists["modal"]

    def adverb(self, s: Sentence, k: int) -> bool:
        """Whether token ``k`` is an adverb."""
        return is_adverb(s, k, self._lists)

    def head_kind(self, s: Sentence, k: int) -> str:
        """Class of the noun at token ``k``, by itself and the words just before it."""
        word, nouns = s.words[k], self.nouns
        before = s.words[k - 1] if k else ""
        if before in nouns.ai and (
            word[0].isdigit()
            or (word in self._lists["ai_second"] and s.capital(k) and s.capital(k - 1))
        ):
            return "ai"
        if before in _AI_MADE and word in ("tool", "tools", "system", "reviewer"):
            return "ai"
        if word in nouns.maybe_person:
            plural = word.endswith("s")
            if word.startswith("member") and s.words[k + 1 : k + 2] == ["of"]:
                return "people" if plural else "person"
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
        if k and s.capital(k) and s.capital(k - 1) and word in self._lists["software_too"]:
            return "person" if before in self._lists["offices"] or before in self._det else "system"
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
        return before in self.nouns.software_modifiers and singular in self._lists["software_too"]

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
            return (
                first in self.nouns.given_names
                or first in self.roster
                or first in self._lists["titles"]
            )
        return False

    def phrase(self, s: Sentence, pos: int, classes: frozenset[str]) -> int:
        """End of a noun phrase of one of ``classes`` that begins at ``pos``, or ``pos``."""
        if pos < 0:
            return pos
        for k in range(pos, min(len(s.words), pos + 5)):
            word = s.words[k]
            if word in PUNCTUATION or word in self._prep or word in self._aux:
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
        if after in self._subord or after in self._coord or after in PUNCTUATION:
            return True
        if after in PRONOUNS or after == "to" or self.adverb(s, k + 1):
            return True
        return after.endswith(("ed", "ing")) or after in self.nouns.lists["finite"]
