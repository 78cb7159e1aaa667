"""The wheel carries templates, styles and sample data, and serves a page by itself."""

import os
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built by the locked back end."""
    folder = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter with the wheel installed and nothing of the checkout on its path.

    Its dependencies are borrowed from the running environment by a path line; editable installs
    there are not followed, because only real site folders process ``.pth`` files.
    """
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder, with_pip=False)
    found = folder / "bin" / "python"
    site = next((folder / "lib").glob("python3*/site-packages"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.fixture
def served(python: Path, tmp_path: Path) -> Iterator[str]:
    """Base address of a server that runs from the wheel on an empty home."""
    port = _free_port()
    env = {k: v for k, v in os.environ.items() if not k.startswith(("RCA_", "PYTHON"))}
    env |= {"RCA_HOME": str(tmp_path / "home"), "RCA_PORT": str(port), "RCA_PROCESSES": "1"}
    log = (tmp_path / "log").open("w+")
    child = subprocess.Popen(
        [python, "-m", "rca", "serve"], cwd=tmp_path, env=env, stdout=log, stderr=log
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        child.terminate()
        child.wait(20)
        log.close()


def _get(address: str) -> bytes:
    end = time.monotonic() + 40
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                body: bytes = answer.read()
                return body
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def test_the_wheel_serves_a_page_with_its_style(served: str) -> None:
    assert b"ok" in _get(f"{served}/healthz")
    assert b"Sign in" in _get(f"{served}/sign-in")
    assert b"--paper" in _get(f"{served}/static/css/tokens.css")


def test_it_runs_from_the_wheel_and_not_from_the_checkout(python: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [python, "-c", "import rca, mining; print(rca.__file__, mining.__file__)"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert str(ROOT / "rca") not in done.stdout
