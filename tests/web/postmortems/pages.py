"""A page's form as a browser without scripts would send it."""

import re
from dataclasses import dataclass, field
from html import unescape

from flask.testing import FlaskClient
from werkzeug.test import TestResponse


@dataclass
class Form:
    """Ordered pairs of one form."""

    pairs: list[tuple[str, str]] = field(default_factory=list)

    def get(self, name: str) -> str:
        """The last value of a name."""
        return [value for key, value in self.pairs if key == name][-1]

    def all(self, name: str) -> list[str]:
        """Every value of a name."""
        return [value for key, value in self.pairs if key == name]

    def set(self, name: str, value: str) -> "Form":
        """Type into the one field of that name."""
        places = [i for i, (key, _) in enumerate(self.pairs) if key == name]
        if places:
            self.pairs[places[-1]] = (name, value)
        else:
            self.pairs.append((name, value))
        return self

    def names(self, prefix: str) -> list[str]:
        """Names that begin so."""
        return [key for key, _ in self.pairs if key.startswith(prefix)]

    def row_of(self, list_name: str, part: str, value: str) -> str:
        """The base (``timeline-3``) of the row whose ``part`` holds ``value``."""
        found = [
            key.removesuffix(f"-{part}")
            for key, held in self.pairs
            if key.startswith(f"{list_name}-") and key.endswith(f"-{part}") and held == value
        ]
        assert found, f"no row of {list_name} with {part} = {value!r}"
        return found[0]

    def encoded(self) -> dict[str, list[str]]:
        """As werkzeug's client takes it; order within a name is kept."""
        found: dict[str, list[str]] = {}
        for name, value in self.pairs:
            found.setdefault(name, []).append(value)
        return found


# Quick, because hundreds of large pages are read: a general parser took a tenth of these tests.
_TAG = re.compile(
    r"<(/?)(form|template|input|select|option|textarea)\b((?:[^>\"]|\"[^\"]*\")*)>", re.IGNORECASE
)
_ATTRIBUTE = re.compile(r"([\w:-]+)(?:=\"([^\"]*)\")?")


class _Reader:
    def __init__(self, form_id: str) -> None:
        self.form_id, self.form, self.inside, self.template = form_id, Form(), False, 0
        self.select: str | None = None
        self.options: list[tuple[str, bool]] = []
        self.area: tuple[str, int] | None = None

    def feed(self, html: str) -> None:
        for tag in _TAG.finditer(html):
            if tag[1]:
                self.handle_endtag(tag[2], html, tag.start())
            else:
                have = {m[1]: unescape(m[2] or "") for m in _ATTRIBUTE.finditer(tag[3])}
                self.handle_starttag(tag[2], have, tag.end())

    def handle_starttag(self, tag: str, have: dict[str, str], end: int) -> None:
        if tag == "form":
            self.inside = have.get("id") == self.form_id or not self.form_id
        if tag == "template":
            self.template += 1
        if not self.inside or self.template:
            return
        if tag == "input":
            self._input(have)
        elif tag == "select":
            self.select, self.options = have.get("name"), []
        elif tag == "option" and self.select:
            self.options.append((have.get("value", ""), "selected" in have))
        elif tag == "textarea":
            self.area = (have["name"], end) if have.get("name") else None

    def _input(self, have: dict[str, str]) -> None:
        kind, name = have.get("type", "text"), have.get("name")
        if not name or (kind in ("checkbox", "radio") and "checked" not in have):
            return
        self.form.pairs.append((name, have.get("value") or ("on" if kind == "checkbox" else "")))

    def handle_endtag(self, tag: str, html: str, start: int) -> None:
        if tag == "form":
            self.inside = False
        if tag == "template":
            self.template -= 1
        if tag == "select" and self.select:
            chosen = [value for value, is_chosen in self.options if is_chosen]
            first = [value for value, _ in self.options][:1]
            for value in (chosen or first)[-1:]:
                self.form.pairs.append((self.select, value))
            self.select = None
        if tag == "textarea" and self.area:
            name, begin = self.area
            self.form.pairs.append((name, unescape(html[begin:start]).removeprefix("\n")))
            self.area = None


def read_form(html: str, form_id: str = "sheet") -> Form:
    """The form of that id; the first form when the id is empty."""
    reader = _Reader(form_id)
    reader.feed(html)
    assert reader.form.pairs, html[:400]
    return reader.form


def open_editor(client: FlaskClient, reference: str) -> Form:
    """The editor's form as it is shown."""
    page = client.get(f"/postmortems/{reference}/edit")
    assert page.status_code == 200, page.get_data(as_text=True)[:400]
    return read_form(page.get_data(as_text=True))


def press(client: FlaskClient, reference: str, form: Form, do: str = "save") -> TestResponse:
    """Send the editor's form with one of its buttons."""
    data = {**form.encoded(), "do": [do]}
    return client.post(f"/postmortems/{reference}/edit", data=data)
