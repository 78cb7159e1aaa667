"""The encoder slot: an encoder changes the order by its ranks, sees no secret, is never needed."""

import subprocess
import sys
from collections.abc import Sequence
from typing import Any
from zlib import crc32

import numpy as np
import pytest

from mining.encoder import EncoderMissing, fused, load_encoder
from mining.records import from_mapping
from mining.similar import SimilarIndex
from tests.mining.corpus import company


class HashedPieces:
    """A real encoder with the same way of calling: hashed letter triples, projected to 64."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self._projection = np.random.default_rng(7).normal(size=(512, 64))

    def encode(self, sentences: list[str], *, show_progress_bar: bool = True) -> Any:
        """One row per text."""
        self.seen += sentences
        return np.array([self._counts(text) for text in sentences]) @ self._projection

    def _counts(self, text: str) -> Sequence[float]:
        found = np.zeros(512)
        for at in range(len(text) - 2):
            found[crc32(text[at : at + 3].lower().encode()) % 512] += 1
        return np.asarray(np.log1p(found))  # type: ignore[return-value]


def test_fusion_keeps_what_both_agree_on_and_moves_what_they_do_not() -> None:
    agreed = fused([np.array([9.0, 5.0, 1.0]), np.array([0.9, 0.2, 0.1])])
    assert list(agreed.argsort()[::-1]) == [0, 1, 2]
    assert agreed[0] == 1.0
    torn = fused([np.array([9.0, 5.0, 1.0, 0.0]), np.array([0.1, 0.8, 0.9, 0.0])])
    assert (
        torn[0] == torn[2] > torn[1] > torn[3]
    )  # a first and a third place, from either of the two


def test_a_record_never_finds_itself() -> None:
    index = SimilarIndex(company(), encoder=HashedPieces())
    found = index.of("cert-1", 30)
    assert len(found) == len(company()) - 1
    assert "cert-1" not in {s.id for s in found}


def test_an_encoder_has_its_say_and_scores_fall_with_rank() -> None:
    plain, asked = SimilarIndex(company()), SimilarIndex(company(), encoder=HashedPieces())
    orders = {i: ([s.id for s in plain.of(i, 10)], asked.of(i, 10)) for i in ("lone-1", "lone-4")}
    assert any(before != [s.id for s in after] for before, after in orders.values())
    for _, after in orders.values():
        assert [s.score for s in after] == sorted((s.score for s in after), reverse=True)
    assert {s.id for s in asked.of("retry-2", 3)} == {"retry-1", "retry-3", "retry-4"}


def test_a_draft_is_placed_with_an_encoder_too() -> None:
    first, *rest = company()
    assert SimilarIndex(rest, encoder=HashedPieces()).to(first, 3)[0].id.startswith("cert")


def test_an_encoder_sees_no_secret_and_no_person() -> None:
    text = "Sarah Miller put password=hunter2secret into the file. The gateway stopped."
    encoder = HashedPieces()
    SimilarIndex([*company(), from_mapping({"id": "x", "text": text})], encoder=encoder)
    read = " ".join(encoder.seen)
    assert "gateway" in read
    assert "hunter2" not in read
    assert "Sarah" not in read


def test_what_is_missing_is_said_and_nothing_needs_it(tmp_path: Any) -> None:
    with pytest.raises(EncoderMissing):
        load_encoder(tmp_path)
    code = "import sys, mining.similar; sys.exit('sentence_transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
