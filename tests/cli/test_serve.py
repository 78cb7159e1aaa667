"""`rca serve`: one parent, a link once, another port when one is taken, a clean end."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from rca.cli.serve import free_port
from rca.config import Settings, public_address

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def serving(home: Path, port: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`rca serve` on a home of this test's own."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("RCA_")}
    env |= {"RCA_HOME": str(home), "RCA_PORT": str(port), "RCA_PROCESSES": "1"}
    with log.open("wb") as out:
        child = subprocess.Popen(
            [sys.executable, "-m", "rca", "serve"], cwd=ROOT, env=env, stdout=out, stderr=out
        )
    try:
        yield child
    finally:
        if child.poll() is None:
            child.send_signal(signal.SIGINT)
        child.wait(30)


def _until(log: Path, pattern: str) -> str:
    end = time.monotonic() + 40
    while time.monotonic() < end:
        found = re.search(pattern, log.read_text(encoding="utf-8", errors="replace"))
        if found:
            return found[1]
        time.sleep(0.1)
    raise AssertionError(log.read_text(encoding="utf-8", errors="replace"))


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_it_serves_gives_a_link_and_ends_with_all_its_children(tmp_path: Path) -> None:
    log, port = tmp_path / "log", free_port("127.0.0.1", 18_400)
    with serving(tmp_path / "home", port, log) as parent:
        link = _until(log, r"(http://127\.0\.0\.1:\d+/link/\S+)")
        assert _answers(f"http://127.0.0.1:{port}/healthz"), "printed before it could be called"
        with urllib.request.urlopen(link, timeout=5) as page:
            assert b"admin" in page.read()
        children = psutil.Process(parent.pid).children(recursive=True)
        assert len(children) >= 2
        served = public_address(Settings(tmp_path / "home", "sqlite://", port=1))
        assert served == f"http://127.0.0.1:{port}", "what `rca user link` prints"
        parent.send_signal(signal.SIGINT)
        assert parent.wait(30) == 0
    assert not [child for child in children if child.is_running()]
    assert list((tmp_path / "home").glob("*.db"))
    assert not (tmp_path / "home" / "served.json").exists()
    assert not _is_wide(tmp_path / "home")


def _is_wide(home: Path) -> bool:
    return any(path.stat().st_mode & 0o077 for path in home.glob("*.db"))


def test_a_taken_port_gives_the_next_free_one() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port("127.0.0.1", port) > port


def test_another_host_needs_tls(tmp_path: Path) -> None:
    env = {**os.environ, "RCA_HOME": str(tmp_path), "RCA_HOST": "0.0.0.0"}
    done = subprocess.run(
        [sys.executable, "-m", "rca", "serve"], cwd=ROOT, env=env, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "RCA_BEHIND_TLS" in done.stderr


@pytest.mark.parametrize("name", ["RCA_PROT", "RCA_PORT"])
def test_a_wrong_setting_is_named(name: str, tmp_path: Path) -> None:
    env = {**os.environ, "RCA_HOME": str(tmp_path), name: "x"}
    done = subprocess.run(
        [sys.executable, "-m", "rca", "migrate"], cwd=ROOT, env=env, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert name in done.stderr
