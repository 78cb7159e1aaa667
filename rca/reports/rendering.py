"""The parent's side of a rendering: ask the processes that draw and set, watch them, take answers.

Nothing heavy is imported here, so that a web worker can call it.
"""

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from rca.errors import ThroughlineError, Unavailable
from rca.reports.charts_size import outer
from rca.reports.child import COMPUTING, MEMORY, MISSING, PROGRESS, SECONDS
from rca.reports.value import Chart
from rca.reports.warm import SUPPORTED, Kind, Server, pool

_OUT_OF_TIME = -24
"""SIGXCPU: past the processor time that the child gave itself."""
_EPOCH = "1767225600"
_TICK = 0.02


class RenderingFailed(ThroughlineError):
    """The child ended without an answer: too slow, too large, cancelled, or a fault of ours."""

    status = 500


def _environment() -> dict[str, str]:
    """What the child may see: no setting, no secret, one clock for the fonts it writes."""
    import rca

    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return {
        **kept,
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(Path(rca.__file__).resolve().parent.parent),
        "PYTHONHASHSEED": "0",
        "SOURCE_DATE_EPOCH": _EPOCH,
    }


def _resident(pid: int) -> int:
    """Resident bytes of a process, 0 where the system does not tell."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


Progress = Callable[[int, int, str], None]


class _Listener:
    """Reads what the child says of its progress, without moving the place where it writes."""

    def __init__(self, handle: int, tell: Progress | None) -> None:
        self._handle, self._tell, self._place, self._rest = handle, tell, 0, b""

    def listen(self) -> None:
        """Pass on the newest word, if there is one."""
        if self._tell is None:
            return
        data = os.pread(self._handle, 65_536, self._place)
        self._place += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in reversed(lines):
            text = line.decode(errors="replace")
            if text.startswith(PROGRESS):
                done, of, step = text.removeprefix(PROGRESS).split(" ", 2)
                self._tell(int(done), int(of), step)
                return


Limits = tuple[float, int, Callable[[], bool]]
"""Seconds by the clock, bytes of memory, and whether somebody cancelled."""


class _Work:
    """One request under way in a rendering process."""

    def __init__(
        self, kind: Kind, request: dict[str, Any], *, polite: bool, more: Sequence[int] = ()
    ) -> None:
        self._kind, self._polite, self._more = kind, polite, tuple(more)
        self._files = ExitStack()
        self._given, self.answer, self.said = (self._file(), self._file(), self._file())
        self._given.write(json.dumps(request, ensure_ascii=False).encode())
        self._given.flush()
        self._server = pool().take(kind, _environment(), polite=polite)
        self._ask()

    def _file(self) -> IO[bytes]:
        return self._files.enter_context(tempfile.TemporaryFile())

    def _ask(self) -> None:
        try:
            self._server.ask([f.fileno() for f in (self._given, self.answer, self.said)]
                             + list(self._more))  # fmt: skip
        except OSError:
            self._again()

    def _again(self) -> None:
        """A process that had waited may have ended at this very moment: once more in a new one."""
        if self._server.fresh:
            raise RenderingFailed(_last_of(self._server.last_words()))
        self._server.end()
        self._server = Server(self._kind, _environment(), polite=self._polite)
        self._ask()

    def ended(self) -> int | None:
        """The exit code once it is done."""
        code = self._server.word("end")
        if code is not None:
            return code
        gone = self._server.gone
        if gone is None:
            return None
        if self._server.word("pid") is None and not self._server.fresh:
            self._again()
            return None
        return gone

    @property
    def resident(self) -> int:
        """Bytes that it holds in memory."""
        return _resident(self._server.word("pid") or self._server.process.pid)

    def words(self) -> str:
        """What it said."""
        self.said.seek(0)
        return self.said.read().decode(errors="replace") or self._server.last_words()

    def data(self) -> bytes:
        """What it made."""
        self.answer.seek(0)
        return self.answer.read()

    def close(self, *, keep: bool) -> None:
        """Put the process back, or stop it and what it does."""
        if keep and self._server.gone is None:
            pool().put(self._server)
        else:
            self._server.end()
        self._files.close()


def _check(code: int, words: str) -> None:
    """Raises what the exit code means."""
    if code == 0:
        return
    if code == MISSING:
        raise Unavailable(str(json.loads(words.strip().splitlines()[-1])["missing"]))
    if code == _OUT_OF_TIME:
        raise RenderingFailed(f"The document needed more than {COMPUTING} seconds of computing.")
    raise RenderingFailed(_last_of(words))


def _last_of(words: str) -> str:
    said = [line for line in words.strip().splitlines() if not line.startswith(PROGRESS)]
    last = (said[-1:] or ["no word"])[0][:200]
    return f"The document could not be made ({last})."


def _pace(works: Sequence[_Work], limits: Limits, began: float) -> None:
    """One look at what is under way. Raises RenderingFailed past a limit or when cancelled."""
    seconds, memory, cancelled = limits
    reason = ""
    if time.monotonic() > began + seconds:
        reason = f"took longer than {seconds:g} seconds"
    elif any(work.resident > memory for work in works):
        reason = f"needed more than {memory // 1024**2} MB"
    elif cancelled():
        reason = "was cancelled"
    if reason:
        raise RenderingFailed(f"The document {reason} and was stopped.")
    time.sleep(_TICK)


def _never() -> bool:
    return False


def _work(kind: Kind, request: dict[str, Any], *, polite: bool, more: Sequence[int] = ()) -> _Work:
    if not SUPPORTED:
        raise Unavailable("Charts and PDF are made on Linux, macOS and other Unix systems only.")
    return _Work(kind, request, polite=polite, more=more)


class _Drawing:
    """Charts under way, and the way by which the pages that wait for them get them."""

    def __init__(self, charts: Sequence[Chart], polite: bool, tell: Progress | None) -> None:
        self.work = _work("charts", {"charts": [asdict(c) for c in charts]}, polite=polite)
        self._listener = _Listener(self.work.said.fileno(), tell)
        self._gate_in, self._gate = os.pipe()
        self.drawn: dict[str, str] | None = None

    @property
    def awaited(self) -> tuple[int, int]:
        """What the pages get: the file of the drawings, and the pipe that says they are there."""
        return self.work.answer.fileno(), self._gate_in

    def look(self) -> bool:
        """Whether they are drawn. Raises RenderingFailed when they could not be."""
        if self.drawn is None:
            self._listener.listen()
            code = self.work.ended()
            if code is not None:
                _check(code, self.work.words())
                self.drawn = json.loads(self.work.data())
                os.write(self._gate, b"1")
        return self.drawn is not None

    def close(self) -> None:
        """Stop it unless it is done."""
        os.close(self._gate)
        os.close(self._gate_in)
        self.work.close(keep=self.drawn is not None)


def make_pdf(
    html: str,
    charts: Sequence[Chart] = (),
    *,
    drawn: dict[str, str] | None = None,
    pictures: dict[str, str] | None = None,
    colours: dict[str, str] | None = None,
    polite: bool = False,
    seconds: float = SECONDS,
    memory: int = MEMORY,
    cancelled: Callable[[], bool] = _never,
    tell: Progress | None = None,
    drew: Callable[[dict[str, str]], None] | None = None,
) -> bytes:
    """PDF bytes. Charts already ``drawn`` are taken as they are, the others are drawn while the
    pages begin, and ``drew`` hears of them; ``pictures`` are raster images in base64 by address;
    ``colours`` are put in place of print's own; ``polite`` lets others go first; ``tell`` hears
    of progress.

    Raises Unavailable without Pango and RenderingFailed past a limit.
    """
    request = {
        "html": html, "drawn": drawn or {}, "pictures": pictures or {}, "colours": colours or {},
        "sizes": {chart.name: _size(chart) for chart in charts},
    }  # fmt: skip
    limits = (seconds, memory, cancelled)
    began = time.monotonic()
    with ExitStack() as stack:
        drawing = _Drawing(charts, polite, tell) if charts else None
        if drawing:
            stack.callback(drawing.close)
        pages = _work("pages", request, polite=polite, more=drawing.awaited if drawing else ())
        with _closed(pages):
            return _watched(pages, drawing, limits, began, tell, drew)


def _size(chart: Chart) -> tuple[int, int] | None:
    """The size of a drawing to be; None where its drawing will say what is wrong with it."""
    try:
        return outer(chart)
    except (LookupError, TypeError, ValueError):
        return None


@contextmanager
def _closed(work: _Work) -> Iterator[None]:
    """Keep the process after the work, stop it after a fault."""
    done = False
    try:
        yield
        done = True
    finally:
        work.close(keep=done)


def _watched(
    pages: _Work, drawing: _Drawing | None, limits: Limits, began: float,
    tell: Progress | None, drew: Callable[[dict[str, str]], None] | None,
) -> bytes:  # fmt: skip
    listener = _Listener(pages.said.fileno(), tell)
    told = False
    while True:
        there = drawing is None or drawing.look()
        if there:
            listener.listen()
        if drawing and there and drew and not told:
            drew(drawing.drawn or {})
            told = True
        code = pages.ended()
        if code is not None:
            _check(code, pages.words())
            return pages.data()
        _pace([pages, drawing.work] if drawing and not there else [pages], limits, began)


def draw_charts(
    charts: Sequence[Chart],
    *,
    polite: bool = False,
    seconds: float = SECONDS,
    cancelled: Callable[[], bool] = _never,
    tell: Progress | None = None,
) -> dict[str, str]:
    """SVG text by chart name. Raises RenderingFailed past a limit."""
    if not charts:
        return {}
    limits = (seconds, MEMORY, cancelled)
    began = time.monotonic()
    drawing = _Drawing(charts, polite, tell)
    try:
        while not drawing.look():
            _pace([drawing.work], limits, began)
    finally:
        drawing.close()
    return drawing.drawn or {}
