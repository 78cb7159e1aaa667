"""The docs say what is true: reference pages are current, README commands run, links lead somewhere."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from docs.make import PAGES
from rca.cli import cli
from rca.services import sample, sample_changes
from rca.services.sample_files import read_postmortems

ROOT = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#]+)")


@pytest.mark.parametrize("name", sorted(PAGES))
def test_reference_pages_are_current(name: str) -> None:
    written = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert written == PAGES[name](), "run: python -m docs.make"


def test_every_command_says_what_it_is_for() -> None:
    text = PAGES["commands.md"]()
    for block in re.findall(r"```text\n(.*?)```", text, re.DOTALL):
        usage, _, rest = block.partition("\n\n")
        assert rest.strip(), usage
        assert not rest.lstrip().startswith("Options:"), usage


def test_links_in_the_docs_lead_to_files() -> None:
    for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in _LINK.findall(path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{path.name} links to {target}"


def _readme_blocks() -> list[str]:
    return _BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8"))


def _first_minute() -> str:
    return next(text for text in _readme_blocks() if "rca sample" in text)


def test_the_first_minute_of_the_readme_runs_on_a_part_of_the_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its commands in this process, one after the other, on every fourth record."""
    monkeypatch.setenv("RCA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("RCA_DATABASE_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    some = read_postmortems()[::4]
    monkeypatch.setattr(sample, "read_postmortems", lambda: some)
    monkeypatch.setattr(sample_changes, "PER_WORKDAY", 0.5)
    lines = [shlex.split(line) for line in _first_minute().splitlines() if line[:4] == "rca "]
    assert len(lines) > 4
    said = ""
    for line in lines:
        done = CliRunner().invoke(cli, line[1:], catch_exceptions=False)
        assert done.exit_code == 0, f"{line}: {done.output[-2000:]}"
        said += done.output
    assert (tmp_path / "quarter.pdf").read_bytes().startswith(b"%PDF")
    assert '"patterns"' in said


@pytest.mark.long
def test_the_first_minute_of_the_readme_runs(tmp_path: Path) -> None:
    block = _first_minute()
    folder = tmp_path / "bin"
    folder.mkdir()
    command = folder / "rca"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m rca "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    env = {k: v for k, v in os.environ.items() if not k.startswith("RCA_")}
    env |= {"PATH": f"{folder}:{env['PATH']}", "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        cwd=tmp_path, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert (tmp_path / "quarter.pdf").read_bytes().startswith(b"%PDF")
    assert '"patterns"' in done.stdout


def test_make_targets_named_in_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    text = "\n".join(_readme_blocks())
    for target in re.findall(r"^make ([a-z-]+)", text, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_no_host_of_a_package_index_is_named() -> None:
    hosts = re.compile(r"\b(?:files\.pythonhosted|pypi\.org|registry\.npmjs|deb\.debian\.org)\b")
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.suffix in {".py", ".md", ".lock", ".toml", ".yaml", ".yml", ".html", ".js", ".css"}:
            if path == Path(__file__):
                continue
            found = hosts.search(path.read_text(encoding="utf-8"))
            assert found is None, f"{name} names {found and found[0]}"
