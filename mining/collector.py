"""Python's search for cycles, which rests while runs are under way."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock


class _Rest:
    """Runs of several threads at once share one switch: the last one turns it back."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._runs = 0
        self._was = False

    def begin(self) -> None:
        with self._lock:
            if not self._runs:
                self._was = gc.isenabled()
                gc.disable()
            self._runs += 1

    def end(self) -> None:
        with self._lock:
            self._runs -= 1
            if not self._runs and self._was:
                gc.enable()


_REST = _Rest()


@contextmanager
def at_rest() -> Iterator[None]:
    """A run makes millions of small objects and no cycles; looking for some is 3 % of its time."""
    _REST.begin()
    try:
        yield
    finally:
        _REST.end()
