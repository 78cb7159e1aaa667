"""The words of a corpus counted once, for every view, name and reason that is made of them."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import groupby
from typing import Any

import numpy as np
from scipy import sparse

from mining.prepare import Prepared, WordRows, stem
from mining.stopwords import stop_words

PIECES = (4, 5)
_AT_ONCE = 1_000_000
__all__ = ["StemTable", "Terms", "counted", "pieces_of", "tally"]


class StemTable(dict[str, str]):
    """Word to stem, worked out when first asked for; blank for words that carry no incident."""

    def __missing__(self, word: str) -> str:
        found = "" if len(word) < 2 or word in stop_words() else stem(word)
        self[word] = found
        return found

    def used(self, text: str) -> frozenset[str]:
        """The stems of a text of masked words."""
        return frozenset({self[word] for word in text.split()} - {""})


def pieces_of(word: str) -> list[str]:
    """Parts of four and five letters of a word with a blank at both ends."""
    padded = f" {word} "
    found = []
    for length in PIECES:
        found.append(padded[:length])
        found += [padded[at : at + length] for at in range(1, len(padded) - length + 1)]
        if len(padded) <= length:  # the word is its own only piece
            break
    return found


def tally(numbers: Any, size: int) -> Any:
    """How often each number below ``size`` stands in an array, without a wider copy of it all."""
    found = np.zeros(size, dtype=np.int64)
    for start in range(0, len(numbers), _AT_ONCE):
        found += np.bincount(numbers[start : start + _AT_ONCE], minlength=size)
    return found


def counted(indices: Any, lengths: Any, columns: int) -> sparse.csr_matrix:
    """How often each column number stands in each row; rows are as long as ``lengths`` says."""
    data = np.ones(len(indices), dtype=np.float32)  # counts are small: half the memory
    ends = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    found = sparse.csr_matrix((data, indices, ends), shape=(len(lengths), columns))
    found.sum_duplicates()
    return found


def _picked(rows: WordRows, chosen: Sequence[int]) -> tuple[Any, Any, Any]:
    """The word numbers of some rows, how many each has, and how many belong to its opening."""
    flat, ends = np.asarray(rows.flat, dtype=np.int32), np.asarray(rows.ends)
    lengths, openings = np.diff(ends), np.asarray(rows.openings, dtype=np.int64)
    if len(chosen) == len(lengths) and list(chosen) == list(range(len(lengths))):
        return flat, lengths, openings
    parts = [flat[ends[row] : ends[row + 1]] for row in chosen]
    return np.concatenate(parts), lengths[list(chosen)], openings[list(chosen)]


class Terms:
    """Counts of words over records: ``full`` texts and their openings (``lead``), by stem.

    Column names are sorted, so that nothing depends on the order in which words turned up.
    """

    def __init__(self, items: Sequence[Prepared]) -> None:
        numbers: dict[str, int] = {}
        flats, lengths, openings = [], [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for _, run in groupby(items, key=lambda item: id(item.rows)):
            together = list(run)
            rows = together[0].rows
            flat, long, opening = _picked(rows, [item.row for item in together])
            used = np.flatnonzero(tally(flat, len(rows.words)))
            renamed = np.zeros(len(rows.words), dtype=np.int32)
            renamed[used] = [numbers.setdefault(rows.words[n], len(numbers)) for n in used.tolist()]
            flats.append(renamed[flat])
            lengths.append(long)
            openings.append(opening)
        self.words = tuple(numbers)
        self.count = len(items)
        self._flat = np.concatenate(flats) if flats else np.zeros(0, np.int32)
        self._lengths, self._openings = np.concatenate(lengths), np.concatenate(openings)
        self.table = StemTable()
        self.at: Mapping[str, int] = {item.id: place for place, item in enumerate(items)}

    @cached_property
    def stems(self) -> tuple[str, ...]:
        """The stems of the corpus, sorted."""
        return tuple(sorted({self.table[word] for word in self.words} - {""}))

    @cached_property
    def _opens(self) -> Any:
        """Per word of the corpus whether it stands in the opening of its record."""
        turns = np.column_stack([self._openings, self._lengths - self._openings]).ravel()
        return np.repeat(np.tile([True, False], self.count), turns)

    @cached_property
    def _stem_of(self) -> Any:
        """The stem's number by the word's; -1 for words that carry no incident."""
        column = {name: place for place, name in enumerate(self.stems)}
        column[""] = -1
        return np.array([column[self.table[word]] for word in self.words], dtype=np.int32)

    def _by_stem(self, chosen: Any, lengths: Any) -> sparse.csr_matrix:
        numbered = self._stem_of[self._flat if chosen is None else self._flat[chosen]]
        kept = numbered >= 0
        before = np.zeros(len(kept) + 1, dtype=np.int32)
        np.cumsum(kept, out=before[1:])
        left = np.diff(before[np.cumsum(lengths)], prepend=0)
        return counted(numbered[kept], left, len(self.stems))

    @cached_property
    def full(self) -> sparse.csr_matrix:
        """Records by stems, over the whole text."""
        return self._by_stem(None, self._lengths)

    @cached_property
    def lead(self) -> sparse.csr_matrix:
        """Records by stems, over title and opening."""
        return self._by_stem(self._opens, self._openings)

    @cached_property
    def _lead_by_word(self) -> sparse.csr_matrix:
        return counted(self._flat[self._opens], self._openings, len(self.words))

    def pieces(self, rows: Sequence[int]) -> tuple[sparse.csr_matrix, tuple[str, ...]]:
        """Some records by parts of words, over title and opening, with the parts."""
        leads = self._lead_by_word[rows]
        used = np.unique(leads.indices)
        parts = [pieces_of(self.words[word]) for word in used]
        names = sorted({part for found in parts for part in found})
        column = {name: place for place, name in enumerate(names)}
        flat = np.array([column[part] for found in parts for part in found], dtype=np.int32)
        by_word = counted(flat, [len(found) for found in parts], len(names))
        found = sparse.csr_matrix(leads[:, used] @ by_word)
        found.sort_indices()
        return found, tuple(names)

    @cached_property
    def documents(self) -> Mapping[str, int]:
        """How many records use each stem."""
        counts = tally(self.full.indices, len(self.stems))
        return dict(zip(self.stems, counts.tolist(), strict=True))

    @cached_property
    def written(self) -> Mapping[str, str]:
        """How each stem is written most often; the shorter form when two are as common."""
        counts = tally(self._flat, len(self.words))
        best: dict[str, tuple[int, int, str]] = {}
        for word, count in zip(self.words, counts.tolist(), strict=True):
            name = self.table[word]
            if name:
                key = (-count, len(word), word)
                best[name] = min(best.get(name, key), key)
        return {name: word for name, (_, _, word) in best.items()}
