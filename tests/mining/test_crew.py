"""Helpers of a run: who takes part, what a killed one costs, and that none outlives its run."""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mining import crew as crews
from mining.crew import crew, current
from mining.tasks import PARALLEL_FROM, begin, helping_run, spread, spread_threads
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


def interrupted(asked_by: int, number: int) -> int:
    """Gets the signal of Ctrl-C where that goes to helpers as well."""
    if os.getpid() != asked_by:
        os.kill(os.getpid(), signal.SIGINT)
    return number


def tells_and_fills_a_pipe(told: Path) -> bytes:
    """A result that no pipe holds, so that sending it waits for somebody to take it."""
    told.with_suffix(".new").write_text(str(os.getpid()))
    told.with_suffix(".new").rename(told)
    time.sleep(0.5)
    return bytes(2_000_000)


def alive(pid: int) -> bool:
    """Whether a process is there and not merely waiting to be buried."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rsplit(")", 1)[1].split()[0] != "Z"


def wait_until(holds: Any) -> bool:
    until = time.monotonic() + 30
    while not holds() and time.monotonic() < until:
        time.sleep(0.02)
    return bool(holds())


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
        assert wait_until((tmp_path / "done").exists)
        assert begun.results() == [None]


def test_what_lay_with_a_killed_helper_is_done_here() -> None:
    with crew(1):
        first = begin(pid_after, [(0.0, n) for n in range(3)], 2)
        begun = begin(dies_in_a_helper, ((os.getpid(), n) for n in range(30)), 2)
        time.sleep(1.5)  # let the helper start, and die, before anybody asks
        assert [number for number, _ in first.results()] == [0, 1, 2]
        assert begun.results() == list(range(30))
        assert spread(pid_after, [(0.0, 7)], 2) == [(7, os.getpid())]


def test_ctrl_c_is_for_the_process_that_asked() -> None:
    with crew(1):
        spread(pid_after, [(0.1, n) for n in range(20)], 2)  # the helper is there
        begun = begin(interrupted, [(os.getpid(), n) for n in range(6)], 2)
        time.sleep(0.2)
        assert begun.results() == list(range(6))
        assert len({pid for _, pid in spread(pid_after, [(0.1, n) for n in range(6)], 2)}) == 2


def test_no_helper_outlives_a_process_that_was_killed(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    code = (
        "import sys, time; from pathlib import Path; from mining.crew import crew; "
        "from mining.tasks import begin; from tests.mining.test_crew import tells_and_fills_a_pipe\n"
        "with crew(1):\n"
        "    begin(tells_and_fills_a_pipe, [(Path(sys.argv[1]),)], 2)\n"
        "    time.sleep(60)"
    )
    asked_by = subprocess.Popen([sys.executable, "-c", code, told], stderr=subprocess.DEVNULL)
    assert wait_until(told.exists)
    asked_by.kill()
    asked_by.wait()
    helper = int(told.read_text())
    assert wait_until(lambda: not alive(helper))


def test_where_no_helper_can_be_started_one_process_does_the_work(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def none_left(helpers: int) -> None:
        raise OSError(11, "no process left")

    monkeypatch.setattr(crews, "_executor", none_left)
    with caplog.at_level(logging.WARNING), crew(1):
        found = spread(pid_after, [(0.0, n) for n in range(5)], 2)
        assert wait_until(lambda: "no helper could be started" in caplog.text)
    assert found == [(n, os.getpid()) for n in range(5)]


def test_a_helper_that_cannot_be_started_again_costs_no_task(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from loky import ProcessPoolExecutor

    def none_left(*work: Any) -> None:
        raise OSError(11, "no process left")

    with crew(1):
        spread(pid_after, [(0.1, n) for n in range(10)], 2)
        monkeypatch.setattr(ProcessPoolExecutor, "submit", none_left)
        assert spread(pid_after, [(0.0, n) for n in range(5)], 2) == [
            (n, os.getpid()) for n in range(5)
        ]


def test_after_an_error_no_further_thread_work_is_begun() -> None:
    begun: list[int] = []

    def work(number: int) -> None:
        begun.append(number)
        time.sleep(0.02)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        spread_threads(work, [(n,) for n in range(200)], 2)
    assert len(begun) < 100


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
