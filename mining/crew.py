"""Processes that help one run, and the process that asked for it, which takes part.

Tasks stand in one row and whoever is free takes the next: the helpers, and the process that asks
for results while it would wait for them. So nobody waits for a helper to start, and one process
less is started and fed than with workers alone. Helpers end with the run, and with them whatever
they have read.
"""

import gc
import logging
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from threading import RLock, Thread
from typing import Any

from mining.vocabulary import keep_words, words_kept

_log = logging.getLogger("mining.crew")

AHEAD = 2
"""Tasks that each helper is handed at a time: the one at work, and the next, so it never waits."""
_IDLE_SECONDS = 60
"""How long helpers wait for a task: longer than a run of 100,000 records needs between two of its
steps."""
_LOOK_SECONDS = 1.0
"""How often helpers look whether the process that asked is still there."""
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

Row = Sequence[Any]


class Batch:
    """Tasks of one function that are under way."""

    def __init__(self, crew: "Crew", function: Callable[..., Any], rows: Iterable[Row]) -> None:
        self._crew, self._function = crew, function
        self._rows: Iterator[tuple[int, Row]] = enumerate(rows)
        self._failure: Exception | None = None
        self._sent: dict[int, tuple[Future[Any], Row]] = {}
        self._found: dict[int, Any] = {}

    def results(self) -> list[Any]:
        """The results in the order of the tasks. Raises what a task raised."""
        while (task := self._crew.take(self)) is not None:
            place, row = task
            self._found[place] = self._function(*row)
        for place, (future, row) in self._sent.items():
            try:
                self._found[place] = future.result()
            except BrokenProcessPool:  # a helper was killed: what lay with it is done here
                self._found[place] = self._function(*row)
        self._sent.clear()  # tasks and batch hold each other, and with them what was found
        if self._failure:
            raise self._failure
        return [self._found[place] for place in range(len(self._found))]

    def next(self) -> tuple[int, Row] | None:
        """The next task, or ``None`` when all are taken; the crew sees that one asks at a time."""
        try:
            return next(self._rows, None)
        except Exception as error:  # told to who asks for the results, not to who feeds helpers
            self._failure = error
            return None

    def send(self, place: int, row: Row, submit: Callable[..., "Future[Any]"]) -> "Future[Any]":
        """Hand a task to the helpers."""
        future = submit(_helped, self._function, row)
        self._sent[place] = future, row
        return future

    def done(self, place: int, future: "Future[Any]") -> None:
        """Let go of what a finished task was made of."""
        if place in self._sent and future.exception() is None:
            self._sent[place] = future, ()


class Crew:
    """The helpers of one run, and the tasks for them. They start when told to, or with a batch."""

    def __init__(self, helpers: int) -> None:
        self._helpers = helpers
        self._lock = RLock()
        self._batches: list[Batch] = []
        self._out = 0
        self._executor: Any = None
        self._start: Thread | None = None

    def start(self) -> None:
        """Let the helpers start: half a second passes until they are there, most of it waiting."""
        with self._lock:
            if self._start is None and self._helpers:
                self._start = Thread(target=self._started, daemon=True)
                self._start.start()

    def begin(self, function: Callable[..., Any], rows: Iterable[Row]) -> Batch:
        """Let the helpers begin. They import the function by its name."""
        batch = Batch(self, function, rows)
        self.start()
        with self._lock:
            self._batches.append(batch)
            self._feed()
        return batch

    def _started(self) -> None:
        try:
            executor = _executor(self._helpers)
        except (OSError, ImportError, RuntimeError):  # no memory, semaphores or processes left
            _log.warning("no helper could be started: one process does the work", exc_info=True)
            return
        with self._lock:
            self._executor = executor
            self._feed()

    def take(self, batch: Batch) -> tuple[int, Row] | None:
        """A task for the process that waits for the batch."""
        with self._lock:
            task = batch.next()
            if task is None and batch in self._batches:
                self._batches.remove(batch)
            return task

    def end(self) -> None:
        """Let the helpers go, whatever they are at."""
        with self._lock:
            self._helpers = 0
        if self._start is not None:
            self._start.join()
        if self._executor is not None:
            # Idle ones end by themselves: without psutil, killing takes a command that may be
            # missing.
            self._executor.shutdown(kill_workers=self._out > 0)

    def _feed(self) -> None:
        """Hand out tasks until every helper has enough."""
        with self._lock:
            while self._executor and self._batches and self._out < AHEAD * self._helpers:
                batch = self._batches[0]
                task = batch.next()
                if task is None:
                    self._batches.pop(0)
                    continue
                place, row = task
                self._out += 1
                future = batch.send(place, row, self._submit)
                future.add_done_callback(partial(self._done, batch, place))

    def _done(self, batch: Batch, place: int, future: "Future[Any]") -> None:
        with self._lock:
            self._out -= 1
            batch.done(place, future)
            self._feed()

    def _submit(self, *work: Any) -> "Future[Any]":
        try:
            found: Future[Any] = self._executor.submit(*work)
        except (OSError, RuntimeError) as error:  # one was killed, or no other can be started
            self._helpers = 0
            found = Future()
            found.set_exception(BrokenProcessPool(str(error)))
        return found


_CREW: ContextVar[Crew | None] = ContextVar("crew", default=None)


def current() -> Crew | None:
    """The crew of the run that is under way."""
    return _CREW.get()


@contextmanager
def crew(helpers: int) -> Iterator[Crew]:
    """The crew of a run; inside another run's, that one's."""
    if (at_work := current()) is not None:
        yield at_work
        return
    found = Crew(helpers)
    token = _CREW.set(found)
    try:
        with words_kept():
            yield found
    finally:
        _CREW.reset(token)
        found.end()


def _executor(helpers: int) -> Any:
    from loky import ProcessPoolExecutor

    found = ProcessPoolExecutor(
        helpers, timeout=_IDLE_SECONDS, initializer=_helper_begins, initargs=(os.getpid(),),
        env=_ONE_THREAD,
    )  # fmt: skip
    found.submit(_helper_waits)  # processes start with the first task
    return found


def _helper_waits() -> None:
    """Nothing."""


def _helper_begins(asked_by: int) -> None:
    # Ctrl-C reaches the whole group; who asked decides what becomes of the run.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with, args=(asked_by,), daemon=True).start()
    keep_words()
    gc.disable()  # it lives for one run, and leaves no cycles behind


def _end_with(asked_by: int) -> None:
    """End when the process that asked was killed: nobody would take a result, nor end the wait."""
    while os.getppid() == asked_by:
        time.sleep(_LOOK_SECONDS)
    os._exit(1)


def _helped(function: Callable[..., Any], row: Row) -> Any:
    """One task, in a helper."""
    found = function(*row)
    gc.freeze()  # loky may ask for a collection every second, whatever is disabled
    return found
