"""The same pipeline on other engines: own processes, and Dask's, one of which dies at work."""

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from joblib import parallel_config

from mining import neighbours, prepare, recurrence
from mining.documents import result_document
from mining.pipeline import MiningOptions, mine
from mining.prepare import WordRows, prepare_all
from mining.records import IncidentRecord
from tests.mining.corpus import company

COPIES = 8


def many() -> list[IncidentRecord]:
    """The invented company over several halls, so that work falls into many blocks."""
    return [
        replace(record, id=f"{record.id}-{copy}", title=f"{record.title} in hall {copy}")
        for copy in range(COPIES)
        for record in company()
    ]


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The path of large corpora, with blocks of a few records."""
    monkeypatch.setattr(recurrence, "DENSE_UP_TO", 20)
    monkeypatch.setattr(prepare, "KEPT_UP_TO", 20)
    monkeypatch.setattr(prepare, "BLOCK", 8)
    monkeypatch.setattr(neighbours, "BLOCK", 8)


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """A real local cluster of two worker processes."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0",
            host="127.0.0.1", worker_dashboard_address=None,
        ) as cluster,
        Client(cluster) as found,
    ):  # fmt: skip
        yield found


def document(**options: Any) -> str:
    """Everything that a run says."""
    return json.dumps(result_document(mine(many(), **options)), sort_keys=True)


@pytest.mark.usefixtures("small_blocks")
def test_one_process_or_two_of_our_own_say_the_same() -> None:
    assert document(options=MiningOptions(jobs=2)) == document(options=MiningOptions(jobs=1))


def test_records_are_the_same_whether_their_sentences_are_kept_or_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = prepare_all(many())
    monkeypatch.setattr(prepare, "KEPT_UP_TO", 20)
    for one, other in zip(kept, prepare_all(many()), strict=True):
        assert (one.title, one.lead, one.full) == (other.title, other.lead, other.full)
        assert one.lines == other.lines


@pytest.mark.usefixtures("small_blocks")
def test_two_workers_of_a_cluster_give_what_one_process_gives(client: Any) -> None:
    from distributed import get_task_stream

    alone = document()
    with parallel_config(backend="dask"), get_task_stream(client) as stream:
        assert document() == alone
    done = Counter(task["worker"] for task in stream.data)
    # How evenly is the scheduler's business: on a busy machine one worker takes most of it.
    assert len(done) == 2


class DiesOnce:
    """A block's work that, the first time, tells which process is at it and then waits for its end.

    Only a task that is handed out again after its worker died can return.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, texts: Sequence[tuple[str, str]]) -> WordRows:
        try:
            (self.folder / "taken").mkdir()
        except FileExistsError:
            return prepare.prepare_block(texts)
        written = self.folder / "pid"
        written.write_text(str(os.getpid()))
        written.rename(self.folder / "at-work")
        time.sleep(60)
        raise AssertionError("nobody killed this worker")


def kill_who_is_at_work(folder: Path, killed: list[int]) -> None:
    """Wait for a task to tell its process, then kill that process."""
    until = time.monotonic() + 30
    while not (folder / "at-work").exists() and time.monotonic() < until:
        time.sleep(0.02)
    killed.append(int((folder / "at-work").read_text()))
    os.kill(killed[0], signal.SIGKILL)


@pytest.mark.usefixtures("small_blocks")
def test_a_worker_that_dies_with_a_task_in_hand_changes_nothing(
    client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = document()
    workers = set(client.run(os.getpid).values())
    monkeypatch.setattr(prepare, "prepare_block", DiesOnce(tmp_path))
    killed: list[int] = []
    killer = Thread(target=kill_who_is_at_work, args=(tmp_path, killed))
    killer.start()
    with parallel_config(backend="dask"):
        assert document() == alone
    killer.join()
    assert killed[0] in workers
    assert killed[0] != os.getpid()
    assert killed[0] not in client.run(os.getpid).values()
