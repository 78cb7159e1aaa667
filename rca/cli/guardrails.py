"""``rca guardrails``."""

import sys
from dataclasses import asdict
from pathlib import Path

import click

from rca.cli.context import now, open_home, print_json, write_out
from rca.domain.access import OPERATOR
from rca.services import guardrail_decisions as decisions
from rca.services import guardrail_reading as reading
from rca.services.guardrail_reading import GuardrailItem

STATUSES = ("accepted", "proposed", "rejected", "all")


@click.group()
def command() -> None:
    """List, accept, reject and export guardrails.

    Mining proposes them (`rca mine`); people decide. An accepted one begins in audit, where it
    interrupts nobody.
    """


@command.command("list")
@click.option("--status", type=click.Choice(STATUSES), default="all", show_default=True)
@click.option("--json", "as_json", is_flag=True, help='Print as JSON: {"guardrails": [...]}.')
def list_command(status: str, as_json: bool) -> None:
    """List guardrails with their evidence."""
    home = open_home()
    with home.reading() as session:
        wanted = "" if status == "all" else status
        items = reading.list_guardrails(session, now=now(), decision=wanted)
    if as_json:
        print_json({"guardrails": [_plain(item) for item in items]})
        return
    if not items:
        click.echo("No guardrail yet. `rca mine` proposes them when causes recur.")
    for item in items:
        _tell(item)


def _plain(item: GuardrailItem) -> dict[str, object]:
    values = asdict(item)
    values["interval95"] = [values.pop("low"), values.pop("high")]
    return values


def _tell(item: GuardrailItem) -> None:
    click.echo(f"{item.id}  {item.decision}, {item.mode}")
    click.echo(f"      {item.title}")
    said = [f"{item.n} of {item.of} incidents"]
    if item.low is not None and item.high is not None:
        said[0] += f" (95% {item.low:.0%} to {item.high:.0%})"
    said += [word for word in (item.strength, item.verdict) if word]
    click.echo("      " + ", ".join(said))


def _version(guardrail_id: str) -> int:
    with open_home().reading() as session:
        return decisions.find_guardrail(session, guardrail_id).version


@command.command("accept")
@click.argument("guardrail_id", metavar="ID")
@click.option("--owner", default="", help="The team that owns the rule.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def accept_command(guardrail_id: str, owner: str, as_json: bool) -> None:
    """Accept a proposed guardrail; it begins in audit."""
    home, version = open_home(), _version(guardrail_id)
    with home.writing() as session:
        done = decisions.accept(
            session,
            viewer=OPERATOR,
            guardrail_id=guardrail_id,
            base_version=version,
            owner_team=owner,
            now=now(),
        )
    _done(done, as_json)


@command.command("reject")
@click.argument("guardrail_id", metavar="ID")
@click.option("--reason", required=True, help="Why; kept with it.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def reject_command(guardrail_id: str, reason: str, as_json: bool) -> None:
    """Reject a guardrail. It returns only when new incidents speak for it."""
    home, version = open_home(), _version(guardrail_id)
    with home.writing() as session:
        done = decisions.reject(
            session,
            viewer=OPERATOR,
            guardrail_id=guardrail_id,
            base_version=version,
            reason=reason,
            now=now(),
        )
    _done(done, as_json)


def _done(done: decisions.Decided, as_json: bool) -> None:
    if as_json:
        print_json({"id": done.guardrail_id, "decision": done.decision, "version": done.version})
    else:
        click.echo(f"{done.guardrail_id}: {done.decision}.")


@command.command("export")
@click.option("--target", default="native", show_default=True, help="native, an engine, or all.")
@click.option(
    "--status",
    type=click.Choice(("accepted", "proposed", "all")),
    default="accepted",
    show_default=True,
)
@click.option("--out", type=click.Path(path_type=Path), help="File or folder; - is stdout.")
@click.option("--allow-lossy", is_flag=True, help="Exit 0 although an engine enforces less.")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 when --out is out of date.")
def export_command(
    target: str, status: str, out: Path | None, allow_lossy: bool, check: bool
) -> None:
    """Export guardrails: one YAML stream, or packs for the engines that teams run.

    Packs go into a folder (--out) with coverage.json, which says what each engine keeps, tightens
    or loses. Exit 1 when an engine enforces less than the rule, or no engine enforces it. Run
    --check on a schedule: it fails when the folder no longer holds what an export would write, for
    example because an exception that was compiled in has ended.
    """
    if target == "native":
        _native(status, out)
        return
    from rca.cli.guardrail_packs import export_packs

    sys.exit(export_packs(target, status, out, allow_lossy, check))


def _native(status: str, out: Path | None) -> None:
    with open_home().reading() as session:
        stream = reading.native_stream(session, status=status)
    if not stream.count:
        click.echo(f"No {status} guardrail: the stream holds one comment.", err=True)
    write_out(stream.text, out)
