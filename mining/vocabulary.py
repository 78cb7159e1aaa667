"""The words that a vectoriser may see: masked, lower-case, without times and marks."""

import re
from collections.abc import Sequence

from mining.masking import drop_marks, hangs_together, mask, mask_secrets, plain_word

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


class ChunkWords(dict[str, tuple[str, ...] | None]):
    """The vocabulary of a piece of text between blanks, worked out once.

    ``None`` marks a piece whose meaning hangs on its neighbours: names, titles, role lines. Keys
    are raw text, so an instance must not outlive the call that made it.
    """

    def __missing__(self, chunk: str) -> tuple[str, ...] | None:
        word = plain_word(chunk)
        if word is not None:
            found: tuple[str, ...] | None = () if word in TIME_WORDS else (word,)
        else:
            found = None if hangs_together(chunk) else tuple(vocabulary_text(chunk).split())
        self[chunk] = found
        return found


def vocabulary_lines(lines: Sequence[str], words: ChunkWords | None = None) -> list[str]:
    """:func:`vocabulary_text` of many short lines with one pass of the masks over them all."""
    flat = [line.replace("\n", " ") for line in lines]
    joined = "\n".join(flat)
    quick = None if words is None else _by_chunks(mask_secrets(joined), words)
    if quick is not None and len(quick) == len(flat):
        return quick
    masked = _parted(mask(joined)).split("\n")
    if len(masked) != len(flat):  # a key block ran over line ends: mask each line by itself
        return [vocabulary_text(line) for line in flat]
    return [_vocabulary(line) for line in masked]


def _by_chunks(text: str, words: ChunkWords) -> list[str] | None:
    """The vocabulary of each line piece by piece, or ``None`` when a piece needs its line."""
    found = []
    for line in text.split("\n"):
        line_words: list[str] = []
        for chunk in line.split():
            known = words[chunk]
            if known is None:
                return None
            line_words += known
        found.append(" ".join(line_words))
    return found


def _parted(masked: str) -> str:
    """Masked text without its marks, words parted where their case changes and at underscores."""
    return _CAMEL.sub(" ", drop_marks(masked).replace("_", " "))


def _vocabulary(parted: str) -> str:
    words = _WORD.findall(parted.lower())
    return " ".join([word for word in words if word not in TIME_WORDS])
