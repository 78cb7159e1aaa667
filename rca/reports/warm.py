"""Rendering processes that stay warm between documents, kept by the process that prints.

One is taken for a request and put back after it; of each kind at most one is kept. A process that
was killed, or ended because nobody asked, is replaced.
"""

import atexit
import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from functools import cache
from typing import Literal

Kind = Literal["charts", "pages"]
SUPPORTED = hasattr(os, "fork") and hasattr(socket, "send_fds")
"""Whether this system can pass open files to a process that runs already."""
_LAST_WORDS = 2_000


_Sort = tuple[bool, tuple[tuple[str, str], ...]]


def _sort_of(environment: dict[str, str], polite: bool) -> _Sort:
    """What two processes must have in common to stand for one another."""
    return polite, tuple(sorted(environment.items()))


class Server:
    """One rendering process and the line to it."""

    def __init__(self, kind: Kind, environment: dict[str, str], *, polite: bool) -> None:
        self.kind: Kind = kind
        self.sort = _sort_of(environment, polite)
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        self._line, theirs = socket.socketpair()
        words = [sys.executable, "-m", "rca.reports.child", kind, str(theirs.fileno())]
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603 - our own module
                [*words, "polite"] if polite else words,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self._said,
                pass_fds=[theirs.fileno()], env=environment, cwd=tempfile.gettempdir(),
            )  # fmt: skip
        self._line.setblocking(False)
        self._heard = b""
        self.fresh = True

    def ask(self, files: Sequence[int]) -> None:
        """Begin a request with these open files. Raises OSError when the process is gone."""
        self._heard = b""
        socket.send_fds(self._line, [b"J"], list(files))

    def word(self, name: str) -> int | None:
        """The number that it told under ``name`` since it was asked."""
        with contextlib.suppress(BlockingIOError, ConnectionError):
            self._heard += self._line.recv(256)
        for line in self._heard.split(b"\n")[:-1]:
            told, _, number = line.decode().partition(" ")
            if told == name:
                return int(number)
        return None

    @property
    def gone(self) -> int | None:
        """Its exit code once it has ended by itself."""
        return self.process.poll()

    def last_words(self) -> str:
        """What it said before it could serve."""
        self._said.seek(0)
        return self._said.read().decode(errors="replace")[-_LAST_WORDS:]

    def end(self) -> None:
        """Stop it and what it works on, and wait until it is gone."""
        # Charts are drawn by the process itself; pages by a fork, which it ends first.
        self._line.close()
        if self.kind == "charts":
            self.process.kill()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._said.close()


class Pool:
    """The idle processes of one process. Safe for threads; a fork starts its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[Server] = []
        self._owner = os.getpid()

    def take(self, kind: Kind, environment: dict[str, str], *, polite: bool) -> Server:
        """An idle process of this sort, or a new one."""
        sort = _sort_of(environment, polite)
        with self._lock:
            if self._owner != os.getpid():
                self._idle, self._owner = [], os.getpid()
            for server in self._idle:
                if server.kind == kind and server.sort == sort:
                    self._idle.remove(server)
                    server.fresh = False
                    return server
        return Server(kind, environment, polite=polite)

    def put(self, server: Server) -> None:
        """Keep it for the next request, in place of another of its kind."""
        with self._lock:
            others = [s for s in self._idle if s.kind == server.kind]
            self._idle = [s for s in self._idle if s.kind != server.kind] + [server]
        for other in others:
            other.end()

    @property
    def idle(self) -> tuple[Server, ...]:
        """Those that wait."""
        return tuple(self._idle)

    def end(self) -> None:
        """End every idle process."""
        with self._lock:
            idle, self._idle = self._idle, []
        if self._owner == os.getpid():
            for server in idle:
                server.end()


@cache
def pool() -> Pool:
    """The pool of this process; its processes end with it."""
    made = Pool()
    atexit.register(made.end)
    return made
