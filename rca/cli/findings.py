"""``rca findings``."""

import click

from mining.answers import DIMENSIONS
from mining.findings import VERDICTS
from rca.cli.context import open_home, print_json
from rca.formats import csv_table
from rca.services.causes import find_cause
from rca.services.finding_document import COLUMNS, finding_cells, findings_document
from rca.services.findings import FindingsPage, FindingView, list_findings
from rca.services.pattern_items import find_pattern

NO_RUN = "No mining run yet. Run `rca mine`."


@click.command()
@click.option("--question", type=click.Choice(list(DIMENSIONS)), help="Of this question only.")
@click.option("--pattern", default="", metavar="ID", help="Of this pattern only.")
@click.option("--cause", default="", metavar="ID", help="Of this cause of the taxonomy only.")
@click.option("--verdict", type=click.Choice(list(VERDICTS)), help="With this verdict only.")
@click.option("--limit", type=click.IntRange(1), default=24, show_default=True)
@click.option("--json", "as_json", is_flag=True, help='Print JSON: {"findings": [...], ...}.')
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, raw numbers, one row a comparison.")
def command(
    question: str | None,
    pattern: str,
    cause: str,
    verdict: str | None,
    limit: int,
    as_json: bool,
    as_csv: bool,
) -> None:
    """List what goes with what, the surest first, from the newest mining run.

    Causes and patterns against the answers of the form: counts, odds ratio with its 95 % interval,
    and q, which is corrected over every comparison of the run. Linked to, never caused by.
    """
    if as_json and as_csv:
        raise click.UsageError("Give --json or --csv, not both.")
    if cause:
        find_cause(cause)
    with open_home().reading() as session:
        if pattern:
            find_pattern(session, pattern)
        page = list_findings(
            session,
            pattern_id=pattern,
            cause=cause,
            question=question or "",
            verdict=verdict or "",
            limit=limit,
        )
    if as_json:
        print_json(findings_document(page))
    elif as_csv:
        rows = (finding_cells(row) for row in page.rows)
        click.echo(csv_table.write(COLUMNS, rows).encode(), nl=False)
    else:
        _table(page)
    said = _sum(page, narrowed=bool(pattern or cause))
    click.echo(said, err=as_json or as_csv)


def _sum(page: FindingsPage, *, narrowed: bool) -> str:
    """What was found and out of how much. ``narrowed``: of one pattern or cause, whose own number
    of comparisons a run does not keep.
    """
    if page.run is None:
        return NO_RUN
    if not page.comparisons:
        return (
            "Nothing to compare yet: it takes three incidents on each side that answered. "
            f"{page.run.records} published postmortems were read."
        )
    of = " about it; all in all" if narrowed else " of"
    told = (
        f"{page.supported} supported, {page.suggestive} suggestive{of} {page.comparisons:,} "
        f"comparisons over {page.run.records:,} published postmortems."
    )
    return told if page.rows else f"Nothing matches. {told}"


def _table(page: FindingsPage) -> None:
    cells = [_cells(row) for row in page.rows]
    if not cells:
        return
    head = ("Here", "Elsewhere", "Odds ratio (95 %)", "q", "Verdict")
    wide = [max(len(row[i]) for row in (head, *cells)) for i in range(len(head))]
    click.echo("  ".join(name.ljust(wide[i]) for i, name in enumerate(head)) + "  Finding")
    for row, told in zip(page.rows, cells, strict=True):
        line = "  ".join(cell.ljust(wide[i]) for i, cell in enumerate(told))
        name = f"{row.key} {row.subject}" if row.kind == "pattern" else row.subject
        click.echo(f"{line}  {name} with {row.answer}")


def _cells(row: FindingView) -> tuple[str, ...]:
    return (
        f"{row.here} of {row.here_n}",
        f"{row.there} of {row.there_n}",
        f"{_number(row.odds_ratio, '∞')} ({_number(row.low, '0')} to {_number(row.high, '∞')})",
        f"{row.q:.3f}" if row.q >= 0.001 else "<0.001",
        row.verdict_words,
    )


def _number(value: float | None, without: str) -> str:
    if value is None:
        return without
    return f"{value:.2f}" if 0 < value < 1 else f"{value:.1f}" if value < 10 else f"{value:,.0f}"
