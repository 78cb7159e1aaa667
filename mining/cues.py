"""Cue phrases: a small pattern language over words, matched through an index of first words.

``*`` ends a stem, ``|`` separates choices for one word, ``~`` stands for up to four words. One
pass over a sentence looks each word up once, whatever the number of cues.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import product
from operator import or_
from typing import Any

GAP = 4
GAP_SIGN = "~"
MOST_WORDS = 100_000
_WORDS = re.compile(r"[a-z0-9]+")
_APOSTROPHES = re.compile(r"['’`]")


def words_of(text: str) -> list[str]:
    """Lower-case words and numbers; apostrophes vanish, hyphens part."""
    lowered = text.lower()
    if "'" in lowered or "’" in lowered or "`" in lowered:
        lowered = _APOSTROPHES.sub("", lowered)
    return _WORDS.findall(lowered)


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


def _matches(parts: Sequence[int], signs: Sequence[int], at: int) -> bool:
    """Whether ``parts`` match the words from ``at`` on; each word comes as the bits that it fits.

    A part is one bit, or 0 for the gap.
    """
    for place, bit in enumerate(parts):
        if not bit:
            rest = parts[place + 1 :]
            return any(_matches(rest, signs, at + skip) for skip in range(GAP + 1))
        if at >= len(signs) or not bit & signs[at]:
            return False
        at += 1
    return True


_Begun = tuple[int, int, tuple[int, ...]]
"""A cue after its first word: payload, all bits that it needs, the bits in order."""


@dataclass(frozen=True, slots=True)
class Known:
    """What one word does: the bits that it fits, cues that it completes, cues that it begins."""

    bits: int
    whole: tuple[int, ...]
    begun: tuple[_Begun, ...]


_NOTHING = Known(0, (), ())


@dataclass(slots=True)
class _Entry:
    """One different part of a cue: its bit, the cues that it is, the cues that it begins."""

    bit: int
    whole: list[int] = field(default_factory=list)
    begun: list[_Begun] = field(default_factory=list)


class CueIndex:
    """Cues with a payload each, found in a sentence in one pass.

    Every different part of a cue is one bit. A word is looked up once, by itself and by its
    beginnings; a cue that it begins is tried only when the sentence holds all of its parts.
    """

    def __init__(self, cues: Iterable[tuple[str, int]]) -> None:
        self._entries: dict[_Word, _Entry] = {}
        self._exact: dict[str, list[_Entry]] = {}
        self._stems: dict[str, list[_Entry]] = {}
        for cue, payload in cues:
            for parts in _compile(cue):
                self._enter(cue, payload, parts)
        self._lengths = tuple(sorted({len(stem) for stem in self._stems}))
        self._known = _Lookup(self.look)

    def __getstate__(self) -> dict[str, Any]:
        """Without the words that were looked up: another process looks up its own."""
        return {**self.__dict__, "_known": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._known = _Lookup(self.look)

    def _enter(self, cue: str, payload: int, parts: list[_Part]) -> None:
        first, rest = parts[0], parts[1:]
        if first is None:
            raise ValueError(f"a cue can't begin with a gap: “{cue}”")
        begins = self._entry(first)
        if not rest:
            begins.whole.append(payload)
            return
        bits = tuple(0 if part is None else self._entry(part).bit for part in rest)
        begins.begun.append((payload, _together(bits), bits))

    def _entry(self, part: _Word) -> _Entry:
        found = self._entries.get(part)
        if found is None:
            found = self._entries[part] = _Entry(1 << len(self._entries))
            for word in part.exact:
                self._exact.setdefault(word, []).append(found)
            for beginning in part.stems:
                self._stems.setdefault(beginning, []).append(found)
        return found

    def look(self, word: str) -> Known:
        """What a word does in these cues."""
        fitting = list(self._exact.get(word, ()))
        for length in self._lengths:
            if length > len(word):
                break
            fitting += self._stems.get(word[:length], ())
        if not fitting:
            return _NOTHING
        entries = list({entry.bit: entry for entry in fitting}.values())
        return Known(
            _together(entry.bit for entry in entries),
            tuple(payload for entry in entries for payload in entry.whole),
            tuple(begun for entry in entries for begun in entry.begun),
        )

    def known(self, words: Sequence[str]) -> list[Known]:
        """What each of the words does, for :meth:`find_among`."""
        return list(map(self._known.__getitem__, words))

    def find(self, words: Sequence[str]) -> set[int]:
        """Payloads of the cues that stand in the words."""
        return self.find_among(self.known(words))

    def find_among(self, known: Sequence[Known]) -> set[int]:
        """:meth:`find` of words that have been looked up."""
        speaking = [(at, word) for at, word in enumerate(known) if word is not _NOTHING]
        if not speaking:
            return set()
        absent = ~_together([word.bits for _, word in speaking])
        hits: set[int] = set()
        signs: list[int] = []
        for at, word in speaking:
            if word.whole:
                hits.update(word.whole)
            for payload, needed, rest in word.begun:
                if needed & absent or payload in hits:
                    continue
                signs = signs or [one.bits for one in known]
                if _matches(rest, signs, at + 1):
                    hits.add(payload)
        return hits


class _Lookup(dict[str, Known]):
    """Words looked up once, up to a bound."""

    def __init__(self, look: Callable[[str], Known]) -> None:
        super().__init__()
        self._look = look

    def __missing__(self, word: str) -> Known:
        found = self._look(word)
        if len(self) < MOST_WORDS:
            self[word] = found
        return found


def _together(bits: Iterable[int]) -> int:
    return reduce(or_, bits, 0)
