"""What every reader hands over: rows with their line, and what was refused and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One record as it was written. ``line`` is where it begins, counted from 1."""

    line: int
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row, or a part of it, that did not go in. ``line`` 0 and ``field`` "" mean all of it."""

    line: int
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """All that one file held."""

    rows: tuple[Row, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = field(default=())


class Unreadable(ValueError):
    """A whole file can't be read; the message says why, for a person."""
