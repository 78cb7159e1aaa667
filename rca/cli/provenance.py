"""``rca provenance``: evidence of AI influence in commits; needs no instance and no network."""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import click

from rca.provenance.commit import Commit, from_mapping
from rca.provenance.gitlog import GitError, commits
from rca.provenance.verdict import Verdict, judge

_STATES = ("evidenced", "attested_none", "unknown")


def _from_jsonl(lines: IO[str], problems: list[str]) -> Iterator[Commit]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            if not isinstance(row, dict):
                raise ValueError("not a JSON object")
            yield from_mapping(row)
        except ValueError as error:
            problems.append(f"line {number}: {error}")


def _line(verdict: Verdict) -> str:
    mark = "suggested" if verdict.suggested else verdict.state
    what = " ".join(part for part in (verdict.tool, verdict.role, verdict.model) if part)
    return f"{verdict.sha[:10]:<10}  {mark:<13}  {what}"


def _summary(verdicts: list[Verdict]) -> str:
    counts = Counter[str](verdict.state for verdict in verdicts)
    suggested = sum(verdict.suggested for verdict in verdicts)
    parts = [f"{counts[state]} {state.replace('_', ' ')}" for state in _STATES]
    return (
        f"{len(verdicts)} commits: {', '.join(parts)} ({suggested} of the unknown have prose that "
        "suggests AI; a person confirms it). Unknown is absence of evidence, not evidence of none."
    )


@click.command()
@click.option("--repo", type=click.Path(exists=True, file_okay=False, path_type=Path),
              help="A git checkout to read.")  # fmt: skip
@click.option("--range", "span", default="HEAD", help="Commits, as git names them: A..B or a ref.")
@click.option("--jsonl", type=click.File(encoding="utf-8"),
              help="A file of commits, one JSON object a line (- for standard input).")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON line per commit.")
def command(repo: Path | None, span: str, jsonl: IO[str] | None, as_json: bool) -> None:
    """Say for each commit what evidence of AI influence it carries, and where.

    With --jsonl, each input line gives one JSON line. Exit code 1 when a line can't be read.
    """
    if (repo is None) == (jsonl is None):
        raise click.UsageError("Give either --repo PATH or --jsonl FILE.")
    problems: list[str] = []
    source = _from_jsonl(jsonl, problems) if jsonl else commits(repo or Path(), span)
    seen = []
    try:
        for commit in source:
            verdict = judge(commit)
            if as_json or jsonl:
                click.echo(json.dumps(verdict.as_dict(), ensure_ascii=False))
            elif verdict.state != "unknown" or verdict.suggested:
                click.echo(_line(verdict))
            seen.append(verdict)
    except GitError as error:
        raise click.ClickException(str(error)) from error
    if not (as_json or jsonl):
        click.echo(_summary(seen))
    for problem in problems:
        click.echo(f"rca: {problem}", err=True)
    sys.exit(1 if problems else 0)
