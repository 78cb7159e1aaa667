"""Sentences as lists of lower-case tokens with their places in the text.

Parallel lists and not a list of token objects, and places only once somebody asks for them: most
sentences are read and left, and the reviewer reads megabytes in a commit hook.
"""

from __future__ import annotations

import re

MASK = "▒"
"""Stands for every character of a masked stretch; a run of it is one token."""

_TOKEN = re.compile(r"▒+|@[\w-]+|\d+(?:[:.,]\d+)*|[^\W\d_][^\W_]*(?:['-][^\W_]+)*|[^\s\w]|_")
_EMPHASIS = frozenset("*_~`")
_MARKS = ("'", "*", "_", "`", "~", "cannot", "oulda")
_SUFFIXES = (
    ("n't", "not"),
    ("'ve", "have"),
    ("'ll", "will"),
    ("'re", "are"),
    ("'m", "am"),
    ("'d", "'d"),
    ("'s", "'s"),
)
_WHOLE = {
    "cannot": ("can", "not", 3),
    "can't": ("can", "not", 3),
    "won't": ("will", "not", 2),
    "shan't": ("shall", "not", 3),
    "shoulda": ("should", "have", 6),
    "coulda": ("could", "have", 5),
    "woulda": ("would", "have", 5),
}


def lowered(text: str) -> str:
    """Lower case of the same length, so that places stay places."""
    low = text.lower()
    if len(low) != len(text):
        low = "".join(small if len(small := char.lower()) == 1 else char for char in text)
    return low.replace("’", "'")


class Sentence:
    """One sentence: `words[i]` lower case, found at `text[starts[i]:ends[i]]`.

    Contractions are two words ("didn't" is did, not), emphasis marks are dropped, and a
    masked stretch is one word made of MASK. `starts` and `ends` count within `text`.
    """

    __slots__ = ("_low", "_places", "_raw", "text", "words")

    def __init__(self, text: str) -> None:
        self.text = text
        self._low = lowered(text)
        self._places: list[tuple[int, int]] | None = None
        self._raw: list[str] | None = None
        tokens = _TOKEN.findall(self._low)
        split = any(mark in self._low for mark in _MARKS)
        self.words = _split_contractions(tokens) if split else tokens
        if not split:
            self._raw = []

    def place(self, index: int) -> tuple[int, int]:
        """Where token `index` begins and ends in the text."""
        if self._places is None:
            found = _TOKEN.finditer(self._low)
            if self._raw is None:
                self._places = [
                    (start, end)
                    for match in found
                    if match.group() not in _EMPHASIS
                    for _, start, end in _parts(match.group(), *match.span())
                ]
            else:
                self._places = [match.span() for match in found]
        return self._places[index]

    def __len__(self) -> int:
        return len(self.words)

    def capital(self, index: int) -> bool:
        """Whether the word at `index` is written with a first capital."""
        if self._raw is None or self._places is not None:
            return self.text[self.place(index)[0]].isupper()
        if not self._raw:
            self._raw = _TOKEN.findall(self.text)
        return self._raw[index][0].isupper()


def _split_contractions(tokens: list[str]) -> list[str]:
    words: list[str] = []
    for token in tokens:
        if "'" in token or token in _WHOLE:
            words += [word for word, _, _ in _parts(token, 0, len(token))]
        elif token not in _EMPHASIS:
            words.append(token)
    return words


def _parts(word: str, start: int, end: int) -> list[tuple[str, int, int]]:
    if word in _WHOLE:
        first, second, cut = _WHOLE[word]
        return [(first, start, start + cut), (second, start + cut, end)]
    if "'" in word:
        for suffix, plain in _SUFFIXES:
            if word.endswith(suffix) and len(word) > len(suffix):
                cut = end - len(suffix)
                return [*_parts(word[: -len(suffix)], start, cut), (plain, cut, end)]
    return [(word, start, end)]
