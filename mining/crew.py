"""Processes that help one run, and the process that asked for it, which takes part.

Tasks stand in one row and whoever is free takes the next: the helpers, and the process that asks
for results while it would wait for them. So nobody waits for a helper to start, and one process
less is started and fed than with workers alone. Helpers end with the run, and with them whatever
they have read.
"""

import gc
import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from itertools import count
from threading import RLock
from typing import Any

from mining.vocabulary import keep_words, words_kept

AHEAD = 2
"""Tasks that each helper is handed at a time: the one at work, and the next, so it never waits."""
_IDLE_SECONDS = 60
"""How long helpers outlive a run that was killed before it could end them: longer than a run of
100,000 records needs between two of its steps."""
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

Row = Sequence[Any]
_numbers = count()


class Batch:
    """Tasks of one function that are under way. ``common`` are arguments that all begin with."""

    def __init__(
        self, crew: "Crew", function: Callable[..., Any], rows: Iterable[Row], common: Row
    ) -> None:
        self._crew, self._function, self._common = crew, function, tuple(common)
        self._rows: Iterator[tuple[int, Row]] = enumerate(rows)
        self._failure: Exception | None = None
        self._sent: dict[int, tuple[Future[Any], Row]] = {}
        self._found: dict[int, Any] = {}
        self._packed: tuple[int, bytes] | None = None

    def results(self) -> list[Any]:
        """The results in the order of the tasks. Raises what a task raised."""
        while (task := self._crew.take(self)) is not None:
            place, row = task
            self._found[place] = self._function(*self._common, *row)
        for place, (future, row) in self._sent.items():
            try:
                self._found[place] = future.result()
            except BrokenProcessPool:  # a helper was killed: what lay with it is done here
                self._found[place] = self._function(*self._common, *row)
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
        if self._packed is None:  # once for all tasks, and unpacked once by each helper
            self._packed = next(_numbers), pickle.dumps(self._common)
        future = submit(_helped, self._function, self._packed, row)
        self._sent[place] = future, row
        return future

    def done(self, place: int, future: "Future[Any]") -> None:
        """Let go of what a finished task was made of."""
        if future.exception() is None:
            self._sent[place] = future, ()


class Crew:
    """The helpers of one run, and the tasks that wait for them. They start with the first batch."""

    def __init__(self, helpers: int) -> None:
        self._helpers = helpers
        self._lock = RLock()
        self._batches: list[Batch] = []
        self._out = 0
        self._executor: Any = None

    def begin(self, function: Callable[..., Any], rows: Iterable[Row], common: Row) -> Batch:
        """Let the helpers begin. They import the function by its name."""
        batch = Batch(self, function, rows, common)
        with self._lock:
            if self._executor is None and self._helpers:
                self._executor = _started(self._helpers)
            self._batches.append(batch)
            self._feed()
        return batch

    def take(self, batch: Batch) -> tuple[int, Row] | None:
        """A task for the process that waits for the batch."""
        with self._lock:
            return batch.next()

    def end(self) -> None:
        """Let the helpers go, whatever they are at."""
        with self._lock:
            self._helpers = 0
        if self._executor is not None:
            self._executor.shutdown(kill_workers=True)

    def _feed(self) -> None:
        """Hand out tasks until every helper has enough."""
        with self._lock:
            while self._batches and self._out < AHEAD * self._helpers:
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
        except BrokenProcessPool as error:
            self._helpers = 0
            found = Future()
            found.set_exception(error)
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


def _started(helpers: int) -> Any:
    from joblib.externals.loky import ProcessPoolExecutor

    return ProcessPoolExecutor(
        helpers, timeout=_IDLE_SECONDS, initializer=_helper_begins, env=_ONE_THREAD
    )


def _helper_begins() -> None:
    keep_words()
    gc.disable()  # it lives for one run and leaves no cycles behind


_BATCHES_KEPT = 4
_unpacked: dict[int, Row] = {}


def _helped(function: Callable[..., Any], packed: tuple[int, bytes], row: Row) -> Any:
    """One task, in a helper."""
    number, common = packed
    if number not in _unpacked:
        if len(_unpacked) >= _BATCHES_KEPT:
            _unpacked.clear()
        _unpacked[number] = pickle.loads(common)  # noqa: S301 - from the process that started it
    return function(*_unpacked[number], *row)
