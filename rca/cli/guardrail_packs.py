"""The packs of ``rca guardrails export``."""

from pathlib import Path

import click

from mining.policy.exporters import Export
from rca.cli.context import now, open_home
from rca.domain.access import OPERATOR
from rca.services.guardrail_packs import export_guardrails, remember, stale


def export_packs(
    target: str, status: str, out: Path | None, allow_lossy: bool, check: bool = False
) -> int:
    """Write the packs and say what was lost, or only compare (``check``); the exit code."""
    home = open_home()
    with home.reading() as session:
        made = export_guardrails(session, target=target, status=status, now=now())
    if check:
        return _compare(made, out)
    if not made.rules:
        click.echo(f"No {status} guardrail: the packs are empty.", err=True)
    if out is None or str(out) == "-":
        click.echo(made.coverage_text(), nl=False)
        click.echo("Give --out DIR to write the packs; this is their coverage.", err=True)
    else:
        _write(made, out)
        if status == "accepted":
            with home.writing() as session:
                remember(session, made, viewer=OPERATOR, now=now())
    return _tell(made, allow_lossy)


def _compare(made: Export, out: Path | None) -> int:
    """Whether a folder holds what an export would write today: for a scheduled job."""
    if out is None or not out.is_dir():
        raise click.UsageError("--check compares a folder: give --out DIR.")
    there = {
        str(place.relative_to(out)): place.read_text(encoding="utf-8")
        for place in out.rglob("*")
        if place.is_file()
    }
    differing = stale(made, there)
    for path in differing:
        click.echo(f"{path}: differs from an export of today", err=True)
    return 1 if differing else 0


def _write(made: Export, out: Path) -> None:
    files = made.files()
    for path, text in files.items():
        place = out / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    click.echo(f"Wrote {len(files)} files to {out}", err=True)


def _tell(made: Export, allow_lossy: bool) -> int:
    for entry in made.lossy:
        reasons = "; ".join(entry.reasons)
        click.echo(f"{entry.rule} on {entry.target}: {entry.coverage} ({reasons})", err=True)
    for rule in made.unenforced:
        click.echo(f"{rule}: no requested target enforces it", err=True)
    shut = bool(made.lossy or made.unenforced) and not allow_lossy
    if shut:
        click.echo("Something was lost. --allow-lossy accepts that.", err=True)
    return 1 if shut else 0
