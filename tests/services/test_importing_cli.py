"""``rca import``: exit codes and words that scripts and people can trust."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rca.cli.importing import command


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty instance."""
    monkeypatch.setenv("RCA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("RCA_DATABASE_URL", raising=False)
    return tmp_path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_all_good_is_0_and_again_is_0_too(home: Path) -> None:
    file = home / "a.csv"
    file.write_text("title,date,severity\nDisk full,2024-05-01,sev 2\n", encoding="utf-8")
    assert run(file, "--dry-run").exit_code == 0
    first = run(file)
    assert (first.exit_code, "1 went in, 0 were here already" in first.stdout) == (0, True)
    assert "0 went in, 1 were here already" in run(file).stdout


def test_a_refused_row_is_1_and_names_file_line_column_and_reason(home: Path) -> None:
    file = home / "a.csv"
    file.write_text("title,date\nGood,2024\nBad,31/31/2024\n", encoding="utf-8")
    done = run(file)
    assert done.exit_code == 1
    assert f"{file}, line 3, date: There is no such day" in done.stderr
    assert "1 went in" in done.stdout


def test_nothing_readable_is_2(home: Path) -> None:
    assert run(home / "absent.csv").exit_code == 2
    binary = home / "a.csv"
    binary.write_bytes(b"PK\x03\x04\x00\x00")
    done = run(binary)
    assert done.exit_code == 2
    assert "a document or an archive" in done.stderr


def test_an_absent_file_does_not_stop_the_others(home: Path) -> None:
    file = home / "a.md"
    file.write_text("# One\n\nText.\n", encoding="utf-8")
    done = run(file, home / "absent.md")
    assert done.exit_code == 1
    assert "absent.md: No such file" in done.stderr


def test_json_holds_everything_and_nothing_else_is_on_stdout(home: Path) -> None:
    file = home / "a.jsonl"
    file.write_text('{"title": "One", "colour": 1}\nnot json\n', encoding="utf-8")
    done = run(file, "--json", "--dry-run")
    report = json.loads(done.stdout)
    assert report["totals"]["new"] == 1
    assert report["unknown_columns"] == {"colour": 1}
    assert report["problems"][0] == {
        "file": str(file),
        "line": 2,
        "field": "(whole line)",
        "reason": "is not JSON (Expecting value, column 1)",
    }
    assert report["added"] == 0


def test_a_folder_is_walked_and_hidden_files_are_left(home: Path) -> None:
    folder = home / "pile"
    (folder / "deep").mkdir(parents=True)
    (folder / ".git").mkdir()
    (folder / "deep" / "a.md").write_text("# A\n\nText.\n", encoding="utf-8")
    (folder / "b.html").write_text("<html><body><h1>B</h1><p>Text.</p></body></html>")
    (folder / ".git" / "c.md").write_text("# C\n", encoding="utf-8")
    (folder / "picture.png").write_bytes(b"\x89PNG")
    report = json.loads(run(folder, "--json").stdout)
    assert report["added"] == 2
    assert run(home / "empty").exit_code == 2


def test_what_a_severity_word_means_is_said_not_guessed(home: Path) -> None:
    file = home / "a.csv"
    file.write_text("title;severity\nOne;Critical\n", encoding="utf-8")
    assert run(file).exit_code == 2
    assert run(file, "--severity", "critical=SEV1").exit_code == 0
    assert run(file, "--severity", "critical").exit_code == 2
