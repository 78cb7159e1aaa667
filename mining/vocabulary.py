"""The words that a vectoriser may see: masked, lower-case, without times and marks."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import chain

from mining.masking import (
    drop_marks,
    hangs_together,
    holds_title,
    mask,
    mask_secrets,
    plain_word,
)

TIME_WORDS = frozenset(
    [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "january",
        "february",
        "march",
        "april",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
        "jan",
        "feb",
        "mar",
        "apr",
        "jun",
        "jul",
        "aug",
        "sep",
        "sept",
        "oct",
        "nov",
        "dec",
        "utc",
        "gmt",
        "pst",
        "pdt",
        "est",
        "edt",
        "cst",
        "cdt",
        "cet",
        "cest",
        "bst",
        "ist",
        "am",
        "pm",
    ]
)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?|[^\W\d_]\w{1,4}(?!\w)")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")


def vocabulary_text(text: str) -> str:
    """Lower-case words, masked, split at case and underscores: what a vectoriser may see.

    Numbers, marks, weekday, month and time-zone words are gone; short codes such as ``s3`` or
    ``k8s`` stay. Every vocabulary of mining is built from this and from nothing else.
    """
    return _vocabulary(_parted(mask(text)))


_Words = tuple[str, ...]
_HANGS = "\x00"
"""In place of words: what a piece means hangs on its neighbours."""


class ChunkWords(dict[str, _Words]):
    """The vocabulary of a piece of text between blanks, worked out once.

    A sign that is no word marks a piece whose meaning hangs on its neighbours: names, titles, role
    lines. Keys are raw text, so an instance must not outlive the run or the call that made it.
    """

    def __missing__(self, chunk: str) -> _Words:
        word = plain_word(chunk)
        if word is not None:
            found: _Words = () if word in TIME_WORDS else (word,)
        else:
            hangs = hangs_together(chunk) or _HANGS in chunk
            found = (_HANGS,) if hangs else tuple(vocabulary_text(chunk).split())
        self[chunk] = found
        return found

    def of_lines(self, lines: Sequence[str], *, whole: bool = True) -> list[list[str]] | None:
        """The words of each line, without line ends, piece by piece.

        A line of which a piece needs its neighbours is masked by itself; ``None`` when that is not
        enough, or when such a line is no ``whole`` one.
        """
        joined = "\n".join(lines)
        masked = mask_secrets(joined)
        parted = lines if masked == joined else masked.split("\n")
        if len(parted) != len(lines):  # a key block ran over line ends
            return None
        look = self.__getitem__
        found = [list(chain.from_iterable(map(look, line.split()))) for line in parted]
        for at, words in enumerate(found):
            if _HANGS in words:
                if not whole or holds_title(parted[at]):  # a name may stand on the next line
                    return None
                found[at] = vocabulary_text(parted[at]).split()
        return found


_KEPT: ContextVar[ChunkWords | None] = ContextVar("chunk_words", default=None)
MOST_KEPT = 200_000
"""More pieces than these, about fifty megabytes, are let go when the next task begins."""


def chunk_words() -> ChunkWords:
    """What the run under way has learned of pieces so far; outside a run, a new beginning."""
    kept = _KEPT.get()
    if kept is None:
        return ChunkWords()
    if len(kept) > MOST_KEPT:
        kept.clear()
    return kept


def keep_words() -> None:
    """Learn for as long as this process lives: for one that helps a single run."""
    _KEPT.set(ChunkWords())


@contextmanager
def words_kept() -> Iterator[None]:
    """Learn for the length of a run."""
    token = _KEPT.set(ChunkWords())
    try:
        yield
    finally:
        _KEPT.reset(token)


def vocabulary_lines(lines: Sequence[str], words: ChunkWords | None = None) -> list[str]:
    """:func:`vocabulary_text` of many short lines with one pass of the masks over them all."""
    flat = [line.replace("\n", " ") for line in lines]
    quick = None if words is None else words.of_lines(flat)
    if quick is not None:
        return [" ".join(found) for found in quick]
    masked = _parted(mask("\n".join(flat))).split("\n")
    if len(masked) != len(flat):  # a key block ran over line ends: mask each line by itself
        return [vocabulary_text(line) for line in flat]
    return [_vocabulary(line) for line in masked]


def _parted(masked: str) -> str:
    """Masked text without its marks, words parted where their case changes and at underscores."""
    return _CAMEL.sub(" ", drop_marks(masked).replace("_", " "))


def _vocabulary(parted: str) -> str:
    words = _WORD.findall(parted.lower())
    return " ".join([word for word in words if word not in TIME_WORDS])
