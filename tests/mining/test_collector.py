"""The collector of cycles rests while runs are under way, and is as it was after the last."""

import gc
from threading import Event, Thread

import pytest

from mining.collector import at_rest


def test_it_rests_until_the_last_of_two_runs_ends() -> None:
    began, may_end = Event(), Event()

    def other() -> None:
        with at_rest():
            began.set()
            may_end.wait(30)

    assert gc.isenabled()
    thread = Thread(target=other)
    with at_rest():
        thread.start()
        assert began.wait(30)
    assert not gc.isenabled()
    may_end.set()
    thread.join()
    assert gc.isenabled()


def test_an_error_ends_the_rest() -> None:
    with pytest.raises(ValueError, match="no"), at_rest():
        raise ValueError("no")
    assert gc.isenabled()


def test_who_switched_it_off_finds_it_off() -> None:
    gc.disable()
    try:
        with at_rest():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
