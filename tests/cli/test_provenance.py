"""`rca provenance` on a repository and on lines."""

import json
import subprocess
from pathlib import Path

from click.testing import CliRunner

from rca.cli.provenance import command


def _git(repo: Path, *words: str) -> None:
    base = ["git", "-C", str(repo), "-c", "user.name=Mara", "-c", "user.email=m@x.example"]
    subprocess.run([*base, *words], check=True, capture_output=True)


def _repo(path: Path) -> Path:
    _git(path, "init", "-q")
    for number, body in enumerate(("", "Co-Authored-By: Claude <noreply@anthropic.com>")):
        (path / "a").write_text(str(number))
        _git(path, "add", "a")
        _git(path, "commit", "-q", "-m", f"Step {number}\n\n{body}")
    return path


def test_a_repository_gives_a_line_for_each_commit(tmp_path: Path) -> None:
    done = CliRunner().invoke(command, ["--repo", str(_repo(tmp_path)), "--json"])
    assert done.exit_code == 0, done.output
    states = [json.loads(line)["state"] for line in done.stdout.splitlines()]
    assert states == ["evidenced", "unknown"]


def test_the_summary_says_what_unknown_means(tmp_path: Path) -> None:
    done = CliRunner().invoke(command, ["--repo", str(_repo(tmp_path))])
    assert "1 evidenced, 0 attested none, 1 unknown" in done.stdout
    assert "not evidence of none" in done.stdout


def test_a_range_can_not_be_an_option_and_a_wrong_one_is_said(tmp_path: Path) -> None:
    repo = str(_repo(tmp_path))
    for span in ("--output=/tmp/x", "nowhere..HEAD"):
        done = CliRunner().invoke(command, ["--repo", repo, "--range", span])
        assert done.exit_code != 0
        assert "Error" in done.output


def test_bad_lines_are_named_and_good_ones_answered(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    rows = ['{"sha":"1","message":"Assisted-by: Codex"}', "{", '{"sha":"3"}', '{"message":7}']
    path.write_text("\n".join(rows), encoding="utf-8")
    done = CliRunner().invoke(command, ["--jsonl", str(path)])
    assert done.exit_code == 1
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["sha"], row["ai"], row["role"]) for row in answers] == [("1", True, "co-author")]
    assert "line 2" in done.stderr
    assert "line 3: field “message” is missing" in done.stderr
    assert "line 4: field “message” must be text" in done.stderr
