"""The command line in processes of its own: the same bytes, and no more loaded than is used."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from threading import Thread

from mining.__main__ import main
from mining.records import IncidentRecord, to_mapping
from mining.stopwords import stop_words
from tests.conftest import run_python
from tests.mining.corpus import company


def write(path: Path, records: list[IncidentRecord]) -> Path:
    path.write_text("".join(json.dumps(to_mapping(record)) + "\n" for record in records))
    return path


def patterns(records: list[IncidentRecord], folder: Path, hash_seed: int) -> bytes:
    """What ``python -m mining patterns`` writes of the records."""
    given, out = folder / f"in-{hash_seed}.jsonl", folder / f"out-{hash_seed}.json"
    subprocess.run(
        [sys.executable, "-m", "mining", "patterns", write(given, records), "--out", out],
        check=True,
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
        stderr=subprocess.DEVNULL,
    )
    return out.read_bytes()


def test_two_processes_write_the_same_bytes_of_the_same_records_in_any_order(
    tmp_path: Path,
) -> None:
    shuffled = company()
    random.Random(7).shuffle(shuffled)
    first = patterns(company(), tmp_path, 1)
    assert len(json.loads(first)["patterns"]) == 3
    assert patterns(shuffled, tmp_path, 2) == first


def test_patterns_load_neither_scikit_learn_nor_pandas(tmp_path: Path) -> None:
    given = write(tmp_path / "in.jsonl", company())
    code = (
        "import sys; from mining.__main__ import main; "
        f"main(['patterns', {str(given)!r}, '--out', {str(tmp_path / 'out.json')!r}]); "
        "heavy = ('sklearn', 'pandas', 'scipy.stats', 'joblib'); "
        "print([name for name in heavy if name in sys.modules])"
    )
    assert run_python(code).strip() == "[]"


def test_patterns_read_a_pipe(tmp_path: Path) -> None:
    """What goes through a pipe is there only once."""
    given, out = tmp_path / "pipe", tmp_path / "out.json"
    os.mkfifo(given)
    text = write(tmp_path / "in.jsonl", company()).read_text()
    writer = Thread(target=given.write_text, args=(text,), daemon=True)
    writer.start()
    assert main(["patterns", str(given), "--out", str(out)]) == 0
    assert len(json.loads(out.read_text())["patterns"]) == 3


def test_the_stop_words_are_scikit_learns() -> None:
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    assert stop_words() >= ENGLISH_STOP_WORDS
