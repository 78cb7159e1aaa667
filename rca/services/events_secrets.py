"""A secret per source, in files of the instance folder that only their owner can read.

They can't be hashed: checking a signature needs the secret itself. The newest stands first; an
older one is kept beside it while senders change over.
"""

import base64
import os
import secrets
from pathlib import Path

from rca.errors import Invalid, Problem
from rca.formats.events import SOURCES

KEPT = 2


def _path(home: Path, source: str) -> Path:
    if source not in SOURCES:
        raise Invalid([Problem("source", f"Choose from {', '.join(SOURCES)}.")])
    return home / "webhooks" / f"{source}.secret"


def read(home: Path, source: str) -> tuple[str, ...]:
    """The secrets that count for a source, newest first; empty when none is set."""
    try:
        lines = _path(home, source).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return ()
    return tuple(line.strip() for line in lines if line.strip())[:KEPT]


def fresh() -> str:
    """A new secret in the form of Standard Webhooks, which every sender takes as plain words."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def store(home: Path, source: str, secret: str, *, keep_old: bool) -> None:
    """Make ``secret`` the source's newest. Written beside and moved, so that no reader sees half.

    Raises Invalid for a secret that is too short to be one.
    """
    secret = secret.strip()
    if len(secret) < 16 or "\n" in secret:
        raise Invalid([Problem("secret", "At least 16 characters, on one line.")])
    path = _path(home, source)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    old = [one for one in read(home, source) if one != secret] if keep_old else []
    beside = path.with_suffix(f".{secrets.token_hex(4)}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write("\n".join([secret, *old][:KEPT]) + "\n")
    beside.replace(path)
