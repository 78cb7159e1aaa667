"""Calendar quarters in UTC, with ``undated`` as an honest bucket of its own."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import total_ordering

from rca.domain.vocabulary import TimePrecision

UNDATED = "undated"
_FORM = re.compile(r"^(\d{4})-Q([1-4])$", re.IGNORECASE)


@total_ordering
@dataclass(frozen=True, slots=True)
class Quarter:
    """One calendar quarter; orders and prints as ``2026-Q3``."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> "Quarter":
        """Read ``2026-Q3``. Raises ValueError with the expected form otherwise."""
        match = _FORM.match(text.strip())
        if not match:
            raise ValueError(f"“{text}” is not a quarter. Write it like 2026-Q3.")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, moment: datetime | date) -> "Quarter":
        """The quarter that holds ``moment`` (UTC)."""
        return cls(moment.year, (moment.month - 1) // 3 + 1)

    @property
    def noun(self) -> str:
        """What sentences call it: ``this quarter``."""
        return "quarter"

    @property
    def start(self) -> datetime:
        """First instant, inclusive."""
        return datetime(self.year, 3 * self.number - 2, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """First instant after it, exclusive."""
        return self.next().start

    def next(self) -> "Quarter":
        """The quarter that follows."""
        return Quarter(self.year + self.number // 4, self.number % 4 + 1)

    def previous(self) -> "Quarter":
        """The quarter before."""
        return Quarter(self.year - (self.number == 1), (self.number - 2) % 4 + 1)

    def __str__(self) -> str:
        return f"{self.year}-Q{self.number}"

    def __lt__(self, other: "Quarter") -> bool:
        return (self.year, self.number) < (other.year, other.number)


def quarter_of(moment: datetime | None, precision: TimePrecision | None = None) -> str:
    """The quarter's name, or ``undated`` when only a year, or nothing, is known."""
    if moment is None or precision in (TimePrecision.YEAR, TimePrecision.UNKNOWN):
        return UNDATED
    return str(Quarter.of(moment))
