"""``python -m rca.reports.child``: one rendering in a process of its own, under limits.

Reads one JSON request on standard input: ``{"charts": [...], "html": text or null}``. Answers on
standard output with the PDF, or without HTML with JSON of name to SVG. Exit code 3 and one JSON
line on standard error say that a library of the system is missing.
"""

import json
import os
import sys
from typing import Any

MEMORY = 2 * 1024**3
COMPUTING = 30
"""Seconds of processor time: the limit that a busy machine does not move."""
SECONDS = 170
"""Seconds by the clock. No page waits for a rendering, so a busy machine may take its time."""
MISSING = 3
_PANGO = (
    "PDF needs Pango, which is not on this machine. On Debian or Ubuntu: "
    "apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0. "
    "Everything else works without it."
)


def _limit() -> None:
    """Memory, processor time and an alarm.

    Never RLIMIT_AS: vl_convert reserves far more than it uses and aborts under it.
    """
    try:
        import resource
        import signal
    except ImportError:  # not a Unix; the parent still watches the clock
        return
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (COMPUTING, COMPUTING + 2))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # The parent kills earlier; this ends a child whose parent is gone.
    signal.alarm(SECONDS + 5)


PROGRESS = "progress "
"""How a line on standard error begins that says how far it is: ``progress 3 14 Drawing charts``."""


def _say(done: int, of: int, step: str) -> None:
    sys.stderr.write(f"{PROGRESS}{done} {of} {step}\n")
    sys.stderr.flush()


def render(request: dict[str, Any]) -> bytes:
    """The answer to one request."""
    from pydantic import TypeAdapter

    from rca.reports.charts import draw
    from rca.reports.pdf import html_to_pdf
    from rca.reports.value import Chart

    svgs: dict[str, str] = dict(request.get("drawn") or {})
    charts = TypeAdapter(list[Chart]).validate_python(request["charts"])
    for place, chart in enumerate(charts):
        _say(place, len(charts), "Drawing charts")
        svgs[chart.name] = draw(chart)
    if request.get("html") is None:
        return json.dumps(svgs, ensure_ascii=False).encode()
    _say(0, 0, "Setting pages")
    return html_to_pdf(
        request["html"],
        svgs,
        pictures=request.get("pictures") or {},
        colours=request.get("colours") or {},
    )


def _missing(error: BaseException) -> bool:
    return isinstance(error, OSError) and any(
        word in str(error) for word in ("pango", "gobject", "harfbuzz", "fontconfig")
    )


def main() -> int:
    """Read, render, answer."""
    _limit()
    request = json.load(sys.stdin.buffer)
    if request.get("polite"):
        # Pages are answered first: printing takes what processor time they leave.
        os.nice(5)
    try:
        answer = render(request)
    except OSError as error:
        if not _missing(error):
            raise
        sys.stderr.write(json.dumps({"missing": _PANGO}) + "\n")
        return MISSING
    sys.stdout.buffer.write(answer)
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
