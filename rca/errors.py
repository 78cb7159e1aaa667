"""The family of errors that the service raises on purpose.

ThroughlineError
    SettingError        a setting can't be read; names the variable
    NotFound            absent, or hidden from this reader (the two look the same)
    Forbidden           the account may not do this
    NotSignedIn         nobody is signed in
    Invalid             the input has problems; ``problems`` are (field path, words)
    NotNow              the record's state does not allow the move
    Conflict            somebody saved first; carries what is stored
    VersionMissing      a write came without the version that it builds on
    TooMany             too many tries; says how long to wait
    Unavailable         an optional part is missing; says what to install
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


class ThroughlineError(Exception):
    """Base of every error that is meant for a person."""

    status = 500


class SettingError(ThroughlineError):
    """A setting can't be read."""


class NotFound(ThroughlineError):
    """The thing is absent or hidden; a reader can't tell which."""

    status = 404


class Forbidden(ThroughlineError):
    """The account may not do this."""

    status = 403


class NotSignedIn(ThroughlineError):
    """Nobody is signed in."""

    status = 401


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one field. ``path`` is dotted (``timeline.3.at``), empty for the whole."""

    path: str
    message: str


class Invalid(ThroughlineError):
    """The input has problems; nothing was stored and nothing typed is lost."""

    status = 422

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(
            "; ".join(f"{p.path}: {p.message}" if p.path else p.message for p in problems)
        )
        self.problems = tuple(problems)


class NotNow(ThroughlineError):
    """The record's state does not allow this move."""

    status = 409


class Conflict(ThroughlineError):
    """Somebody saved first. ``current`` is what is stored, ``version`` its version."""

    status = 409

    def __init__(self, message: str, *, current: Any, version: int) -> None:
        super().__init__(message)
        self.current = current
        self.version = version


class VersionMissing(ThroughlineError):
    """A write needs the version it builds on."""

    status = 428


class TooMany(ThroughlineError):
    """Too many tries."""

    status = 429


class Unavailable(ThroughlineError):
    """An optional part is missing on this machine."""

    status = 503
