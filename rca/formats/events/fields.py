"""Reading fields of foreign JSON: absent is blank, of the wrong kind is said by its path."""

import re
from datetime import UTC, datetime
from typing import Any

from rca.domain.text import clean_text


class Malformed(ValueError):
    """The body is not what its vendor documents; the message names the field."""


def tree(value: Any, path: str) -> dict[str, Any]:
    """An object; blank counts as an empty one."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Malformed(f"{path} is not an object")
    return value


def rows(value: Any, path: str) -> list[dict[str, Any]]:
    """A list of objects; blank counts as an empty one."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise Malformed(f"{path} is not a list of objects")
    return value


def text(value: Any, path: str, most: int = 240) -> str:
    """Words, cut to what the ledger holds; numbers count as words."""
    if value is None or value is False:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Malformed(f"{path} is not text")
    try:
        return " ".join(clean_text(str(value)).split())[:most]
    except ValueError as error:
        raise Malformed(f"{path}: {error}") from error


def needed(value: Any, path: str, most: int = 240) -> str:
    """Words that must be there."""
    found = text(value, path, most)
    if not found:
        raise Malformed(f"{path} is missing")
    return found


def body_text(value: Any, path: str, most: int = 60_000) -> str:
    """Words of several lines, as detectors read them."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Malformed(f"{path} is not text")
    try:
        return clean_text(value)[:most]
    except ValueError as error:
        raise Malformed(f"{path}: {error}") from error


def whole(value: Any, path: str) -> int | None:
    """A number of things, or None when it is not told."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise Malformed(f"{path} is not a whole number")
    return value


_SPACED = re.compile(r"^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}(?:\.\d+)?) ?(UTC|[+-]\d{2}:?\d{2})$")
_ODD_FRACTION = re.compile(r"\.(\d+)")


def instant(value: Any, path: str) -> datetime | None:
    """A time as ISO 8601, as ``2026-08-14 09:30:00 UTC``, or in seconds; year 1 is blank."""
    if value in (None, "", 0):
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _of_seconds(value, path)
    if not isinstance(value, str):
        raise Malformed(f"{path} is not a time")
    spaced = _SPACED.match(value.strip())
    iso = (
        f"{spaced[1]}T{spaced[2]}{spaced[3].replace('UTC', '+00:00')}" if spaced else value.strip()
    )
    # Nine digits of a second are common; six are what a datetime holds.
    iso = _ODD_FRACTION.sub(lambda m: f".{m[1][:6]:0<6}", iso, count=1)
    try:
        found = datetime.fromisoformat(iso)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Malformed(f"{path} is not a time: “{value[:40]}”") from error
    return found if found.year > 1 else None


def _of_seconds(value: float, path: str) -> datetime:
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise Malformed(f"{path} is not a time") from error


def needed_instant(value: Any, path: str) -> datetime:
    """A time that must be there."""
    found = instant(value, path)
    if found is None:
        raise Malformed(f"{path} is missing")
    return found


def repository(address: str) -> str:
    """``owner/name`` of a repository's address."""
    plain = address.split("://")[-1].removesuffix(".git").rstrip("/")
    parts = [part for part in re.split(r"[/:]", plain) if part]
    return "/".join(parts[-2:])
