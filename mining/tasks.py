"""Work cut into tasks: for a run's own helpers, or for the engine that joblib is set up for."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from itertools import pairwise
from typing import Any, Protocol, TypeVar

from mining.crew import Crew, Row, crew, current

Item = TypeVar("Item")
PARALLEL_FROM = 6_000
"""Records from which further processes are worth their start."""
BLOCKS_EACH = 8
"""Blocks for each worker: enough that none waits long for the last one."""


class Begun(Protocol):
    """Tasks under way."""

    def results(self) -> list[Any]:
        """One result per task, in order, whoever worked it out."""


def workers(jobs: int | None, *, large: bool) -> int | None:
    """How many tasks run at once; ``None`` leaves it to a joblib configuration in force.

    Asked for nothing and with none in force, large work takes every processor that this process
    may use and small work stays where it is.
    """
    if jobs is not None:
        return jobs
    if _configured():
        return None
    return -1 if large else 1


def _configured() -> bool:
    """Whether a caller set joblib up (``parallel_config``), for a cluster for instance.

    A backend that was chosen is kept whatever is preferred; where none was, the preference decides.
    """
    if "joblib" not in sys.modules:  # so nobody can have set it up
        return False
    from joblib.parallel import get_active_backend

    _, jobs = get_active_backend()
    threads, processes = (get_active_backend(prefer=way)[0] for way in ("threads", "processes"))
    return jobs is not None or type(threads) is type(processes)


def workers_of(jobs: int | None) -> int:
    """How many workers ``jobs`` means here: -1 is one a processor, -2 one less, and so on.

    Never more than processors: that would be slower, and a thousand the end of a machine. An engine
    that joblib is set up for says itself how many there are. Raises ValueError for 0.
    """
    if jobs is None or _configured():
        from joblib import effective_n_jobs

        return int(effective_n_jobs(jobs))
    if jobs == 0:
        raise ValueError("no work is done with 0 jobs")
    if jobs == 1:
        return 1
    from loky import cpu_count

    processors = int(cpu_count())
    return min(jobs, processors) if jobs > 0 else max(1, processors + 1 + jobs)


def blocks_of(count: int, most: int, jobs: int | None) -> list[tuple[int, int]]:
    """Even blocks of at most ``most``, and :data:`BLOCKS_EACH` or more for each of two or more
    workers.
    """
    at_once = workers_of(jobs)
    least = at_once * BLOCKS_EACH if at_once > 1 else 1
    blocks = max(min(least, count), -(-count // most))
    edges = [count * block // blocks for block in range(blocks + 1)]
    return [(start, stop) for start, stop in pairwise(edges) if stop > start]


def slices(items: Sequence[Item], most: int) -> Iterator[Sequence[Item]]:
    """The items in order, so many at a time."""
    for start in range(0, len(items), most):
        yield items[start : start + most]


def helping(jobs: int | None) -> AbstractContextManager[Crew]:
    """Helpers for what is done inside: one process less than workers, as this one takes part."""
    alone = jobs == 1 or _configured()
    return crew(0 if alone else workers_of(jobs) - 1)


@contextmanager
def helping_run(jobs: int | None, records: int) -> Iterator[Crew]:
    """The helpers of a run over so many records: on their way at once where they are many."""
    few = jobs is None and records < PARALLEL_FROM  # joblib is not even looked at
    with crew(0) if few else helping(workers(jobs, large=True)) as found:
        if records >= PARALLEL_FROM:
            found.start()
        yield found


def begin(function: Callable[..., Any], rows: Iterable[Row], jobs: int | None) -> Begun:
    """Let the helpers of :func:`helping` begin; whoever asks for the results takes part.

    With one job, with an engine that joblib is set up for and without helpers, all is done when the
    results are asked for.
    """
    if jobs != 1 and _configured():
        return _OnEngine(function, rows, jobs)
    return ((current() if jobs != 1 else None) or Crew(0)).begin(function, rows)


class _OnEngine:
    """Tasks for the engine that a caller set joblib up for."""

    def __init__(
        self, function: Callable[..., Any], rows: Iterable[Row], jobs: int | None,
        prefer: str = "processes",
    ) -> None:  # fmt: skip
        self._function, self._rows, self._jobs, self._prefer = function, rows, jobs, prefer

    def results(self) -> list[Any]:
        from joblib import Parallel, delayed

        run = Parallel(n_jobs=self._jobs, prefer=self._prefer)
        return list(run(delayed(self._function)(*row) for row in self._rows))


def spread(function: Callable[..., Any], rows: Iterable[Row], jobs: int | None) -> list[Any]:
    """:func:`begin` and wait for the results, with helpers for as long as that takes if need be."""
    with helping(jobs):
        return begin(function, rows, jobs).results()


def spread_threads(
    function: Callable[..., Any], rows: Iterable[Sequence[Any]], jobs: int | None
) -> list[Any]:
    """One result per row, in order, for work that spends its time outside the interpreter's lock.

    Threads of this process do it; an engine that was set up is used instead.
    """
    if jobs == 1:
        return [function(*row) for row in rows]
    if _configured():
        return _OnEngine(function, rows, jobs, prefer="threads").results()
    pool = ThreadPoolExecutor(workers_of(jobs))
    try:
        return [done.result() for done in [pool.submit(function, *row) for row in rows]]
    finally:
        pool.shutdown(cancel_futures=True)  # after an error or Ctrl-C nothing else is begun
