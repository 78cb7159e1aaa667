"""The YAML head of a Markdown file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rca.formats import yaml_text
from rca.formats.rows import Refusal

_MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class Headed:
    """A file parted into its head and its body. ``body_line`` is where the body begins."""

    values: Mapping[str, Any]
    body: str
    body_line: int
    found: bool


class BadHead(ValueError):
    """The head can't be read."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal


def part(text: str) -> Headed:
    """Head and body of ``text``. Raises BadHead when there is a head that can't be read."""
    first, newline, rest = text.partition("\n")
    if first.rstrip() != "---" or not newline:
        return Headed({}, text, 1, found=False)
    lines = rest.split("\n")
    end = next((n for n, line in enumerate(lines) if line.rstrip() in ("---", "...")), None)
    if end is None:
        return Headed({}, text, 1, found=False)
    values = _read("\n".join(lines[:end]))
    if values is None:
        return Headed({}, text, 1, found=False)
    return Headed(values, "\n".join(lines[end + 1 :]), end + 3, found=True)


def _read(head: str) -> Mapping[str, Any] | None:
    """Names and values, or None when it is prose between two rules and no head at all."""
    if len(head) > _MOST:
        raise BadHead(Refusal(1, "(front matter)", "is longer than one million characters"))
    try:
        value = yaml_text.load(head)
    except yaml_text.YamlProblem as error:
        raise BadHead(Refusal(error.line + 1, "(front matter)", str(error))) from error
    if value is None:
        return {}
    return value if isinstance(value, Mapping) else None
