"""``rca risk``: are AI-assisted changes riskier? With its denominator, or not at all."""

import sys
from pathlib import Path

import click

from mining.exposure import Estimate, Grouping, RiskReport
from mining.matched import CaseControlReport
from rca.cli.context import open_home, print_json
from rca.domain.change import ChangeRecord

_OUTCOME = click.Choice(["reverted_30d", "reverted_ever", "regression_cited", "incident"])
_BY = click.Choice(["repo", "service", "quarter", "size"])


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _line(row: Estimate) -> str:
    counts = f"{row.cell.a}/{row.cell.n1:,} v {row.cell.c}/{row.cell.n0:,}"
    if row.ratio is None:
        return f"  {row.name:<42} {counts:>24}  no estimate: {row.reason}"
    interval = f"{_number(row.ratio)} [{_number(row.low)}–{_number(row.high)}]"
    holm = f", Holm p {row.p_holm:.2f}" if row.p_holm is not None else ""
    used = f", {row.strata_used} of {row.strata} strata" if row.strata else ""
    why = f" ({row.reason})" if row.reason else ""
    return f"  {row.name:<42} {counts:>24}  {interval}  {row.words}{why}{holm}{used}"


def _print(report: RiskReport) -> None:
    click.echo(report.sentence)
    click.echo("\nWhat was counted")
    for name, words in report.definition.items():
        click.echo(f"  {name:<9} {words}")
    counts = ", ".join(
        f"{value:,} {name.replace('_', ' ')}" for name, value in report.counts.items()
    )
    click.echo(f"  changes   {counts}; {report.pending:,} with a pending outcome")
    click.echo(f"\nBy {report.by} (evidence v none; risk ratio, 95 % log interval; exploratory)")
    for row in report.groups:
        click.echo(_line(row))
    click.echo("\nPooled")
    for row in report.pooled:
        click.echo(_line(row))
    click.echo("\nHow far undisclosed AI could move it")
    for bound in report.bounds:
        click.echo(_line(bound))
    for bias in report.bias:
        click.echo(
            f"  if labels found {bias.recall:.0%} of AI-assisted changes: {_number(bias.ratio)}"
        )
    click.echo(f"  smallest ratio these numbers would show: {_number(report.detectable)}")
    click.echo("\nBefore you believe it")
    for question in report.checklist:
        click.echo(f"  - {question}")


def _print_matched(report: CaseControlReport) -> None:
    click.echo(report.sentence)
    click.echo("\nWhat was counted")
    for name, words in report.definition.items():
        click.echo(f"  {name:<9} {words}")
    click.echo(
        f"  cases     {report.cases:,}, of which {report.unmatched:,} without a change to compare "
        f"with; {report.controls:,} compared; no label either way: {report.cases_unknown:,} of the "
        f"cases, {report.controls_unknown:,} of the compared"
    )
    click.echo("\nOdds ratio (evidence among changes with the outcome v without)")
    click.echo(_line(report.estimate))
    click.echo("\nBefore you believe it")
    for question in report.checklist:
        click.echo(f"  - {question}")


def _history(repo: Path) -> tuple[list[ChangeRecord], str]:
    from rca.provenance.gitlog import GitError, name_of
    from rca.services.change_sync import records_of

    try:
        return records_of(repo), f"git {name_of(repo)}"
    except GitError as error:
        raise click.ClickException(str(error)) from error


def _sheet(file: Path) -> tuple[list[ChangeRecord], str]:
    from rca.formats.changes import read
    from rca.formats.rows import Unreadable

    try:
        sheet = read(file.read_text(encoding="utf-8-sig"), name=file.name)
    except (Unreadable, UnicodeDecodeError) as error:
        raise click.ClickException(f"{file}: {error}") from error
    for refusal in sheet.refusals:
        click.echo(f"{file}:{refusal.line}: {refusal.field}: {refusal.reason}", err=True)
    return list(sheet.changes), file.name


def _reported(
    given: tuple[list[ChangeRecord], str] | None, *, outcome: str, by: Grouping, matched: bool
) -> RiskReport | CaseControlReport:
    from rca.services import risk

    if given is not None:
        records, source = given
        if matched:
            return risk.matched_of_records(records, outcome=outcome, source=source)
        return risk.of_records(records, outcome=outcome, by=by, source=source)
    with open_home().reading() as session:
        if matched:
            return risk.matched_of_ledger(session, outcome=outcome)
        return risk.of_ledger(session, outcome=outcome, by=by)


@click.command()
@click.option("--changes", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="A CSV or JSON Lines file instead of the ledger.")  # fmt: skip
@click.option(
    "--repo",
    "repo",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A git checkout instead of the ledger; read as it is, stored nowhere.",
)
@click.option("--by", type=_BY, default="repo", show_default=True, help="What rows are shown by.")
@click.option("--outcome", type=_OUTCOME, default=None,
              help="reverted_30d unless said; incident with --case-control.")  # fmt: skip
@click.option(
    "--case-control",
    "matched",
    is_flag=True,
    help="Compare changes with the outcome to a few like them: when not all changes are recorded.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    file: Path | None,
    repo: Path | None,
    by: Grouping,
    outcome: str | None,
    matched: bool,
    as_json: bool,
) -> None:
    """Compare changes with evidence of AI to changes without, for one outcome.

    Prints counts, ratios with intervals, what unknown labels could change, and the biases to think
    of. No estimate without events in both arms, no verdict under five, nothing per person or tool.
    """
    if file is not None and repo is not None:
        raise click.UsageError("Give --changes or --repo, not both.")
    given = _history(repo) if repo is not None else _sheet(file) if file is not None else None
    chosen = outcome or ("incident" if matched and given is None else "reverted_30d")
    report = _reported(given, outcome=chosen, by=by, matched=matched)
    if as_json:
        print_json(report.as_dict())
    elif isinstance(report, RiskReport):
        _print(report)
    else:
        _print_matched(report)
    sys.exit(0)
