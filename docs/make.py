"""Write the reference pages out of the code: ``python -m docs.make``.

A test says when they are old:

``settings.md`` from the settings, ``commands.md`` from the command line's own help, ``routes.md``
from the routes and the permission that each declares.
"""

import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import click

DOCS = Path(__file__).resolve().parent


def settings() -> str:
    """The page of settings."""
    from rca.config import DOCUMENTED

    rows = "\n".join(f"| `{name}` | {words} |" for name, words in DOCUMENTED.items())
    return (
        "# Settings\n\nEnvironment variables, read once at the start; a misspelt `RCA_*` name is "
        "an error. Each can also be given as `NAME_FILE`, the path of a file holding the value.\n\n"
        f"| name | what it is |\n|---|---|\n{rows}\n"
    )


def _commands(
    command: click.Command, name: str, above: click.Context | None = None
) -> Iterator[tuple[str, str]]:
    # With what is above it, as when it is run: the names of the help option come from there.
    context = click.Context(command, above, name, **command.context_settings)
    # click remembers the option of the first time, which may have been without what is above.
    command._help_option = None
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            if found is not None:
                yield from _commands(found, child, context)


def commands() -> str:
    """The page of commands."""
    from rca.cli import cli

    parts = [f"## `{name}`\n\n```text\n{words}\n```\n" for name, words in _commands(cli, "rca")]
    head = "# Commands\n\nExit codes: 0 done, 1 done with refused rows or findings, 2 error.\n\n"
    return head + "\n".join(parts)


def routes() -> str:
    """The page of routes, one section a blueprint."""
    from dataclasses import replace

    from rca.config import load_settings
    from rca.web import create_app

    with tempfile.TemporaryDirectory() as home:
        app = create_app(replace(load_settings({"RCA_HOME": home}), home=Path(home)))
    groups: dict[str, list[str]] = defaultdict(list)
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint)):
        view = app.view_functions[rule.endpoint]
        permission = getattr(view, "permission", "none")
        methods = ", ".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))
        says = (view.__doc__ or "").strip().partition("\n")[0]
        row = f"| `{rule.rule}` | {methods} | {permission} | {says} |"
        groups[rule.endpoint.partition(".")[0]].append(row)
    table = "| address | methods | needs | what it does |\n|---|---|---|---|\n"
    parts = [
        f"## {name}\n\n{table}" + "\n".join(rows) + "\n" for name, rows in sorted(groups.items())
    ]
    return (
        "# Routes\n\nEvery address with the permission that it declares; one that declares none "
        "answers 403.\n\n" + "\n".join(parts)
    )


PAGES = {"settings.md": settings, "commands.md": commands, "routes.md": routes}


def main() -> int:
    """Write all pages."""
    for name, make in PAGES.items():
        (DOCS / name).write_text(make(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
