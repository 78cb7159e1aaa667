"""Sentences as lists of lower-case tokens with their places in the text.

Parallel lists and not a list of token objects: the reviewer reads megabytes in a commit hook,
and a third of its time would go into building objects that most rules never look at.
"""

from __future__ import annotations

import re

MASK = "▒"
"""Stands for every character of a masked stretch; a run of it is one token."""

_TOKEN = re.compile(r"▒+|@[\w-]+|\d+(?:[:.,]\d+)*|[^\W\d_][^\W_]*(?:['’-][^\W_]+)*|[^\s\w]|_")
_EMPHASIS = frozenset("*_~`")
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


class Sentence:
    """One sentence: `words[i]` lower case, found at `text[starts[i]:ends[i]]`.

    Contractions are two words ("didn't" is did, not), emphasis marks are dropped, and a
    masked stretch is one word made of MASK. `starts` and `ends` count within `text`.
    """

    __slots__ = ("ends", "starts", "text", "words")

    def __init__(self, text: str) -> None:
        self.text = text
        self.words: list[str] = []
        self.starts: list[int] = []
        self.ends: list[int] = []
        for match in _TOKEN.finditer(text):
            raw = match.group()
            if raw in _EMPHASIS:
                continue
            self._take(raw.lower().replace("’", "'"), match.start(), match.end())

    def _take(self, word: str, start: int, end: int) -> None:
        if "'" in word or word in _WHOLE:
            self._take_contraction(word, start, end)
        else:
            self._put(word, start, end)

    def _take_contraction(self, word: str, start: int, end: int) -> None:
        if word in _WHOLE:
            first, second, cut = _WHOLE[word]
            self._put(first, start, start + cut)
            self._put(second, start + cut, end)
            return
        for suffix, plain in _SUFFIXES:
            if word.endswith(suffix) and len(word) > len(suffix):
                cut = end - len(suffix)
                self._take(word[: -len(suffix)], start, cut)
                self._put(plain, cut, end)
                return
        self._put(word, start, end)

    def _put(self, word: str, start: int, end: int) -> None:
        self.words.append(word)
        self.starts.append(start)
        self.ends.append(end)

    def __len__(self) -> int:
        return len(self.words)

    def capital(self, index: int) -> bool:
        """Whether the word at `index` is written with a first capital."""
        return self.text[self.starts[index]].isupper()
