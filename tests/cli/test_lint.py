"""``rca lint``: formats, places, levels, exit codes, and lines of JSON."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rca.cli import cli
from rca.cli.lint import command

TEXT = "# Summary\n\nAll good.\n\nThe engineer ignored 🎉 the page. We forgot the flag.\n"


def lint(*args: str, stdin: str = "") -> Result:
    return CliRunner().invoke(command, list(args), input=stdin)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "notes.md"
    path.write_text(TEXT, encoding="utf-8")
    return path


def test_it_works(page: Path) -> None:
    done = lint(str(page))
    assert done.exit_code == 0
    assert f"{page.as_posix()}:5:1: consider [ignored] The engineer ignored" in done.output
    assert done.output.endswith("2 sentences.\n")


def test_it_is_a_command_of_rca() -> None:
    assert "lint" in cli.list_commands(None)  # type: ignore[arg-type]
    assert cli.get_command(None, "lint") is command  # type: ignore[arg-type]


def test_standard_input_is_a_dash_or_nothing() -> None:
    assert "-:5:1:" in lint("-", stdin=TEXT).output
    assert "-:5:1:" in lint(stdin=TEXT).output


def test_a_folder_is_its_markdown_and_text_files(page: Path) -> None:
    (page.parent / "node_modules").mkdir()
    (page.parent / "node_modules" / "x.md").write_text(TEXT, encoding="utf-8")
    (page.parent / "code.py").write_text("# We forgot it.", encoding="utf-8")
    done = lint("--format", "json", str(page.parent))
    assert [item["file"] for item in json.loads(done.output)["files"]] == [page.as_posix()]


def test_json_holds_places_and_what_was_left(page: Path) -> None:
    page.write_text(f"{TEXT}\n<!-- blameless-ignore forgot: ours -->\nWe forgot it.\n", "utf-8")
    item = json.loads(lint("--format", "json", str(page)).output)["files"][0]
    first = item["findings"][0]
    assert TEXT[first["start"] : first["end"]] == first["excerpt"] == "The engineer ignored"
    assert (first["line"], first["column"]) == (5, 1)
    assert item["suppressed"] == {"forgot": 1}


def test_sarif_names_rules_and_counts_code_points(page: Path) -> None:
    run = json.loads(lint("--format", "sarif", str(page)).output)["runs"][0]
    assert run["columnKind"] == "unicodeCodePoints"
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} == {"ignored", "forgot"}
    region = run["results"][1]["locations"][0]["physicalLocation"]["region"]
    line = TEXT.split("\n")[4]
    assert line[region["startColumn"] - 1 : region["endColumn"] - 1] == "We forgot"
    assert TEXT[region["charOffset"] :][: region["charLength"]] == "We forgot"


def test_github_annotations_are_escaped(tmp_path: Path) -> None:
    path = tmp_path / "a,b%.md"
    path.write_text("The engineer\nignored it.", encoding="utf-8")
    done = lint("--format", "github", str(path))
    assert "a%2Cb%25.md,line=1,col=1,title=ignored%3A The engineer ignored::" in done.output
    assert done.output.count("\n") == 1


@pytest.mark.parametrize(
    ("args", "code"),
    [
        ((), 0),
        (("--fail-on", "suggestion"), 1),
        (("--fail-on", "consider"), 1),
        (("--fail-on", "strong"), 0),
        (("--min-level", "strong", "--fail-on", "suggestion"), 0),
    ],
)
def test_it_fails_only_when_asked(page: Path, args: tuple[str, ...], code: int) -> None:
    assert lint(*args, str(page)).exit_code == code


def test_min_level_leaves_out_what_is_milder(page: Path) -> None:
    assert "forgot" not in lint("--min-level", "consider", str(page)).output


def test_mute_name_allow_and_clarity(page: Path, tmp_path: Path) -> None:
    allow = tmp_path / "allow.yaml"
    allow.write_text("- {rule: ignored, phrase: engineer ignored}\n", encoding="utf-8")
    assert "0 sentences, 1 left on purpose." in lint(
        "--mute", "forgot", "--allow", str(allow), str(page)
    ).output  # fmt: skip
    assert "forgot" in lint("--name", "Jenkins", stdin="Jenkins forgot the tag.").output
    assert "vague-action" in lint("--clarity", stdin="Improve monitoring.").output


def test_jsonl_gives_one_line_for_each_line(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    rows = [{"id": 7, "text": "All good."}, {"id": "b", "text": "The AI lied\u2028again."}]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    done = lint("--jsonl", str(path))
    out = [json.loads(line) for line in done.output.strip().split("\n")]
    assert out[0] == {"id": 7, "findings": []}
    assert list(out[1]["findings"][0]) == [
        "rule", "category", "level", "start", "end", "message", "question",
    ]  # fmt: skip
    assert out[1]["findings"][0]["category"] == "ai-scapegoat"


@pytest.mark.parametrize("line", ["nope", "[]", '{"id": 1}'])
def test_jsonl_names_the_line_that_is_not_a_record(tmp_path: Path, line: str) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text(f'{{"id": 1, "text": ""}}\n{line}\n', encoding="utf-8")
    done = lint("--jsonl", str(path))
    assert f"{path}:2" in str(done.exception)


def test_an_absent_file_is_an_error_in_words(tmp_path: Path) -> None:
    done = lint(str(tmp_path / "absent.md"))
    assert "absent.md" in str(done.exception)


def test_bytes_that_are_not_utf8_do_not_stop_it(tmp_path: Path) -> None:
    path = tmp_path / "old.txt"
    path.write_bytes(b"caf\xe9. The engineer ignored the page.")
    assert "ignored" in lint(str(path)).output


def test_the_pre_commit_hook_runs_this_command_and_does_not_block() -> None:
    import yaml

    hooks = Path(__file__).resolve().parents[2] / ".pre-commit-hooks.yaml"
    hook = yaml.safe_load(hooks.read_text(encoding="utf-8"))[0]
    assert hook["entry"] == "rca lint"
    assert "args" not in hook
