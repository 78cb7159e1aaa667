"""The same pipeline on another engine: Dask's workers, one of them killed on the way."""

import json
import os
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from joblib import parallel_config

from mining import neighbours, prepare, recurrence
from mining.documents import result_document
from mining.pipeline import mine
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
    monkeypatch.setattr(prepare, "BLOCK", 8)
    monkeypatch.setattr(neighbours, "BLOCK", 8)


@pytest.fixture
def client() -> Iterator[Any]:
    """A real local cluster of two worker processes."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None,
            host="127.0.0.1", worker_dashboard_address=None,
        ) as cluster,
        Client(cluster) as found,
    ):  # fmt: skip
        yield found


def document(**options: Any) -> str:
    """Everything that a run says."""
    return json.dumps(result_document(mine(many(), **options)), sort_keys=True)


@pytest.mark.usefixtures("small_blocks")
def test_two_worker_processes_give_what_one_process_gives_and_losing_one_changes_nothing(
    client: Any,
) -> None:
    from distributed import get_task_stream

    alone = document()
    with parallel_config(backend="dask"), get_task_stream(client) as stream:
        assert document() == alone
    done = Counter(task["worker"] for task in stream.data)
    # How evenly is the scheduler's business: on a busy machine one worker takes most of it.
    assert len(done) == 2

    killed = []

    def kill_one(step: str, done: int, total: int) -> None:
        if step == "Linking recurrences" and not killed:
            killed.append(next(iter(client.run(os.getpid).values())))
            os.kill(killed[0], signal.SIGKILL)

    with parallel_config(backend="dask"):
        assert document(progress=kill_one) == alone
    assert killed
