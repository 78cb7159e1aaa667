"""A mail's words as one value, and its two forms: plain text and simple HTML.

The HTML has no image, no script and nothing to load, so that opening it tells nobody anything.
"""

from dataclasses import dataclass
from functools import cache
from textwrap import fill
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from rca.domain.mail import one_line
from rca.paths import static_dir, templates_dir


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a letter. ``state`` is a word that stands before it, such as “overdue”."""

    title: str
    href: str = ""
    meta: str = ""
    words: str = ""
    state: str = ""
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A heading with its lines; ``more`` says how many were left out."""

    heading: str
    items: tuple[Item, ...] = ()
    note: str = ""
    more: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says, why its reader gets it, and where they end it or change it."""

    subject: str
    title: str
    lede: str
    why: str
    parts: tuple[Part, ...] = ()
    button: tuple[str, str] | None = None
    settings: str = ""
    leave: str = ""
    organisation: str = ""


def _filled(text: str, indent: str = "", first: str = "") -> str:
    """Lines of at most 76 characters, the first one behind ``first``; a link is never broken."""
    return fill(
        one_line(text, 4_000), 76, initial_indent=first or indent, subsequent_indent=indent,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(templates_dir() / "mail"),
        autoescape=select_autoescape(["html"], default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["filled"] = _filled
    return made


@cache
def _style() -> Markup:
    sheet = (static_dir() / "css" / "mail.css").read_text(encoding="utf-8")
    return Markup(sheet)  # noqa: S704 - our own file


def _render(name: str, **values: Any) -> str:
    return _environment().get_template(name).render(**values)


def letter_text(letter: Letter) -> str:
    """The plain text, wrapped."""
    return _render("letter.txt", letter=letter)


def letter_html(letter: Letter) -> str:
    """The HTML, complete with its style."""
    return _render("letter.html", letter=letter, style=_style())
