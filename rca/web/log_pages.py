"""Where a page of a log begins: after the row that stood last on the page before."""

import re
from datetime import datetime

from flask import request


def asked_after() -> tuple[datetime, str] | None:
    """Moment and id of the row that the reader saw last; None for the first page, or an address
    that nobody was given.
    """
    at, _, key = request.args.get("before", "").partition("~")
    try:
        found = datetime.fromisoformat(at)
    except ValueError:
        return None
    return (found, key) if found.tzinfo and re.fullmatch(r"[0-9a-f]{32}", key) else None


def mark_of(at: datetime, key: str) -> str:
    """What :func:`asked_after` reads from an address."""
    return f"{at.isoformat()}~{key}"
