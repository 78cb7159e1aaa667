"""The rendering processes: limits hold, a stop leaves nothing behind, warm ones hold nothing."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from rca.errors import Unavailable
from rca.reports import rendering, warm
from rca.reports.rendering import RenderingFailed, make_pdf
from tests.conftest import run_python
from tests.reports.pages import page, record
from tests.reports.values import charts, review


def rendering_processes() -> set[int]:
    """Every rendering process that this one started, and their forks."""
    found: set[int] = set()
    for _ in range(2):  # forks may be listed before what they were forked from
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                state, parent = stat.read_text().rsplit(")", 1)[1].split()[:2]
                ours = "rca.reports.child" in (stat.parent / "cmdline").read_text()
                if ours and state != "Z" and int(parent) in (os.getpid(), *found):
                    found.add(int(stat.parent.name))
    return found


def _whole() -> bytes:
    return make_pdf(page(), list(review().charts()))


def test_a_slow_document_is_stopped() -> None:
    with pytest.raises(RenderingFailed, match="took longer"):
        make_pdf(page(), list(review().charts()), seconds=0.05)


def test_a_large_document_is_stopped() -> None:
    with pytest.raises(RenderingFailed, match="needed more than 20 MB"):
        make_pdf(page(), memory=20 * 1024**2)


def test_a_cancelled_document_leaves_no_process() -> None:
    warm.pool().end()
    seen: set[int] = set()

    def cancelled() -> bool:
        seen.update(rendering_processes())
        return len(seen) > 2  # a fork sets the pages: it is at work

    with pytest.raises(RenderingFailed, match="was cancelled"):
        make_pdf(page(), list(review().charts()), cancelled=cancelled)
    assert len(seen) > 2
    assert not rendering_processes() & seen


def test_processes_stay_for_the_next_document_and_hold_nothing_of_the_last() -> None:
    _whole()
    stay = rendering_processes()
    assert len(stay) == 2
    first = make_pdf(record(title="A title of the first document"))
    assert make_pdf(record()) != first
    assert make_pdf(record(title="A title of the first document")) == first
    assert rendering_processes() == stay


def test_nothing_stays_in_the_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine writes its fonts there, also when a document is stopped."""
    warm.pool().end()
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    _whole()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(RenderingFailed, match="took longer"):
        make_pdf(page(), list(review().charts()), seconds=0.3)
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_died_while_it_waited_is_replaced() -> None:
    first = _whole()
    for process in rendering_processes():
        os.kill(process, signal.SIGKILL)
    assert _whole() == first


DIES = """
import os
from rca.reports.rendering import make_pdf
from tests.reports.pages import page
from tests.reports.test_processes import rendering_processes
from tests.reports.values import review

def die():
    found = rendering_processes()
    if len(found) > 2:
        print(*found, flush=True)
        os._exit(0)

make_pdf(page(), list(review().charts()), cancelled=die)
"""


def test_everything_ends_with_the_process_that_asked() -> None:
    seen = [Path(f"/proc/{pid}/cmdline") for pid in run_python(DIES).split()]
    assert len(seen) > 2

    def left() -> list[Path]:
        found = []
        for path in seen:
            with contextlib.suppress(OSError):
                if "rca.reports.child" in path.read_text():
                    found.append(path)
        return found

    patience = time.monotonic() + 30
    while left() and time.monotonic() < patience:
        time.sleep(0.05)
    assert left() == []


def test_a_document_limits_its_own_memory() -> None:
    code = (
        "import rca.reports.child as c; c._limit()\n"
        "try:\n    held = bytearray(3 * 1024**3)\n    print('held')\n"
        "except MemoryError:\n    print('refused')"
    )
    assert run_python(code).strip() == "refused"


def test_a_document_limits_its_own_computing() -> None:
    code = "import rca.reports.child as c; c.COMPUTING = 1; c._limit()\nwhile True: pass"
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=60)
    assert done.returncode == -signal.SIGXCPU


def test_a_polite_process_lets_others_go_first() -> None:
    made = warm.Server("pages", rendering._environment(), polite=True)
    try:
        patience = time.monotonic() + 20
        while os.getpriority(os.PRIO_PROCESS, made.process.pid) == 0:
            assert time.monotonic() < patience
            time.sleep(0.05)
        assert os.getpriority(os.PRIO_PROCESS, made.process.pid) == 15
    finally:
        made.end()


def test_the_processes_see_no_setting_and_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RCA_DATABASE_URL", "postgresql://someone:secret@host/db")
    assert not [name for name in rendering._environment() if name.startswith("RCA_")]


def test_without_pango_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A weasyprint that can't find its system library, as on a bare machine."""
    fake = tmp_path / "weasyprint"
    fake.mkdir()
    (fake / "__init__.py").write_text(
        "raise OSError(\"cannot load library 'libgobject-2.0-0': no such file\")", encoding="utf-8"
    )
    real = rendering._environment()
    monkeypatch.setattr(
        rendering, "_environment",
        lambda: {**real, "PYTHONPATH": f"{tmp_path}{os.pathsep}{real['PYTHONPATH']}"},
    )  # fmt: skip
    with pytest.raises(Unavailable, match="apt-get install libpango"):
        make_pdf(page())
    drawn = rendering.draw_charts(list(review().charts())[:1])
    assert drawn, "charts need no Pango"


def test_a_fault_of_ours_is_told_apart_and_the_next_document_is_made() -> None:
    with pytest.raises(RenderingFailed, match="could not be made"):
        make_pdf(page(), [replace(charts()[0], kind="nonsense")])
    assert _whole()


def test_a_process_that_cannot_start_says_why(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "rca"
    broken.mkdir()
    (broken / "__init__.py").write_text("raise ImportError('half installed')", encoding="utf-8")
    real = rendering._environment()
    monkeypatch.setattr(rendering, "_environment", lambda: {**real, "PYTHONPATH": str(tmp_path)})
    with pytest.raises(RenderingFailed, match="half installed"):
        make_pdf(page())
