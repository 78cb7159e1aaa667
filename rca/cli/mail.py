"""``rca mail``: the log, a test, mailing lists, and reviews that go out by themselves."""

import sys

import click

from rca.cli.context import now, open_home, print_json
from rca.cli.digest import send_waiting
from rca.domain.access import OPERATOR
from rca.domain.mail import MailState, is_address
from rca.errors import Invalid, NotNow, Problem
from rca.services import mail_choices, mailing, review_mail


@click.group()
def command() -> None:
    """Mail that goes out: the log, a test, lists, schedules, addresses of accounts and teams."""


@command.command("test")
@click.argument("address")
def test(address: str) -> None:
    """Send a test mail to ADDRESS now. Exit code 1 when it did not leave."""
    home = open_home()
    if home.settings.smtp is None:
        raise NotNow("No mail server is set. RCA_SMTP_HOST and RCA_MAIL_FROM name one.")
    if not is_address(address):
        raise Invalid([Problem("address", "An address such as name@example.org.")])
    with home.writing() as session:
        mailing.send_test(session, viewer=OPERATOR, address=address, now=now())
    send_waiting(home)
    with home.reading() as session:
        newest = mailing.log(session, viewer=OPERATOR, limit=1)[0]
    click.echo(f"{newest.state.label}. {newest.said}".strip())
    sys.exit(0 if newest.state is MailState.SENT else 1)


@command.command("log")
@click.option(
    "--state", default="", type=click.Choice(["", *MailState.values()]), help="Only this."
)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 500))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def log(state: str, limit: int, as_json: bool) -> None:
    """List mails, newest first, without their words."""
    with open_home().reading() as session:
        rows = mailing.log(session, viewer=OPERATOR, state=state, limit=limit)[:limit]
    if as_json:
        print_json({"mails": [
            {"id": r.id, "kind": r.kind.value, "scope": r.scope, "period": r.period,
             "recipient": r.recipient, "subject": r.subject, "state": r.state.value,
             "said": r.said, "attempts": r.attempts, "created_at": r.created_at.isoformat()}
            for r in rows
        ]})  # fmt: skip
        return
    for row in rows:
        click.echo(
            f"{row.created_at.isoformat()[:19]}  {row.state.value:<8} {row.kind.value:<9} "
            f"{row.recipient:<30} {row.subject}  {row.said}"
        )
    if not rows:
        click.echo("No mail.", err=True)


@command.command("list")
@click.argument("name", required=False)
@click.argument("addresses", nargs=-1)
@click.option("--remove", is_flag=True, help="Remove the list and its schedules.")
def mailing_list(name: str | None, addresses: tuple[str, ...], remove: bool) -> None:
    """Show the lists, or make NAME hold these ADDRESSES and no others."""
    home = open_home()
    if name and (addresses or remove):
        with home.writing() as session:
            review_mail.save_list(
                session, viewer=OPERATOR, name=name, addresses=() if remove else addresses,
                now=now(),
            )  # fmt: skip
    with home.reading() as session:
        for one in review_mail.lists(session):
            if not name or one.name == name:
                click.echo(f"{one.name}: {', '.join(one.addresses)}")


@command.command("schedule")
@click.argument("list_name", required=False)
@click.option("--days-after", default=14, show_default=True, help="Days after a quarter ends.")
@click.option("--paper", type=click.Choice(["a4", "letter"]), default="a4", show_default=True)
@click.option("--organisation", "whose", default="", help="Whose incidents; default your own.")
@click.option("--end", default="", metavar="ID", help="End the schedule of that id.")
def schedule(list_name: str | None, days_after: int, paper: str, whose: str, end: str) -> None:
    """Show the schedules, or send each quarter's review to LIST_NAME from now on."""
    home = open_home()
    with home.writing() as session:
        if end:
            review_mail.remove_schedule(session, viewer=OPERATOR, schedule_id=end, now=now())
        elif list_name:
            review_mail.add_schedule(
                session, viewer=OPERATOR, list_name=list_name, days_after=days_after, whose=whose,
                paper=paper, now=now(),
            )  # fmt: skip
    with home.reading() as session:
        for one in review_mail.schedules(session, now=now()):
            click.echo(f"{one.id}  {one.list_name}: {one.next_quarter} on {one.next_on}")


@command.command("address")
@click.argument("account")
@click.argument("address")
def account_address(account: str, address: str) -> None:
    """Set the mail address of ACCOUNT without asking it to confirm; "" takes it off."""
    with open_home().writing() as session:
        mail_choices.set_address(session, actor=OPERATOR, name=account, address=address, now=now())
    click.echo(f"Mail to {account} goes to {address}." if address else f"No mail to {account}.")


@command.command("team")
@click.argument("team")
@click.argument("address")
def team_address(team: str, address: str) -> None:
    """Set where TEAM reads mail; "" takes it off."""
    with open_home().writing() as session:
        mail_choices.set_team_address(
            session, viewer=OPERATOR, team=team, address=address, now=now()
        )
    click.echo(f"Mail to {team} goes to {address}." if address else f"No mail to {team}.")
