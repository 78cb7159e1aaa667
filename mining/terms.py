"""The words of a corpus counted once, for every view, name and reason that is made of them."""

from array import array
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from mining.prepare import Prepared, stem
from mining.stopwords import stop_words

PIECES = (4, 5)
__all__ = ["StemTable", "Terms", "pieces_of"]


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


def _counted(indices: Any, ends: Any, columns: int) -> sparse.csr_matrix:
    """How often each column number stands in each row; rows end at ``ends``."""
    data = np.ones(len(indices), dtype=np.float32)  # counts are small: half the memory
    shape = (len(ends) - 1, columns)
    found = sparse.csr_matrix((data, indices.copy(), ends.astype(np.int32)), shape=shape)
    found.sum_duplicates()
    return found


class Terms:
    """Counts of words over records: ``full`` texts and their openings (``lead``), by stem.

    Column names are sorted, so that nothing depends on the order in which words turned up.
    """

    def __init__(self, items: Sequence[Prepared]) -> None:
        numbers: dict[str, int] = {}
        flat, ends, openings = array("i"), [0], []
        for item in items:
            words = item.full.split()
            flat.extend([numbers.setdefault(word, len(numbers)) for word in words])
            ends.append(len(flat))
            whole = item.opening >= len(item.full)
            openings.append(len(words) if whole else len(item.lead.split()))
        self.words = tuple(numbers)
        numbered = np.frombuffer(flat, dtype=np.int32) if flat else np.zeros(0, np.int32)
        starts = np.array(ends)
        self.by_word = _counted(numbered, starts, len(numbers))
        places = np.arange(len(numbered)) - np.repeat(starts[:-1], np.diff(starts))
        opening = places < np.repeat(np.array(openings, dtype=np.int64), np.diff(starts))
        lead_ends = np.concatenate([[0], np.cumsum(openings)]).astype(np.int64)
        self.lead_by_word = _counted(numbered[opening], lead_ends, len(numbers))
        self.table = StemTable()
        self.at: Mapping[str, int] = {item.id: place for place, item in enumerate(items)}

    @cached_property
    def stems(self) -> tuple[str, ...]:
        """The stems of the corpus, sorted."""
        return tuple(sorted({self.table[word] for word in self.words} - {""}))

    @cached_property
    def _word_stems(self) -> sparse.csr_matrix:
        column = {name: place for place, name in enumerate(self.stems)}
        pairs = [(row, column[s]) for row, w in enumerate(self.words) if (s := self.table[w])]
        return _indicator(pairs, (len(self.words), len(self.stems)))

    @cached_property
    def full(self) -> sparse.csr_matrix:
        """Records by stems, over the whole text."""
        return _sorted(self.by_word @ self._word_stems)

    @cached_property
    def lead(self) -> sparse.csr_matrix:
        """Records by stems, over title and opening."""
        return _sorted(self.lead_by_word @ self._word_stems)

    def pieces(self, rows: Sequence[int]) -> tuple[sparse.csr_matrix, tuple[str, ...]]:
        """Some records by parts of words, over title and opening, with the parts."""
        leads = self.lead_by_word[rows]
        used = np.unique(leads.indices)
        parts = [pieces_of(self.words[word]) for word in used]
        names = sorted({part for found in parts for part in found})
        column = {name: place for place, name in enumerate(names)}
        flat = np.array([column[part] for found in parts for part in found], dtype=np.int32)
        ends = np.cumsum([0, *(len(found) for found in parts)])
        by_word = _counted(flat, ends, len(names))
        return _sorted(leads[:, used] @ by_word), tuple(names)

    @cached_property
    def documents(self) -> Mapping[str, int]:
        """How many records use each stem."""
        counts = np.bincount(self.full.indices, minlength=len(self.stems))
        return dict(zip(self.stems, counts.tolist(), strict=True))

    @cached_property
    def written(self) -> Mapping[str, str]:
        """How each stem is written most often; the shorter form when two are as common."""
        counts = np.asarray(self.by_word.sum(axis=0)).ravel()
        best: dict[str, tuple[float, int, str]] = {}
        for word, count in zip(self.words, counts.tolist(), strict=True):
            name = self.table[word]
            if name:
                key = (-count, len(word), word)
                best[name] = min(best.get(name, key), key)
        return {name: word for name, (_, _, word) in best.items()}


def _indicator(pairs: Sequence[tuple[int, int]], shape: tuple[int, int]) -> sparse.csr_matrix:
    rows, columns = zip(*pairs, strict=True) if pairs else ((), ())
    return sparse.csr_matrix((np.ones(len(pairs), np.float32), (rows, columns)), shape=shape)


def _sorted(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    found = sparse.csr_matrix(matrix)
    found.sort_indices()
    return found
