"""Print templates to HTML: an environment of its own, with no request and no session in reach."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from rca.domain import vocabulary
from rca.domain.text import quoted
from rca.domain.vocabulary import TimePrecision
from rca.paths import templates_dir
from rca.reports import words
from rca.reports.markdown import markdown_to_html
from rca.reports.sheets import rows_of, widths

PAPERS = {"a4": "A4", "letter": "letter"}


def known(value: datetime | None, precision: str = "minute") -> str:
    """A time with no more digits than are known."""
    exactness = TimePrecision(precision)
    if value is None or exactness is TimePrecision.UNKNOWN:
        return "Unknown" if exactness is TimePrecision.UNKNOWN else words.DASH
    clock = f"{value:%Y-%m-%d %H:%M}"
    shapes = {
        TimePrecision.YEAR: f"{value:%Y}",
        TimePrecision.MONTH: f"{value:%B %Y}",
        TimePrecision.DAY: f"{value:%Y-%m-%d}",
        TimePrecision.APPROX: f"about {clock}",
    }
    return shapes.get(exactness, clock)


def halves(pairs: Sequence[tuple[str, str]]) -> tuple[Sequence[tuple[str, str]], ...]:
    """Terms with their words in two columns of like length: the engine's own columns try many."""
    sizes = [len(word) + len(means) + 40 for word, means in pairs]
    cut = next((n for n in range(len(sizes)) if 2 * sum(sizes[:n]) >= sum(sizes)), len(sizes))
    return pairs[:cut], pairs[cut:]


def _markdown(text: str) -> Markup:
    return Markup(markdown_to_html(text))  # noqa: S704 - nh3's output is the reason it exists


def _label(value: str | None, name: str) -> str:
    found: str = getattr(vocabulary, name).label_of(value)
    return found


def _day(value: date | datetime | str | None) -> str:
    return words.day(date.fromisoformat(value) if isinstance(value, str) else value)


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(templates_dir() / "print"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        known=known,
        rows_of=rows_of,
        halves=halves,
        widths=widths,
        markdown=_markdown,
        label=_label,
        day=_day,
        iso=words.iso_day,
        in_sentence=words.in_sentence,
        opened=words.opened,
        cell=words.cell,
        minutes=words.minutes,
        percent=words.percent,
        number=words.number,
        plural=words.plural,
        quoted=quoted,
    )
    return made


def print_html(template: str, *, paper: str = "a4", **values: Any) -> str:
    """HTML of a template of ``templates/print``, for the PDF engine only.

    Raises KeyError for a paper that is not in :data:`PAPERS`.
    """
    page = _environment().get_template(template)
    return page.render(paper=PAPERS[paper], **values)
