"""Cue phrases: a small pattern language over words, matched through an index of first words.

``*`` ends a stem, ``|`` separates choices for one word, ``~`` stands for up to four words. One
pass over a sentence looks each word up once, whatever the number of cues.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

GAP = 4
GAP_SIGN = "~"
_WORDS = re.compile(r"[a-z0-9]+")
_APOSTROPHES = re.compile(r"['’`]")


def words_of(text: str) -> list[str]:
    """Lower-case words and numbers; apostrophes vanish, hyphens part."""
    return _WORDS.findall(_APOSTROPHES.sub("", text.lower()))


@dataclass(frozen=True, slots=True)
class _Word:
    exact: frozenset[str]
    stems: tuple[str, ...]

    def fits(self, word: str) -> bool:
        return word in self.exact or (bool(self.stems) and word.startswith(self.stems))


_Part = _Word | None
"""A word, or ``None`` for the gap."""


def _word(choices: Iterable[str]) -> _Word:
    chosen = list(choices)
    exact = frozenset(choice for choice in chosen if not choice.endswith("*"))
    return _Word(exact, tuple(choice[:-1] for choice in chosen if choice.endswith("*")))


def _expand(token: str) -> list[list[_Part]]:
    """The parts that one written token stands for; hyphenated choices become words of their own."""
    if token == GAP_SIGN:
        return [[None]]
    choices = _APOSTROPHES.sub("", token.lower()).split("|")
    plain = [choice for choice in choices if "-" not in choice]
    ways: list[list[_Part]] = [[_word(plain)]] if plain else []
    hyphened = [choice.split("-") for choice in choices if "-" in choice]
    return ways + [[_word([piece]) for piece in pieces if piece] for pieces in hyphened]


def _compile(cue: str) -> list[list[_Part]]:
    parts = [_expand(token) for token in cue.split()]
    return [[part for way in combination for part in way] for combination in product(*parts)]


def _matches(parts: Sequence[_Part], words: Sequence[str], at: int) -> bool:
    """Whether ``parts`` match the words from ``at`` on."""
    if not parts:
        return True
    first, rest = parts[0], parts[1:]
    if first is None:
        return any(_matches(rest, words, at + skip) for skip in range(GAP + 1))
    return at < len(words) and first.fits(words[at]) and _matches(rest, words, at + 1)


_Entry = tuple[int, list[_Part]]


class CueIndex:
    """Cues with a payload each, found in a sentence in one pass.

    A word is looked up by itself and by its beginnings, so that a vocabulary of any size costs a
    few dictionary reads a word.
    """

    def __init__(self, cues: Iterable[tuple[str, int]]) -> None:
        self._exact: dict[str, list[_Entry]] = {}
        self._stems: dict[str, list[_Entry]] = {}
        for cue, payload in cues:
            for parts in _compile(cue):
                self._enter(cue, payload, parts)
        self._longest = max(map(len, self._stems), default=0)
        self._by_word: dict[str, tuple[_Entry, ...]] = {}

    def _enter(self, cue: str, payload: int, parts: list[_Part]) -> None:
        first, entry = parts[0], (payload, parts[1:])
        if first is None:
            raise ValueError(f"a cue can't begin with a gap: “{cue}”")
        for word in first.exact:
            self._exact.setdefault(word, []).append(entry)
        for beginning in first.stems:
            self._stems.setdefault(beginning, []).append(entry)

    def _candidates(self, word: str) -> tuple[_Entry, ...]:
        found = self._by_word.get(word)
        if found is None:
            entries = list(self._exact.get(word, ()))
            for length in range(1, min(len(word), self._longest) + 1):
                entries += self._stems.get(word[:length], ())
            found = tuple(entries)
            if len(self._by_word) < 100_000:
                self._by_word[word] = found
        return found

    def find(self, words: Sequence[str]) -> set[int]:
        """Payloads of the cues that stand in the words."""
        hits: set[int] = set()
        for at, word in enumerate(words):
            for payload, rest in self._candidates(word):
                if payload not in hits and (not rest or _matches(rest, words, at + 1)):
                    hits.add(payload)
        return hits
