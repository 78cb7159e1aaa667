"""``rca serve``: web processes and a worker under one parent; Ctrl-C ends all of them."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from types import FrameType

import click

from rca.cli.context import Home, now, open_home
from rca.config import Settings, no_longer_served, public_address, say_served

_NEXT_PORTS = 20
_GRACE_SECONDS = 8.0
_RESTART_SECONDS = 2.0
_START_SECONDS = 60.0
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - compared only


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(host: str, wanted: int) -> int:
    """``wanted``, or the next free port. Raises click.ClickException when twenty are taken."""
    for port in range(wanted, min(wanted + _NEXT_PORTS, 65_536)):
        if _is_free(host, port):
            return port
    raise click.ClickException(f"Ports {wanted} to {wanted + _NEXT_PORTS - 1} are all taken.")


def _listens(settings: Settings) -> bool:
    reached = _EVERYWHERE.get(settings.host, settings.host)
    try:
        with socket.create_connection((reached, settings.port), timeout=1):
            return True
    except OSError:
        return False


def _web_command(settings: Settings) -> list[str]:
    address = f"[{settings.host}]" if ":" in settings.host else settings.host
    if sys.platform == "win32":
        return [sys.executable, "-m", "waitress", "--host", settings.host,
                "--port", str(settings.port), "--call", "rca.web:create_app"]  # fmt: skip
    return [sys.executable, "-m", "gunicorn", "--workers", str(settings.processes),
            "--bind", f"{address}:{settings.port}", "--log-level", "warning",
            "--config", "python:rca.web.gunicorn",
            "--graceful-timeout", "5", "--timeout", "60", "rca.web:create_app()"]  # fmt: skip


def first_link(home: Home, base: str) -> str | None:
    """A one-time sign-in link while nobody has ever set a password; None afterwards."""
    from rca.domain.access import OPERATOR
    from rca.domain.vocabulary import Role
    from rca.services import accounts

    with home.writing() as session:
        users = accounts.list_users(session)
        if any(user.has_password for user in users):
            return None
        names = [user.name for user in users if user.role is Role.ADMIN and user.active]
        if not names:
            accounts.create_user(
                session, actor=OPERATOR, name="admin", display_name="Admin",
                role=Role.ADMIN, now=now(),
            )  # fmt: skip
        name = names[0] if names else "admin"
        secret = accounts.make_link(session, actor=OPERATOR, name=name, now=now())
    return f"{base}/link/{secret}"


def _announce(home: Home, settings: Settings) -> None:
    address = f"[{settings.host}]" if ":" in settings.host else settings.host
    base = f"http://{address}:{settings.port}"
    say_served(settings.home, base)
    link = first_link(home, public_address(settings))
    click.echo(f"\n  Throughline is at {base}/   (Ctrl-C stops it)")
    if link:
        click.echo(f"  First sign-in, once, within 30 minutes:\n  {link}\n")
    else:
        click.echo("  A new sign-in link for an account: rca user link NAME\n")


class _Family:
    """The children of `rca serve`."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._commands: dict[str, list[str]] = {}
        self.stopping = False

    def start(self, name: str, command: list[str]) -> None:
        """Start a child; a new session keeps the terminal's Ctrl-C for the parent alone."""
        self._commands[name] = command
        self._children[name] = subprocess.Popen(  # noqa: S603 - our own interpreter and modules
            command, env=self._environment, start_new_session=True
        )

    def await_web(self, listens: Callable[[], bool]) -> bool:
        """Wait until the web can be called, or a minute; whether it is still there."""
        end = time.monotonic() + _START_SECONDS
        while not (self.stopping or listens() or time.monotonic() > end):
            if self._children["web"].poll() is not None:
                return False
            time.sleep(0.05)
        return True

    def stop(self) -> None:
        """Ask all to end, wait, then insist."""
        self.stopping = True
        for name, child in self._children.items():
            child.send_signal(signal.SIGINT if name == "worker" else signal.SIGTERM)
        end = time.monotonic() + _GRACE_SECONDS
        for child in self._children.values():
            try:
                child.wait(max(end - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def watch(self) -> int:
        """Wait. A worker that ended is started again; when the web ends, so does everything."""
        while not self.stopping:
            time.sleep(0.3)
            code = self._children["web"].poll()
            if code is not None:
                return code or 1
            if self._children["worker"].poll() is not None and not self.stopping:
                click.echo("The worker ended; starting it again.", err=True)
                time.sleep(_RESTART_SECONDS)
                self.start("worker", self._commands["worker"])
        return 0


def _on_signal(family: _Family) -> Callable[[int, FrameType | None], None]:
    def ask(_number: int, _frame: FrameType | None) -> None:
        family.stopping = True

    return ask


def run(home: Home, settings: Settings) -> int:
    """Serve until stopped. Returns an exit code."""
    environment = {**os.environ, "RCA_PORT": str(settings.port), "RCA_HOME": str(settings.home)}
    if settings.demo:
        environment["RCA_DEMO"] = "1"
    family = _Family(environment)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _on_signal(family))
    family.start("web", _web_command(settings))
    family.start("worker", [sys.executable, "-m", "rca", "worker"])
    try:
        if family.await_web(lambda: _listens(settings)):  # what is printed can be called
            _announce(home, settings)
        return family.watch()
    finally:
        family.stop()
        no_longer_served(settings.home)


def _holds_sample(home: Home) -> bool:
    """An instance that holds the invented company says so on every page, however it is started."""
    from rca.services import sample

    with home.reading() as session:
        return sample.is_loaded(session)


@click.command()
@click.option("--host", help="Address to serve on; default RCA_HOST or 127.0.0.1.")
@click.option(
    "--port", type=int, help="Port; default RCA_PORT or 8000, the next free one if taken."
)
@click.option("--demo", is_flag=True, help="Load the invented company first, and say so on pages.")
def command(host: str | None, port: int | None, demo: bool) -> None:
    """Serve the web app on this machine, with its background worker.

    Prints the address, and a one-time sign-in link until somebody has set a password.
    """
    home = open_home()
    settings = replace(home.settings, demo=demo or home.settings.demo or _holds_sample(home))
    host, wanted = host or settings.host, port or settings.port
    chosen = free_port(host, wanted)
    if chosen != wanted:
        click.echo(f"Port {wanted} is taken; using {chosen}.")
    settings = replace(settings, host=host, port=chosen)
    if demo:
        from rca.cli.sample import fill

        fill(home)
    sys.exit(run(home, settings))
