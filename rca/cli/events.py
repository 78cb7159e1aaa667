"""``rca events``: secrets of the sources, the delivery log, and applying a delivery again."""

import sys

import click

from rca.cli.context import now, open_home, print_json
from rca.config import public_address
from rca.domain.access import OPERATOR
from rca.formats.events import SOURCES
from rca.services import events, events_secrets

SOURCE = click.Choice(SOURCES)


@click.group()
def command() -> None:
    """Events of other systems at /hooks/SOURCE: secrets, the delivery log, redelivery."""


@command.command("secret")
@click.argument("source", type=SOURCE)
@click.option("--keep-old", is_flag=True, help="Let the former secret count too for a while.")
@click.option("--given", is_flag=True, help="Read the secret from standard input.")
def secret(source: str, keep_old: bool, given: bool) -> None:
    """Make the secret of a source and print it once; it is kept in RCA_HOME, mode 0600."""
    home = open_home()
    value = sys.stdin.readline().strip() if given else events_secrets.fresh()
    events_secrets.store(home.settings.home, source, value, keep_old=keep_old)
    if given:
        click.echo(f"The secret of {source} is kept.", err=True)
        return
    click.echo(value)
    address = f"{public_address(home.settings)}/hooks/{source}"
    click.echo(f"Shown once. Send to {address}; docs/webhooks.md has the steps.", err=True)


@command.command("list")
@click.option("--state", default="", help="Only deliveries in this state.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 500))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_deliveries(state: str, limit: int, as_json: bool) -> None:
    """List deliveries, newest first, without their bodies."""
    with open_home().reading() as session:
        rows = events.deliveries(session, viewer=OPERATOR, state=state, limit=limit)[:limit]
        shown = [
            {
                "id": row.id,
                "received_at": row.received_at.isoformat(),
                "source": row.source,
                "event": row.event,
                "state": row.state,
                "error": row.error,
                "attempts": row.attempts,
            }
            for row in rows
        ]
    if as_json:
        print_json({"deliveries": shown})
        return
    for row in shown:
        click.echo(
            f"{row['id']}  {str(row['received_at'])[:19]}  {row['source']:<12} "
            f"{row['state']:<9} {row['event']}  {row['error']}"
        )
    if not shown:
        click.echo("No deliveries.", err=True)


@command.command("show")
@click.argument("delivery")
def show(delivery: str) -> None:
    """Print the body of a delivery, secrets taken out."""
    with open_home().reading() as session:
        click.echo(events.find(session, viewer=OPERATOR, delivery_id=delivery).body)


@command.command("redeliver")
@click.argument("delivery")
def redeliver(delivery: str) -> None:
    """Apply a kept delivery again. Exit code 1 when it still can't be read or recorded."""
    with open_home().writing() as session:
        outcome = events.redeliver(session, viewer=OPERATOR, delivery_id=delivery, now=now())
    click.echo(f"{outcome.state}: {outcome.message}")
    sys.exit(0 if outcome.state in ("applied", "ignored") else 1)
