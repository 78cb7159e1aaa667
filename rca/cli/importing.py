"""``rca import``."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table

from rca.cli.context import now, open_home, print_json
from rca.domain.access import OPERATOR
from rca.domain.postmortem import OWN_ORGANISATION
from rca.domain.vocabulary import Severity
from rca.formats.decoding import MOST_BYTES
from rca.formats.intake import FORMATS, SUFFIXES
from rca.formats.mapping import Assume
from rca.services import importing
from rca.services.importing import Finding, Imported, Plan, Source

_MOST_SHOWN = 40


def _severities(
    _context: click.Context, _option: click.Parameter, given: tuple[str, ...]
) -> dict[str, str]:
    found = {}
    for pair in given:
        word, mark, level = pair.partition("=")
        if not mark or level.upper() not in Severity.values():
            raise click.BadParameter(f"“{pair}”: write it like Critical=SEV1.")
        found[word.strip()] = level.upper()
    return found


@click.command()
@click.argument(
    "paths", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path)
)
@click.option("--dry-run", is_flag=True, help="Say what would happen; store nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--as-draft", is_flag=True, help="Store drafts instead of published records.")
@click.option("--format", "kind", type=click.Choice(list(FORMATS)), help="Read every file so.")
@click.option("--organisation", default=OWN_ORGANISATION, metavar="NAME",
              help="Whose records these are, where none says it. Default: your own.")  # fmt: skip
@click.option("--severity", "severities", multiple=True, metavar="WORD=SEV2", callback=_severities,
              help="What a severity word of yours means. May be given more than once.")  # fmt: skip
def command(
    paths: tuple[Path, ...],
    dry_run: bool,
    as_json: bool,
    as_draft: bool,
    kind: str | None,
    organisation: str,
    severities: dict[str, str],
) -> None:
    """Bring in postmortems from JSONL, JSON, CSV, Markdown or HTML files, or folders of them.

    What is here already is skipped, so an import can be repeated. Rows that can't go in are
    listed with file, line, field and reason; the others go in. Imported records are published
    as unconfirmed: they take part in mining, and each count says how many rest on them.

    Exit codes: 0 all went in, 1 something was refused, 2 nothing could be read.
    """
    sources, missing = _sources(paths, kind or "")
    assume = Assume(organisation=organisation, severities=severities)
    home = open_home()
    with _progress(as_json) as show:
        parsed = importing.parse(sources, assume=assume, progress=show("Reading files"))
        with home.reading() as session:
            plan = importing.plan(session, viewer=OPERATOR, parsed=parsed)
        done = Imported("", 0, ())
        if not dry_run:
            done = importing.run(
                home.engine,
                viewer=OPERATOR,
                planned=plan,
                name=importing.names_of(sources),
                now=now(),
                as_draft=as_draft,
                progress=show("Storing records"),
            )
    findings = (*missing, *plan.findings)
    if as_json:
        print_json(_as_json(plan, findings, done, dry_run))
    else:
        _say(plan, findings, done, dry_run=dry_run)
    if plan.read_nothing and findings:
        sys.exit(2)
    sys.exit(1 if findings else 0)


def _sources(paths: tuple[Path, ...], kind: str) -> tuple[list[Source], list[Finding]]:
    sources, missing = [], []
    for path, name in _files(paths):
        try:
            if path.stat().st_size > MOST_BYTES:
                raise OSError(f"It holds more than {MOST_BYTES // 1024 // 1024} MB; split it.")
            sources.append(Source(name, path.read_bytes(), kind))
        except OSError as error:
            missing.append(Finding(name, 0, "", error.strerror or str(error)))
    for path in paths:
        if path.is_dir() and not any(_files((path,))):
            why = f"This folder holds no file of a kind that we read ({' '.join(SUFFIXES)})."
            missing.append(Finding(str(path), 0, "", why))
    return sources, missing


def _files(paths: tuple[Path, ...]) -> Iterator[tuple[Path, str]]:
    """Files as named; folders are walked for files of a known kind, hidden ones left out."""
    for path in paths:
        if not path.is_dir():
            yield path, str(path)
            continue
        for found in sorted(path.rglob("*")):
            inside = found.relative_to(path)
            hidden = any(part.startswith(".") for part in inside.parts)
            if found.is_file() and found.suffix.lower() in SUFFIXES and not hidden:
                yield found, str(found)


@contextmanager
def _progress(quiet: bool) -> Iterator[Any]:
    """Progress on a terminal's error stream; nothing where a program reads."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description} {task.completed} of {task.total}"))
    with Progress(
        *columns, console=console, transient=True, disable=quiet or not console.is_terminal
    ) as bars:

        def show(words: str) -> importing.Progress:
            task = bars.add_task(words, total=None)
            return lambda done, total: bars.update(task, completed=done, total=total)

        yield show


def _as_json(
    plan: Plan, findings: tuple[Finding, ...], done: Imported, dry_run: bool
) -> dict[str, Any]:
    report = plan.as_dict()
    report["problems"] = [finding.as_dict() for finding in findings]
    report["dry_run"] = dry_run
    report["added"] = done.added
    report["references"] = list(done.references)
    return report


def _say(plan: Plan, findings: tuple[Finding, ...], done: Imported, *, dry_run: bool) -> None:
    totals = plan.totals()
    out = Console(highlight=False, soft_wrap=True)
    if len(plan.files) > 1:
        out.print(_files_table(plan))
    for file in plan.files:
        for note in file.notes:
            out.print(f"{escape(file.name)}: {escape(note)}")
    verb = "would go in" if dry_run else "went in"
    count = totals["new"] if dry_run else done.added
    out.print(
        f"{count:,} {verb}, {totals['already']:,} were here already, {totals['refused']:,} refused."
    )
    if done.references:
        more = f" and {len(done.references) - 3:,} more" if len(done.references) > 3 else ""
        out.print(f"Stored as {', '.join(done.references[:3])}{more}.")
    if count:
        out.print(
            f"Of these, {totals['without_date']:,} have no date and "
            f"{totals['without_severity']:,} no severity: shown as unknown. All are unconfirmed."
        )
    _say_columns("Columns that we do not know", plan.unknown, out)
    _say_columns("Columns left out on purpose", plan.unused, out)
    _say_findings(findings)


def _files_table(plan: Plan) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("File", overflow="fold")
    for name in ("New", "Here already", "Refused"):
        table.add_column(name, justify="right")
    for file in plan.files:
        table.add_row(escape(file.name), str(file.new), str(file.already), str(file.refused))
    return table


def _say_columns(title: str, counts: Any, out: Console) -> None:
    if counts:
        listed = ", ".join(f"{name} ({count:,})" for name, count in sorted(counts.items()))
        out.print(f"{title}: {escape(listed)}.")


def _say_findings(findings: tuple[Finding, ...]) -> None:
    for finding in findings[:_MOST_SHOWN]:
        where = finding.file + (f", line {finding.line}" if finding.line else "")
        what = f", {finding.field}" if finding.field else ""
        click.echo(f"{where}{what}: {finding.reason}", err=True)
    more = len(findings) - _MOST_SHOWN
    if more > 0:
        click.echo(f"and {more:,} more; --json lists all.", err=True)
