"""``rca user``: accounts, one-time links and API tokens from the machine's own command line."""

import click

from rca.cli.context import Home, now, open_home, print_json
from rca.config import public_address
from rca.domain.access import OPERATOR
from rca.domain.vocabulary import Role, TokenScope
from rca.services import accounts

ROLES = click.Choice(Role.values())


@click.group()
def command() -> None:
    """Accounts. There are no default passwords: a one-time link sets one."""


def _link(home: Home, name: str) -> str:
    with home.writing() as session:
        secret = accounts.make_link(session, actor=OPERATOR, name=name, now=now())
    return f"{public_address(home.settings)}/link/{secret}"


@command.command("add")
@click.argument("name")
@click.option("--role", type=ROLES, default=Role.AUTHOR.value, show_default=True)
@click.option("--display-name", default="", help="How pages show the account.")
def add(name: str, role: str, display_name: str) -> None:
    """Make an account and print its one-time sign-in link."""
    home = open_home()
    with home.writing() as session:
        accounts.create_user(
            session,
            actor=OPERATOR,
            name=name,
            role=Role(role),
            display_name=display_name,
            now=now(),
        )
    click.echo(f"{name} ({role}). One-time link, 30 minutes:\n{_link(home, name)}")


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_accounts(as_json: bool) -> None:
    """List accounts by name."""
    home = open_home()
    with home.reading() as session:
        users = [
            {
                "name": user.name,
                "display_name": user.display_name,
                "role": user.role.value,
                "active": user.active,
                "signed_in_once": user.has_password,
            }
            for user in accounts.list_users(session)
        ]
    if as_json:
        print_json({"users": users})
        return
    for user in users:
        state = "" if user["active"] else "  disabled"
        click.echo(f"{user['name']:<24} {user['role']:<10}{state}")
    if not users:
        click.echo("No accounts yet. `rca serve` makes the first one.", err=True)


@command.command("link")
@click.argument("name")
def link(name: str) -> None:
    """Print a one-time link that sets the account's password; older links end."""
    click.echo(_link(open_home(), name))


@command.command("role")
@click.argument("name")
@click.argument("role", type=ROLES)
def role(name: str, role: str) -> None:
    """Change an account's role; its sessions end."""
    with open_home().writing() as session:
        accounts.set_role(session, actor=OPERATOR, name=name, role=Role(role), now=now())
    click.echo(f"{name} is now {role}.")


@command.command("disable")
@click.argument("name")
def disable(name: str) -> None:
    """Disable an account; its sessions and tokens stop working at once."""
    with open_home().writing() as session:
        accounts.set_active(session, actor=OPERATOR, name=name, active=False, now=now())
    click.echo(f"{name} is disabled.")


@command.command("enable")
@click.argument("name")
def enable(name: str) -> None:
    """Enable a disabled account."""
    with open_home().writing() as session:
        accounts.set_active(session, actor=OPERATOR, name=name, active=True, now=now())
    click.echo(f"{name} is enabled.")


@command.command("token")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(TokenScope.values()),
    default=(TokenScope.READ.value,),
    show_default=True,
    help="What the token may do; give it again for more.",
)
@click.option("--label", default="command line", help="What the token is for.")
def token(name: str, scopes: tuple[str, ...], label: str) -> None:
    """Print a bearer token for the API: 90 days, shown once, never more than its owner may."""
    with open_home().writing() as session:
        made = accounts.make_token(
            session, actor=OPERATOR, name=name, label=label, scopes=scopes, now=now()
        )
    click.echo(made)
