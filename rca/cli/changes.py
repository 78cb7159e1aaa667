"""``rca changes``: the ledger, which is the denominator of every question about changes."""

import sys
from pathlib import Path

import click

from rca.cli.context import now, open_home, print_json
from rca.domain.access import OPERATOR


@click.group()
def command() -> None:
    """Fill the change ledger from git or from files. People's names are never taken in."""


@command.command("sync")
@click.option("--repo", "path", required=True, help="A git checkout to read.",
              type=click.Path(exists=True, file_okay=False, path_type=Path))  # fmt: skip
@click.option("--service", default="", help="The service that the repository belongs to.")
@click.option("--name", default="", help="The repository's name; default: its origin's.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def sync(path: Path, service: str, name: str, as_json: bool) -> None:
    """Read what is new in a git history: changes, evidence of AI, and reverts.

    Run it again at any time: it goes on where it stopped. Notes must have been fetched before:
    git fetch origin refs/notes/ai:refs/notes/ai
    """
    from dataclasses import asdict

    from rca.provenance.gitlog import GitError
    from rca.services.change_sync import sync as read

    home = open_home()

    def told(count: int) -> None:
        click.echo(f"\r{count:,} commits ...", nl=False, err=True)

    shown = told if sys.stderr.isatty() else None
    try:
        done = read(home.engine, viewer=OPERATOR, path=path, service=service, repo=name, now=now(),
                    progress=shown)  # fmt: skip
    except GitError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        print_json(asdict(done))
        return
    went_on = f", from {done.resumed_from}" if done.resumed_from else ""
    click.echo(
        f"{done.repo}: {done.read:,} commits read{went_on}, {done.added:,} new, "
        f"{done.reverts} reverts linked, {done.settled:,} seen for 30 days without a revert."
    )


@command.command("import")
@click.argument("files", nargs=-1, required=True,
                type=click.Path(exists=True, dir_okay=False, path_type=Path))  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Say what would go in; store nothing.")
def import_files(files: tuple[Path, ...], dry_run: bool) -> None:
    """Take in changes from CSV or JSON Lines. Exit code 1 when rows were refused."""
    from rca.formats.changes import read
    from rca.formats.rows import Unreadable
    from rca.services.changes import take

    home = open_home()
    refused = 0
    for path in files:
        try:
            sheet = read(path.read_text(encoding="utf-8-sig"), name=path.name)
        except (Unreadable, UnicodeDecodeError) as error:
            raise click.ClickException(f"{path}: {error}") from error
        for refusal in sheet.refusals:
            click.echo(f"{path}:{refusal.line}: {refusal.field}: {refusal.reason}", err=True)
        refused += len(sheet.refusals)
        if sheet.unknown_columns:
            click.echo(f"{path}: not read: {', '.join(sheet.unknown_columns)}", err=True)
        if dry_run:
            click.echo(f"{path}: {len(sheet.changes):,} changes would go in.")
            continue
        with home.writing() as session:
            done = take(
                session, viewer=OPERATOR, records=sheet.changes, source=path.name, now=now()
            )
        click.echo(
            f"{path}: {done.added:,} new, {done.updated:,} changed, {done.unchanged:,} known."
        )
    sys.exit(1 if refused else 0)
