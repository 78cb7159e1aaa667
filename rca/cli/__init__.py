"""The ``rca`` command. Subcommands load on use, so that ``rca --help`` answers at once."""

import importlib
import sys
from typing import Any

import click

from rca import __version__
from rca.errors import Invalid, ThroughlineError

# name -> (where it is, what `rca --help` says of it), in the order of a newcomer's first hour.
COMMANDS: dict[str, tuple[str, str]] = {
    "serve": ("rca.cli.serve:command", "Serve the web app with its background worker."),
    "user": ("rca.cli.user:command", "Accounts: add, list, sign-in links, API tokens."),
    "import": ("rca.cli.importing:command", "Bring in postmortems from JSONL, CSV or Markdown."),
    "mine": ("rca.cli.mine:command", "Look for recurring causes over the stored postmortems."),
    "patterns": ("rca.cli.patterns:command", "List what recurs, with its evidence."),
    "findings": ("rca.cli.findings:command", "List what goes with what, honestly tested."),
    "themes": ("rca.cli.themes:command", "List causes over all organisations."),
    "guardrails": ("rca.cli.guardrails:command", "List, accept, reject and export guardrails."),
    "guard": ("rca.cli.guard:command", "Check a change against guardrails, in any CI."),
    "report": ("rca.cli.report:command", "PDFs: postmortem, quarter, pattern, guardrail."),
    "review": ("rca.cli.review:command", "Reviews on record: create, freeze, publish, show."),
    "digest": ("rca.cli.digest:command", "The weekly digest of a service: print or send it."),
    "mail": ("rca.cli.mail:command", "Mail: the log, a test, lists, and reviews that go out."),
    "provenance": ("rca.cli.provenance:command", "Evidence of AI influence in commits."),
    "changes": ("rca.cli.changes:command", "Fill the change ledger from git or files."),
    "events": ("rca.cli.events:command", "Webhooks: secrets, the delivery log, redelivery."),
    "risk": ("rca.cli.risk:command", "Are AI-assisted changes riskier? With the denominator."),
    "lint": ("rca.cli.lint:command", "Review the wording of Markdown and text for blame."),
    "worker": ("rca.cli.worker:command", "Run background jobs alone, for further hosts."),
    "migrate": ("rca.cli.migrate:command", "Bring the database to this version's schema."),
    "sample": ("rca.cli.sample:command", "Load the invented company into an empty instance."),
    "doctor": ("rca.cli.doctor:command", "Check this installation and say what to mend."),
}


class LazyGroup(click.Group):
    """A group that imports a subcommand's module only when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of :data:`COMMANDS`."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The subcommand, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        found: click.Command = getattr(importlib.import_module(module), name)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List subcommands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="rca")
def cli() -> None:
    """Throughline: blameless postmortems in; recurring causes, guardrails and reviews out.

    Everything is kept in one folder, RCA_HOME (default: instance/ in the checkout).
    Start with `rca serve`. Exit codes: 0 done, 1 done with refused rows or findings, 2 error.
    """


def _say(error: ThroughlineError) -> None:
    if isinstance(error, Invalid):
        for problem in error.problems:
            where = f"{problem.path}: " if problem.path else ""
            click.echo(f"rca: {where}{problem.message}", err=True)
        return
    click.echo(f"rca: {error}", err=True)


def main(args: list[str] | None = None) -> Any:
    """Run a command line. Errors meant for a person are one line on stderr and exit code 2."""
    try:
        return cli.main(args=args, prog_name="rca", standalone_mode=True)
    except ThroughlineError as error:
        _say(error)
        sys.exit(2)
