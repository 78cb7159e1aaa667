"""How values read on a page: times, spans, labels, Markdown."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import cache
from math import log10
from typing import Any

from flask import Flask, url_for
from markupsafe import Markup

from rca.domain import vocabulary
from rca.domain.durations import human_duration
from rca.domain.quarters import UNDATED
from rca.domain.vocabulary import TimePrecision
from rca.errors import Problem
from rca.paths import static_dir
from rca.reports.markdown import markdown_to_html
from rca.services.causes import cause_name
from rca.web.navigation import has_endpoint


def utc(value: datetime | None) -> str:
    """``14 Aug 2026 09:30 UTC``; a dash when blank."""
    return f"{day(value)} {value:%H:%M} UTC" if value else "–"


def day(value: date | datetime | None) -> str:
    """``14 Aug 2026``; a dash when blank."""
    return f"{value.day} {value:%b %Y}" if value else "–"


def weekday(value: datetime) -> str:
    """``Tuesday 13 October 2026``."""
    return f"{value:%A} {value.day} {value:%B %Y}"


_SPOKEN = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
           "eleven", "twelve")  # fmt: skip


def spoken(count: int) -> str:
    """Small numbers in words, as a sentence begins with them."""
    return _SPOKEN[count] if 0 <= count < len(_SPOKEN) else f"{count:,}"


def hm(value: datetime | None) -> str:
    """``09:30``; a dash when blank."""
    return f"{value:%H:%M}" if value else "–"


def known(value: datetime | None, precision: str = "minute") -> str:
    """A time with no more digits than are known."""
    exactness = TimePrecision(precision)
    if value is None or exactness is TimePrecision.UNKNOWN:
        return "Time unknown" if exactness is TimePrecision.UNKNOWN else "–"
    shapes = {
        TimePrecision.YEAR: f"{value:%Y}",
        TimePrecision.MONTH: f"{value:%b %Y}",
        TimePrecision.DAY: day(value),
        TimePrecision.APPROX: f"about {utc(value)}",
    }
    return shapes.get(exactness, utc(value))


def quarter_words(name: str) -> str:
    """``2026-Q3`` stays; ``undated`` reads as a word."""
    return "Undated" if name == UNDATED else name


def occurred(value: datetime | None, precision: str) -> str:
    """A date for a list: ``14 Aug 2026``, ``Aug 2026``, ``2026``, ``Undated``."""
    if value is None or precision == TimePrecision.UNKNOWN:
        return "Undated"
    if precision == TimePrecision.YEAR:
        return f"{value:%Y}"
    return f"{value:%b %Y}" if precision == TimePrecision.MONTH else day(value)


def span(value: timedelta | None) -> str:
    """``1 h 12 min``; a dash when it can't be told."""
    return human_duration(value) if value is not None else "–"


def label(value: str | None, name: str) -> str:
    """The words of a stored value: ``'SEV1'|label('Severity')``."""
    words: str = getattr(vocabulary, name).label_of(value)
    return words


def plural(count: int, one: str, many: str = "") -> str:
    """``1 incident``, ``3 incidents``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def markdown(text: str) -> Markup:
    """Safe HTML of what a person wrote; the sanitiser runs after the parser."""
    return Markup(markdown_to_html(text))  # noqa: S704 - nh3's output is the reason it exists


def initials(name: str) -> str:
    """``RL`` of ``Ravi Lund``: what the account button shows."""
    words = [word for word in name.replace(".", " ").split() if word[:1].isalnum()]
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper() or "?"


def by_field(problems: Iterable[Problem]) -> dict[str, str]:
    """The first message per field path; a field without one reads as empty."""
    found: dict[str, str] = defaultdict(str)
    for problem in problems:
        found[problem.path] = found[problem.path] or problem.message
    return found


@cache
def _asset_version(name: str) -> str:
    return hashlib.sha256((static_dir() / name).read_bytes()).hexdigest()[:10]


def asset(name: str) -> str:
    """Address of a static file that changes when the file does."""
    return url_for("static", filename=name, v=_asset_version(name))


def install(app: Flask) -> None:
    """Register filters and globals."""
    filters: dict[str, Any] = {
        "utc": utc,
        "day": day,
        "hm": hm,
        "known": known,
        "span": span,
        "label": label,
        "plural": plural,
        "initials": initials,
        "cause": cause_name,
        "by_field": by_field,
        "weekday": weekday,
        "spoken": spoken,
        "quarter": quarter_words,
        "occurred": occurred,
        "markdown": markdown,
        "log10": log10,
    }
    app.jinja_env.filters.update(filters)
    app.jinja_env.globals.update(
        asset=asset, v=vocabulary, app_name="Throughline", has_endpoint=has_endpoint
    )
