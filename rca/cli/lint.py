"""``rca lint``: the blameless-language review of Markdown and text in any repository.

Needs no instance and no database; loads nothing of the service.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from rca.blameless import (
    LEVELS,
    Allowed,
    AllowListError,
    Finding,
    Options,
    Reviewer,
    at_least,
    level_at_least,
    read_allow_list,
)
from rca.cli.lint_formats import FORMATS, Checked
from rca.errors import Invalid, Problem, SettingError

SUFFIXES = (".md", ".markdown", ".txt", ".rst")
SKIPPED = {".git", "node_modules", ".venv", "__pycache__"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asked for."""

    min_level: str
    fail_on: str | None


def _files(paths: Iterable[str]) -> Iterator[Path]:
    """Files as given, and the Markdown and text files below folders, in a stable order."""
    for name in paths:
        path = Path(name)
        if not path.is_dir():
            yield path
            continue
        for found in sorted(path.rglob("*")):
            inside = found.relative_to(path).parts
            if found.suffix.lower() in SUFFIXES and not SKIPPED & set(inside) and found.is_file():
                yield found


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8", errors="replace")
    except OSError as error:
        raise SettingError(f"{path}: {error.strerror}") from error


def _texts(paths: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if not paths or paths == ("-",):
        yield "-", sys.stdin.buffer.read().decode("utf-8", errors="replace")
        return
    for path in _files(paths):
        yield path.as_posix(), _read(path)


def _write(text: str) -> None:
    """UTF-8 whatever the locale says: JSON and annotations are read by programs."""
    click.echo(text.encode("utf-8", errors="replace"), nl=False)


def _allowed(path: Path | None) -> tuple[Allowed, ...]:
    if path is None:
        return ()
    try:
        return read_allow_list(path.read_bytes())
    except AllowListError as error:
        raise SettingError(f"{path}: {error}") from error


def _records(path: Path) -> Iterator[tuple[object, str]]:
    for number, line in enumerate(_read(path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            yield record["id"], str(record["text"])
        except (ValueError, KeyError, TypeError) as error:
            words = "is not an object with id and text"
            raise Invalid([Problem(f"{path}:{number}", words)]) from error


_PLAIN = ("rule", "category", "level", "start", "end", "message", "question")


def _jsonl(reviewer: Reviewer, path: Path, wanted: Wanted) -> list[Finding]:
    """One line out for each line in; every finding has the same seven keys."""
    every: list[Finding] = []
    for record_id, text in _records(path):
        findings = at_least(reviewer.review(text, cap=None).findings, wanted.min_level)
        every += findings
        plain = [{key: getattr(finding, key) for key in _PLAIN} for finding in findings]
        _write(json.dumps({"id": record_id, "findings": plain}, ensure_ascii=False) + "\n")
    return every


def _lint(reviewer: Reviewer, files: tuple[str, ...], form: str, wanted: Wanted) -> list[Finding]:
    checked = []
    for name, text in _texts(files):
        result = reviewer.review(text, cap=None)
        findings = tuple(at_least(result.findings, wanted.min_level))
        checked.append(Checked(name, text, findings, dict(result.suppressed)))
    _write(FORMATS[form](checked))
    return [finding for item in checked for finding in item.findings]


@click.command()
@click.argument("files", nargs=-1, metavar="[FILES|-]")
@click.option("--format", "form", type=click.Choice(list(FORMATS)), default="text",
              show_default=True, help="How findings are written.")  # fmt: skip
@click.option("--min-level", type=click.Choice(LEVELS), default="suggestion", show_default=True,
              help="Leave out findings below this level.")  # fmt: skip
@click.option("--fail-on", type=click.Choice(LEVELS), default=None,
              help="Exit with 1 when a finding is as firm as this.")  # fmt: skip
@click.option("--jsonl", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="Read lines of {id, text}; write lines of {id, findings}.")  # fmt: skip
@click.option("--allow", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="YAML list of {rule, phrase, reason} that stay as they are.")  # fmt: skip
@click.option("--mute", multiple=True, metavar="RULE", help="A rule that stays silent.")
@click.option("--name", "names", multiple=True, metavar="NAME",
              help="A person's name that the rules should know as one.")  # fmt: skip
@click.option("--clarity", is_flag=True, help="Also vague actions, hindsight words, who-questions.")
def command(
    files: tuple[str, ...],
    form: str,
    min_level: str,
    fail_on: str | None,
    jsonl: Path | None,
    allow: Path | None,
    mute: tuple[str, ...],
    names: tuple[str, ...],
    clarity: bool,
) -> None:
    """Find wording that puts the cause on a person or makes a culprit of an AI.

    FILES are Markdown or text, folders of them, or - for standard input. Code, quotes, logs and
    addresses are not read. `<!-- blameless-ignore RULE: reason -->` leaves a paragraph alone,
    `<!-- blameless-mute RULE: reason -->` a whole file.
    """
    reviewer = Reviewer(
        Options(
            clarity=clarity,
            roster=frozenset(names),
            muted=frozenset(mute),
            allowed=_allowed(allow),
        )
    )
    wanted = Wanted(min_level, fail_on)
    if jsonl is not None:
        findings = _jsonl(reviewer, jsonl, wanted)
    else:
        findings = _lint(reviewer, files, form, wanted)
    if fail_on and any(level_at_least(finding.level, fail_on) for finding in findings):
        sys.exit(1)
