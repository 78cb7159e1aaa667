"""A foreign document in sections: headings, the table that maps them, its key and value lines."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from rca.formats import yaml_text

_ATX = re.compile(r"^ {0,3}(#{1,6})\s+(.+?)\s*#*\s*$")
_BOLD = re.compile(r"^(?:\*\*|__)([^*_\n]{2,80}?)(?:\*\*|__)\s*:?\s*$")
_SETEXT = re.compile(r"^ {0,3}(=+|-+)\s*$")
_FENCE = re.compile(r"^\s*(```+|~~~+)")
_PAIR = re.compile(
    r"^\s*(?:[-*+]\s+|\|\s*)?(?:\*\*|__)?([A-Za-z][\w /()-]{1,30}?)\s*"
    r"(?:(?:\*\*|__)?\s*[:|]\s*(?:\*\*|__)?)\s*(\S.*?)\s*\|?\s*$"
)
_BOLD_LEVEL = 7


@dataclass(slots=True)
class Part:
    """A heading with the lines beneath it. ``level`` 0 is what stands before any heading."""

    level: int
    heading: str
    lines: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The lines, without blank ones around them."""
        return "\n".join(self.lines).strip("\n").rstrip()

    @property
    def whole(self) -> str:
        """The lines with their heading."""
        bold = self.level == _BOLD_LEVEL
        heading = f"**{self.heading}**" if bold else f"{'#' * self.level} {self.heading}"
        return "\n".join([heading, *self.lines]).rstrip()


@cache
def headings() -> Mapping[str, str]:
    """Heading as compared -> what it means here."""
    table = yaml_text.load(Path(__file__).with_name("headings.yaml").read_text(encoding="utf-8"))
    return {name: target for target, names in table.items() for name in names}


def compared(heading: str) -> str:
    """A heading without numbering, marks, emoji and a bracketed remark at its end."""
    bare = re.sub(r"^\s*(?:\d+(?:\.\d+)*[.)]?|[IVX]+\.)\s+", "", heading)
    bare = re.sub(r"\([^)]*\)\s*$", "", bare)
    return " ".join(re.sub(r"[^\w]+", " ", bare.lower().replace("_", " ")).split())


def meaning(heading: str) -> str:
    """What a heading means here, or ""."""
    return headings().get(compared(heading), "")


def parts(text: str) -> list[Part]:
    """The document under its headings; code blocks hide what looks like one."""
    found = [Part(0, "")]
    lines, fence = text.split("\n"), ""
    for number, line in enumerate(lines):
        mark = _FENCE.match(line)
        if mark and (not fence or mark[1].startswith(fence[:3])):
            fence = "" if fence else mark[1]
        elif not fence:
            heading = _heading(line, lines[number + 1] if number + 1 < len(lines) else "")
            if heading:
                found.append(Part(*heading))
                continue
            if _SETEXT.match(line) and found[-1].heading and not found[-1].lines:
                continue
        found[-1].lines.append(line)
    return found


def _heading(line: str, below: str) -> tuple[int, str] | None:
    if match := _ATX.match(line):
        return len(match[1]), _plain(match[2])
    if match := _BOLD.match(line):
        return _BOLD_LEVEL, _plain(match[1])
    under = _SETEXT.match(below)
    if under and line.strip() and not line.lstrip().startswith(("|", "-", ">")) and len(line) < 120:
        return (1 if under[1].startswith("=") else 2), _plain(line.strip())
    return None


def _plain(heading: str) -> str:
    bare = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return " ".join(re.sub(r"[*_`]{1,3}(?=\S)|(?<=\S)[*_`]{1,3}", "", bare).rstrip(":").split())


def pairs(found: list[Part]) -> Iterator[tuple[str, str]]:
    """``Date: 2021-09-01`` and its like, before the first heading that means something."""
    for part in found:
        if part.heading and meaning(part.heading):
            return
        for line in part.lines[:60]:
            match = _PAIR.match(line)
            if match:
                yield match[1].strip(), match[2].strip(" *_|")


def items(text: str) -> list[str]:
    """List items or paragraphs of a section, marks taken off, nested lines kept with theirs."""
    found: list[list[str]] = []
    bullets = bool(re.search(r"^\s*(?:[-*+•]|\d{1,2}[.)])\s+\S", text, re.MULTILINE))
    fence, indent, blank = False, 0, False
    for line in text.split("\n"):
        match = None if fence else re.match(r"^(\s*)(?:[-*+•]|\d{1,2}[.)])\s+(.*)$", line)
        fence = fence != bool(_FENCE.match(line))
        if match and (not found or len(match[1]) <= indent):
            indent = len(match[1])
            found.append([match[2]])
        elif not bullets and not fence and not line.strip():
            found.append([])
        elif bullets and blank and not fence and line.strip() and not line[:1].isspace():
            continue  # a paragraph after the list is no part of its last item
        elif found:
            found[-1].append(line)
        elif line.strip():
            found.append([line])
        blank = not line.strip() or (blank and not match)
    return [joined for item in found if (joined := "\n".join(item).strip())]


def table_rows(text: str) -> list[dict[str, str]]:
    """The rows of the first Markdown table, by compared column name."""
    lines = [line.strip() for line in text.split("\n") if line.strip().startswith("|")]
    if len(lines) < 3 or not re.fullmatch(r"[|\s:-]+", lines[1]):
        return []
    names = [compared(cell) for cell in lines[0].strip("|").split("|")]
    return [
        dict(zip(names, (cell.strip() for cell in line.strip("|").split("|")), strict=False))
        for line in lines[2:]
    ]
