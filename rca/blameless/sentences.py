"""Cut text into blocks and blocks into sentences, keeping places in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator

SENTENCE_CAP = 1_000
"""A sentence longer than this is read in pieces of at most this many characters."""

_BLOCK_END = re.compile(
    r"\n[ \t]{0,200}\n"
    r"|\n(?=[ \t]{0,80}(?:[-*+•] |\d{1,3}[.)] |#{1,6} |[>|]|[*-]{3,40}$))",
    re.M,
)
# A run of stops is entered at its first character only: a line of 200,000 dots stays linear.
# Begins with a plain set, which the regex engine can search for quickly; a run of stops is entered
# at its first character only, so that a line of 200,000 dots stays linear.
_STOP = re.compile(
    r"[.!?…。！？](?:(?<=[。！？])|(?<![.!?…][.!?…])[.!?…]{0,19}[\"'”’)\]*_]{0,4}"
    r"(?:\s(?=\s{0,20}[^\sa-z,;)])|\n))"
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|cf|approx|incl|resp|no|fig|mr|mrs|ms|dr|st|inc|ltd|co|al)"
    r"|\b[A-Z])\.$",
    re.IGNORECASE,
)
# The last two letters of those of two letters and more: most words are told apart by them.
_ABBREVIATION_ENDS = frozenset(
    ("tc", "vs", "cf", "ox", "cl", "sp", "no", "ig", "mr", "rs", "ms", "dr", "st", "nc", "td",
     "co", "al")
)  # fmt: skip


def blocks(text: str) -> Iterator[tuple[int, int]]:
    """Yield the bounds of each paragraph, list item, heading, table row or quoted line."""
    start = 0
    for match in _BLOCK_END.finditer(text):
        if match.start() > start:
            yield start, match.start()
        start = match.end()
    if start < len(text):
        yield start, len(text)


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """Yield the bounds of each sentence of one block, none longer than SENTENCE_CAP."""
    start = 0
    for match in _STOP.finditer(text):
        stop = match.start()
        last = text[stop - 2 : stop]
        # Most words can't be an abbreviation by their last two letters.
        plain = last.isalpha() and last.lower() not in _ABBREVIATION_ENDS
        if not plain and _is_abbreviation(text, stop):
            continue
        end = match.end()
        if end - start > SENTENCE_CAP:
            yield from _pieces(text, start, end)
        elif not text[start:end].isspace():
            yield start, end
        start = end
    yield from _pieces(text, start, len(text))


def _is_abbreviation(text: str, stop: int) -> bool:
    return text[stop] == "." and bool(_ABBREVIATION.search(text[max(0, stop - 8) : stop + 1]))


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while end - start > SENTENCE_CAP:
        cut = text.rfind(" ", start + SENTENCE_CAP // 2, start + SENTENCE_CAP)
        cut = cut if cut > 0 else start + SENTENCE_CAP
        yield start, cut
        start = cut
    if not text[start:end].isspace() and start < end:
        yield start, end
