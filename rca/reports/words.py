"""How numbers and times read in the review and in print. Pure text; no page, no session."""

from datetime import date, datetime, timedelta

from rca.domain.durations import human_duration
from rca.reports.value import Cell

DASH = "–"


def day(value: date | datetime | None) -> str:
    """``14 August 2026``; a dash when blank."""
    return f"{value.day} {value:%B %Y}" if value else DASH


def iso_day(text: str) -> str:
    """``2026-08-14`` as ``14 August 2026``; any other text as it is."""
    try:
        return day(date.fromisoformat(text))
    except ValueError:
        return text


def minutes(value: float | None) -> str:
    """Minutes as ``47 min`` or ``3 h 12 min``; a dash when not known."""
    return DASH if value is None else human_duration(timedelta(minutes=round(value, 2)))


def percent(value: float | None) -> str:
    """A share of 0 to 1 as ``26%``; under one percent with a digit."""
    if value is None:
        return DASH
    scaled = 100 * value
    return f"{scaled:.1f}%" if 0 < scaled < 1 else f"{scaled:.0f}%"


def points(value: float | None) -> str:
    """A difference of shares in whole points."""
    return DASH if value is None else f"{100 * value:+.0f}".replace("-", "−")


def number(value: float | None) -> str:
    """A number with no more digits than it carries: ``1.9M``, ``12,400``, ``3.5``."""
    if value is None:
        return DASH
    if abs(value) >= 1_000_000:
        return f"{value / 1_000_000:.1f}M"
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}"


def in_sentence(name: str) -> str:
    """A pattern's name within a sentence: its own colon becomes a comma."""
    return name.replace(": as in “", ", as in “")


def opened(text: str) -> str:
    """The text with a capital at its beginning and percent signs set close."""
    return f"{text[:1].upper()}{text[1:]}".replace(" %", "%")


def plural(count: int, one: str, many: str = "") -> str:
    """``1 incident``, ``3 incidents``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listed(items: list[str], most: int = 4) -> str:
    """``a, b and c``, with ``and 3 more`` past ``most``."""
    if len(items) > most:
        return ", ".join(items[:most]) + f" and {len(items) - most} more"
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + f" and {items[-1]}"


def cell(value: Cell, kind: str) -> str:
    """One cell of a table as it reads."""
    if value is None or value == "":
        return DASH
    if isinstance(value, str):
        return value
    if kind == "ratio":
        return f"{value:.2f}" if value < 10 else f"{value:.0f}"
    if kind == "days":
        return f"{value:.0f} d"
    shapes = {"share": percent, "minutes": minutes}
    return shapes.get(kind, number)(value)
