"""The parent's side of a rendering: start the child, watch it, take its answer.

Nothing heavy is imported here, so that a web worker can call it.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rca.errors import ThroughlineError, Unavailable
from rca.reports.child import COMPUTING, MEMORY, MISSING, PROGRESS, SECONDS
from rca.reports.value import Chart

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


def _watch(
    child: subprocess.Popen[bytes],
    seconds: float,
    memory: int,
    cancelled: Callable[[], bool],
    listener: _Listener,
) -> None:
    """Wait for the end. Kills and raises RenderingFailed past a limit or when cancelled."""
    deadline = time.monotonic() + seconds
    while child.poll() is None:
        listener.listen()
        reason = ""
        if time.monotonic() > deadline:
            reason = f"took longer than {seconds:g} seconds"
        elif _resident(child.pid) > memory:
            reason = f"needed more than {memory // 1024**2} MB"
        elif cancelled():
            reason = "was cancelled"
        if reason:
            child.kill()
            child.wait()
            raise RenderingFailed(f"The document {reason} and was stopped.")
        time.sleep(_TICK)


def _ask(
    request: dict[str, Any],
    seconds: float,
    memory: int,
    cancelled: Callable[[], bool],
    tell: Progress | None,
) -> bytes:
    with (
        tempfile.TemporaryFile() as given,
        tempfile.TemporaryFile() as answer,
        tempfile.TemporaryFile() as said,
    ):
        given.write(json.dumps(request, ensure_ascii=False).encode())
        given.seek(0)
        child = subprocess.Popen(
            [sys.executable, "-m", "rca.reports.child"],
            stdin=given,
            stdout=answer,
            stderr=said,
            env=_environment(),
            cwd=tempfile.gettempdir(),
        )
        try:
            _watch(child, seconds, memory, cancelled, _Listener(said.fileno(), tell))
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
        said.seek(0)
        words = said.read().decode(errors="replace")
        if child.returncode == MISSING:
            raise Unavailable(str(json.loads(words.strip().splitlines()[-1])["missing"]))
        if child.returncode == _OUT_OF_TIME:
            raise RenderingFailed(
                f"The document needed more than {COMPUTING} seconds of computing."
            )
        if child.returncode != 0:
            said_last = [x for x in words.strip().splitlines() if not x.startswith(PROGRESS)]
            last = said_last[-1:] or ["no word"]
            raise RenderingFailed(f"The document could not be made ({last[0][:200]}).")
        answer.seek(0)
        return answer.read()


def _never() -> bool:
    return False


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
) -> bytes:
    """PDF bytes. Charts already ``drawn`` are taken as they are; ``pictures`` are raster images in
    base64 by address; ``colours`` are put in place of print's own; ``polite`` lets others go
    first; ``tell`` hears of progress.

    Raises Unavailable without Pango and RenderingFailed past a limit.
    """
    request = {
        "html": html,
        "charts": [asdict(c) for c in charts],
        "drawn": drawn or {},
        "pictures": pictures or {},
        "colours": colours or {},
        "polite": polite,
    }
    return _ask(request, seconds, memory, cancelled, tell)


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
    request = {"html": None, "charts": [asdict(c) for c in charts], "polite": polite}
    found: dict[str, str] = json.loads(_ask(request, seconds, MEMORY, cancelled, tell))
    return found
