"""HTML to Markdown text: what a person reads, nothing that runs."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Page:
    """The text of a page and what its head says."""

    text: str
    head: dict[str, str] = field(default_factory=dict)


def to_markdown(text: str) -> Page:
    return Page(text)
