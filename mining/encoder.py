"""The optional encoder: a second opinion on likeness, fused with the default by rank.

Off unless one is given, and never required. Anything with ``encode`` as sentence-transformers
has it will do; ``pip install throughline-rca[embeddings]`` brings that library. Only masked text is
handed to an encoder: no secret, person or address.
"""

from collections.abc import Sequence
from os import PathLike
from typing import Any, Protocol

import numpy as np

from mining.features import Matrix
from mining.prepare import LEAD_SENTENCES, Prepared
from mining.text import mask

RANK_OFFSET = 10
"""How fast a rank loses weight; the usual 60 is for lists of a thousand and more."""


class EncoderMissing(ValueError):
    """An encoder was asked for that this installation can't load."""


class Encoder(Protocol):
    """What sentence-transformers' models offer, as far as it is used here."""

    def encode(self, sentences: list[str], *, show_progress_bar: bool = ...) -> Any:
        """One row of numbers per text."""


def load_encoder(path: str | PathLike[str]) -> Encoder:
    """The model in a folder. Raises :class:`EncoderMissing` with what to install."""
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        told = "an encoder needs sentence-transformers: install throughline-rca[embeddings]"
        raise EncoderMissing(told) from error
    try:
        found: Encoder = SentenceTransformer(str(path), device="cpu", local_files_only=True)
    except (OSError, ValueError) as error:
        raise EncoderMissing(f"there is no model in “{path}”") from error
    return found


def passage(item: Prepared) -> str:
    """What an encoder may read of a record: title and opening, masked.

    Small models read about two hundred words and drop the rest, so they get the words that say what
    broke.
    """
    opening = item.sentences[:LEAD_SENTENCES]
    parts = (item.record.title, *(sentence.text for sentence in opening))
    return mask("\n".join(part.replace("\n", " ") for part in parts if part))


def encoded(encoder: Encoder, items: Sequence[Prepared]) -> Matrix:
    """One row of length one per record; a row of noughts stays one."""
    if not items:
        return np.zeros((0, 1))
    texts = [passage(item) for item in items]
    rows = np.asarray(encoder.encode(texts, show_progress_bar=False), dtype=np.float64)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1.0))


def fused(opinions: Sequence[Matrix]) -> Matrix:
    """Reciprocal rank fusion of several scores for the same records, 1 where all agree on first.

    What is not a number to one of them (a record asked about itself) is to none.
    """
    total = np.zeros(len(opinions[0]))
    for scores in opinions:
        ranks = np.empty(len(scores))
        ranks[np.argsort(-scores, kind="stable")] = np.arange(len(scores))
        total += (RANK_OFFSET + 1) / (RANK_OFFSET + 1 + ranks)
    total /= len(opinions)
    for scores in opinions:
        total[~np.isfinite(scores)] = -np.inf
    return total


__all__ = ["Encoder", "EncoderMissing", "encoded", "fused", "load_encoder", "passage"]
