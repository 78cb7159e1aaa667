"""``rca digest``: what brings the lessons of a service back, printed or sent."""

import sys

import click

from rca.cli.context import Home, now, open_home
from rca.domain.mail import last_week_over
from rca.errors import NotFound, NotNow
from rca.services import jobs, mail_choices, weekly
from rca.services.mail_desk import Desk


@click.command()
@click.option("--service", default="", help="One service; every known one otherwise.")
@click.option("--week", default="", help="Such as 2026-W40. Default: the newest whole week.")
@click.option("--print", "what", flag_value="print", default=True, help="Print it (the default).")
@click.option("--html", "what", flag_value="html", help="Print it as the HTML of the mail.")
@click.option("--send", "what", flag_value="send", help="Send it to those who follow the service.")
def command(service: str, week: str, what: str) -> None:
    """The weekly digest: what came back, what is overdue, what happened a year ago, what is due.

    It holds open records only. Sending twice sends once: a reader gets a week's digest of a
    service one time. Exit code 1 when there is nothing to say.
    """
    home = open_home()
    chosen = weekly.Week.named(week) if week else weekly.Week(last_week_over(now(), 0))
    if what == "send":
        _send(home, chosen, service)
        return
    with home.reading() as session:
        known = mail_choices.offered(session).services
    if service and service not in known:
        raise NotFound(f"There is no service “{service}”.")
    names = [service] if service else known
    told = [_printed(home, name, chosen, html=what == "html") for name in names]
    for words in told:
        if words:
            click.echo(words)
    if not any(told):
        click.echo(f"Nothing to bring back for {chosen.name}.", err=True)
        sys.exit(1)


def _printed(home: Home, service: str, week: weekly.Week, *, html: bool) -> str:
    desk = Desk.of(home.settings)
    with home.reading() as session:
        return weekly.printed(session, service=service, week=week, desk=desk, now=now(), html=html)


def _send(home: Home, week: weekly.Week, service: str) -> None:
    """Put it in line and send what is due, as the worker would; both may run at once."""
    if home.settings.smtp is None:
        raise NotNow("No mail server is set. RCA_SMTP_HOST and RCA_MAIL_FROM name one.")
    with home.writing() as session:
        queued = weekly.plan(session, week=week, now=now(), service=service)
    sent = send_waiting(home)
    click.echo(f"{queued} new in line for {week.name}; {sent} handled. `rca mail log` has each.")


def send_waiting(home: Home) -> int:
    """Run the mail jobs that are due. Returns how many."""
    from rca.jobs import run_one

    with home.reading() as session:
        due = jobs.due(session, now=now(), kind="mail")
    return sum(run_one(home.engine, job, home.settings, now=now()) for job in due)
