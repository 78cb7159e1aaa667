"""Work cut into tasks for joblib: on this machine's processors, or on whatever engine is set up."""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

PARALLEL_FROM = 6_000
"""Records from which further processes are worth their start."""
_IDLE_SECONDS = 60
"""How long helper processes stay when nothing is left to do, with what memory they hold: longer
than a run of 100,000 records needs between two of its steps."""


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
    from joblib.parallel import get_active_backend

    _, jobs = get_active_backend()
    threads, processes = (get_active_backend(prefer=way)[0] for way in ("threads", "processes"))
    return jobs is not None or type(threads) is type(processes)


def workers_of(jobs: int | None) -> int:
    """How many workers ``jobs`` means here."""
    from joblib import effective_n_jobs

    return 1 if jobs == 1 else int(effective_n_jobs(jobs))


def blocks_of(count: int, most: int, jobs: int | None) -> list[tuple[int, int]]:
    """Even blocks of at most ``most``, as many for each worker."""
    at_once = workers_of(jobs)
    blocks = at_once * -(-count // (at_once * most))
    edges = [count * block // blocks for block in range(blocks + 1)]
    return [(start, stop) for start, stop in pairwise(edges) if stop > start]


def spread(
    function: Callable[..., Any],
    arguments: Iterable[Sequence[Any]],
    jobs: int | None,
    *,
    threads: bool = False,
) -> list[Any]:
    """One result per row of arguments, in order, whoever worked it out.

    ``threads`` is for work that spends its time outside the interpreter's lock; an engine that was
    set up is used in either case.
    """
    if jobs == 1:
        return [function(*row) for row in arguments]
    from joblib import Parallel, delayed

    own = {} if threads or _configured() else {"idle_worker_timeout": _IDLE_SECONDS}
    run = Parallel(n_jobs=jobs, prefer="threads" if threads else "processes", **own)
    return list(run(delayed(function)(*row) for row in arguments))
