"""Helpers of a run: who takes part, what a killed one costs, and that none outlives its run."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mining.crew import crew, current
from mining.tasks import PARALLEL_FROM, begin, helping_run, spread
from mining.vocabulary import chunk_words, words_kept


def pid_after(seconds: float, number: int) -> tuple[int, int]:
    """Who did this task."""
    time.sleep(seconds)
    return number, os.getpid()


def dies_in_a_helper(asked_by: int, number: int) -> int:
    """Kills its process unless that is the one that asked."""
    if os.getpid() != asked_by:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def refuses(number: int) -> int:
    raise ValueError(f"no {number}")


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_the_process_that_asks_takes_part_and_results_keep_their_order() -> None:
    with crew(1):
        found = spread(pid_after, ((0.1, n) for n in range(40)), 2)
    assert [number for number, _ in found] == list(range(40))
    done_by = {pid for _, pid in found}
    assert os.getpid() in done_by
    assert len(done_by) == 2
    assert not any(alive(pid) for pid in done_by - {os.getpid()})


def test_helpers_work_while_nobody_waits_for_them(tmp_path: Path) -> None:
    with crew(1):
        begun = begin(Path.touch, [(tmp_path / "done",)], 2)
        until = time.monotonic() + 30
        while not (tmp_path / "done").exists() and time.monotonic() < until:
            time.sleep(0.02)
        assert (tmp_path / "done").exists()
        assert begun.results() == [None]


def test_what_lay_with_a_killed_helper_is_done_here() -> None:
    with crew(1):
        first = begin(pid_after, [(0.0, n) for n in range(3)], 2)
        begun = begin(dies_in_a_helper, ((os.getpid(), n) for n in range(30)), 2)
        time.sleep(1.5)  # let the helper start, and die, before anybody asks
        assert [number for number, _ in first.results()] == [0, 1, 2]
        assert begun.results() == list(range(30))
        assert spread(pid_after, [(0.0, 7)], 2) == [(7, os.getpid())]


@pytest.mark.parametrize("helpers", [0, 1])
def test_what_a_task_raises_reaches_who_asks(helpers: int) -> None:
    with crew(helpers):
        begun = begin(refuses, [(1,)], 2)
        time.sleep(1.0 * helpers)  # so that with a helper it is the helper that raises
        with pytest.raises(ValueError, match="no 1"):
            begun.results()
    assert current() is None


def test_tasks_that_cannot_be_made_reach_who_asks() -> None:
    def rows() -> Iterator[tuple[float, int]]:
        yield 0.0, 1
        raise OSError("no more")

    with crew(1), pytest.raises(OSError, match="no more"):
        spread(pid_after, rows(), 2)


def test_a_crew_inside_another_is_the_outer_one() -> None:
    with crew(1) as outer, crew(3) as inner:
        assert inner is outer


def test_few_records_have_no_helpers() -> None:
    with helping_run(None, PARALLEL_FROM - 1):
        found = spread(pid_after, [(0.0, n) for n in range(5)], None)
    assert {pid for _, pid in found} == {os.getpid()}


def test_what_is_learned_of_raw_text_ends_with_the_run() -> None:
    with words_kept():
        chunk_words()["hunter2hunter2"] = ()
        assert "hunter2hunter2" in chunk_words()
    assert "hunter2hunter2" not in chunk_words()
