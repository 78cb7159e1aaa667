"""The packs of ``rca guardrails export``."""

from pathlib import Path

import click

from mining.policy.exporters import Export
from rca.cli.context import now, open_home
from rca.services.guardrail_packs import export_guardrails


def export_packs(target: str, status: str, out: Path | None, allow_lossy: bool) -> int:
    """Write the packs and say what was lost; the exit code."""
    with open_home().reading() as session:
        made = export_guardrails(session, target=target, status=status, now=now())
    if not made.rules:
        click.echo(f"No {status} guardrail: the packs are empty.", err=True)
    if out is None or str(out) == "-":
        click.echo(made.coverage_text(), nl=False)
        click.echo("Give --out DIR to write the packs; this is their coverage.", err=True)
    else:
        _write(made, out)
    return _tell(made, allow_lossy)


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
