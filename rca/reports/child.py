"""What runs in the rendering processes, under limits; the parent's side is ``rendering``.

``python -m rca.reports.child charts|pages FD`` stays and serves requests that come over the socket
FD, so that libraries, fonts and the chart engine are loaded once. Charts are drawn in the process
itself (their engine has threads, which no fork survives); each document is set in a fork of its
own, so that nothing of one is left in the next. Requests are JSON: ``{"charts": [...]}`` answered
with JSON of name to SVG, ``{"html": text, "drawn": {...}}`` with the PDF.

Exit code 3 and one JSON line on standard error say that a library of the system is missing.
"""

import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any

MEMORY = 2 * 1024**3
COMPUTING = 30
"""Seconds of processor time: the limit that a busy machine does not move."""
SECONDS = 170
"""Seconds by the clock. No page waits for a rendering, so a busy machine may take its time."""
IDLE = 300
"""Seconds after which a process that nobody asks ends."""
MISSING = 3
POLITE = 15
"""How nice a rendering is that must not slow pages down."""
_PANGO = (
    "PDF needs Pango, which is not on this machine. On Debian or Ubuntu: "
    "apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0. "
    "Everything else works without it."
)
_TICK = 0.02


def _limit(*, used: float = 0.0) -> None:
    """Memory, processor time past what is ``used``, and an alarm.

    Never RLIMIT_AS: vl_convert reserves far more than it uses and aborts under it.
    """
    import resource

    most = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (int(used) + COMPUTING, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # The parent kills earlier; this ends a child whose parent is gone.
    signal.alarm(SECONDS + 5)


def _step_back() -> None:
    """Pages are answered first: printing takes what processor time they leave."""
    os.nice(POLITE)
    if hasattr(os, "sched_setscheduler"):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


PROGRESS = "progress "
"""How a line on standard error begins that says how far it is: ``progress 3 14 Drawing charts``."""


def _say(done: int, of: int, step: str) -> None:
    sys.stderr.write(f"{PROGRESS}{done} {of} {step}\n")
    sys.stderr.flush()


def draw_all(values: Sequence[Any]) -> dict[str, str]:
    """SVG text by name of charts given as plain values."""
    from pydantic import TypeAdapter

    from rca.reports.charts import draw
    from rca.reports.value import Chart

    svgs = {}
    charts = TypeAdapter(list[Chart]).validate_python(values)
    for place, chart in enumerate(charts):
        _say(place, len(charts), "Drawing charts")
        svgs[chart.name] = draw(chart)
    return svgs


def set_pages(request: Mapping[str, Any], drawn: Callable[[], Mapping[str, str]]) -> bytes:
    """The PDF of one request. ``drawn`` gives the charts once they are needed."""
    from rca.reports.pdf import html_to_pdf

    _say(0, 0, "Setting pages")
    return html_to_pdf(
        request["html"],
        drawn,
        sizes=request.get("sizes"),
        pictures=request.get("pictures") or {},
        colours=request.get("colours") or {},
    )


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _missing(error: BaseException) -> bool:
    return isinstance(error, OSError) and any(
        word in str(error) for word in ("pango", "gobject", "harfbuzz", "fontconfig")
    )


def _guarded(work: Callable[[], bytes], answer: int) -> int:
    """Write what ``work`` makes to the file ``answer``; the exit code."""
    try:
        data = work()
    except Exception as error:
        if _missing(error):
            sys.stderr.write(json.dumps({"missing": _PANGO}) + "\n")
            return MISSING
        traceback.print_exc()
        return 1
    finally:
        sys.stderr.flush()
    with os.fdopen(answer, "wb", closefd=False) as file:
        file.write(data)
    return 0


# Processes that stay


def _whole(handle: int) -> bytes:
    """All of a file that somebody else wrote, wherever their place in it is."""
    parts, place = [], 0
    while part := os.pread(handle, 1 << 20, place):
        parts.append(part)
        place += len(part)
    return b"".join(parts)


def _next(line: socket.socket) -> list[int]:
    """The files of the next request: asked, answer, said, and for pages that wait for their
    charts the drawings and a pipe that tells when they are there. Empty at the end.
    """
    if not select.select([line], [], [], IDLE)[0]:
        return []
    said, files, _, _ = socket.recv_fds(line, 16, 5)
    return list(files) if said else []


def _awaited(request: Mapping[str, Any], files: list[int]) -> dict[str, str]:
    """The charts: of the request, or from another process once that has drawn them."""
    if len(files) < 5:
        return dict(request.get("drawn") or {})
    # The end without a word is the parent's end, and the charts will never come.
    if not os.read(files[4], 1):
        raise SystemExit(1)
    found: dict[str, str] = json.loads(_whole(files[3]))
    return found


def _pages_once(files: list[int]) -> int:
    """One document, in a fork: its limits, then its pages."""
    os.dup2(files[2], 2)
    _limit()
    # It ends before rubbish adds up, and looking for some took a tenth of its time.
    gc.disable()
    request = json.loads(_whole(files[0]))
    return _guarded(lambda: set_pages(request, lambda: _awaited(request, files)), files[1])


def _serve_pages(line: socket.socket) -> None:
    with contextlib.suppress(OSError):  # said by the fork that needs it
        from rca.reports import pdf

        pdf.ready()
    gc.collect()
    gc.freeze()
    while files := _next(line):
        # A fork may end at any moment, so what it leaves behind is not its own to clear away.
        with tempfile.TemporaryDirectory(prefix="throughline-pages-") as folder:
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    line.close()
                    tempfile.tempdir = folder
                    code = _pages_once(files)
                finally:
                    os._exit(code)
            for handle in files:
                os.close(handle)
            line.sendall(b"pid %d\n" % child)
            code = _ended(child, line)
        line.sendall(b"end %d\n" % code)


def _ended(child: int, line: socket.socket) -> int:
    """The exit code of a fork; any word of the parent meanwhile, or its end, kills it."""
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if select.select([line], [], [], _TICK)[0]:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            raise SystemExit(0)


def _serve_charts(line: socket.socket) -> None:
    import time

    from rca.reports.charts import engine

    engine()
    while files := _next(line):
        os.dup2(files[2], 2)
        _limit(used=time.process_time() + 1)
        line.sendall(b"pid %d\n" % os.getpid())
        values = json.loads(_whole(files[0]))["charts"]
        code = _guarded(lambda values=values: _json(draw_all(values)), files[1])  # type: ignore[misc]
        signal.alarm(0)
        for handle in files:
            os.close(handle)
        line.sendall(b"end %d\n" % code)


_SERVED = {"charts": _serve_charts, "pages": _serve_pages}


def serve(kind: str, handle: int) -> None:
    """Serve requests until the parent ends or nobody asks for a while."""
    with socket.socket(fileno=handle) as line:
        try:
            _SERVED[kind](line)
        except (BrokenPipeError, ConnectionResetError):
            return  # the parent is gone


def main() -> None:
    """Serve until there is nothing more to do."""
    if "polite" in sys.argv:
        _step_back()
    serve(sys.argv[1], int(sys.argv[2]))


if __name__ == "__main__":
    main()
