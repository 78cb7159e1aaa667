"""HTML to Markdown text: what a person reads, nothing that runs.

The result is text like any other that comes in; whoever shows it escapes and cleans it again.
"""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

_SILENT = frozenset(
    ("script", "style", "noscript", "template", "svg", "math", "iframe", "object", "embed",
     "canvas", "audio", "video", "select", "button", "nav", "form", "textarea")
)  # fmt: skip
_BLOCKS = frozenset(
    ("p", "div", "section", "article", "main", "header", "footer", "aside", "address", "figure",
     "figcaption", "dl", "dt", "dd", "details", "summary", "center", "fieldset", "table", "tbody",
     "thead", "tfoot", "hr", "body", "html")
)  # fmt: skip
_HEADINGS = {f"h{level}": "#" * level for level in range(1, 7)}
_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track",
     "wbr")
)  # fmt: skip
_MOST_INDENT = 6


@dataclass(frozen=True, slots=True)
class Page:
    """The text of a page and what its head says."""

    text: str
    head: dict[str, str] = field(default_factory=dict)


def to_markdown(html: str) -> Page:
    """The readable text of ``html``. Never raises; broken markup is read as far as it goes."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    text = re.sub(r"[ \t]+\n", "\n", "".join(reader.out))
    text = re.sub(r"\n{3,}", "\n\n", text).strip("\n")
    title = " ".join("".join(reader.title).split())
    head = {} if re.search(r"^# \S", text, re.MULTILINE) or not title else {"title": title}
    return Page(text, head)


class _Reader(HTMLParser):
    """Writes Markdown as the tags go by."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self.title: list[str] = []
        self.silent = 0
        self.silent_tag = ""
        self.in_title = False
        self.lists: list[list[int]] = []
        self.pre = 0
        self.cells: list[str] | None = None
        self.rows = 0
        self.href: list[str] = []
        self.quote = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a block, a list, a cell; or go silent."""
        if self.silent:
            self.silent += tag == self.silent_tag and tag not in _VOID
            return
        if tag in _SILENT:
            self.silent, self.silent_tag = 1, tag
            return
        values = {name: value or "" for name, value in attrs}
        self._open(tag, values)

    def _open(self, tag: str, values: dict[str, str]) -> None:
        if tag == "title":
            self.in_title = True
        elif tag in _HEADINGS:
            self._break(2)
            self._write(_HEADINGS[tag] + " ")
        elif tag in ("ul", "ol"):
            self._break(1 if self.lists else 2)
            self.lists.append([0 if tag == "ul" else 1])
        elif tag == "li":
            self._item()
        elif tag == "pre":
            self._break(2)
            self._write("```\n")
            self.pre += 1
        elif tag == "tr":
            self._break(1)
            self.cells = []
        elif tag in ("td", "th") and self.cells is not None:
            self.cells.append("")
        elif tag == "br":
            self._write(" " if self.cells is not None else "\n")
        elif tag == "blockquote":
            self._break(2)
            self.quote += 1
        else:
            self._inline(tag, values)

    def _inline(self, tag: str, values: dict[str, str]) -> None:
        if tag in ("b", "strong"):
            self._write("**")
        elif tag == "code" and not self.pre:
            self._write("`")
        elif tag == "a":
            self.href.append(values.get("href", ""))
            self._write("[")
        elif tag == "img" and values.get("alt"):
            self._write(f"({values['alt']})")
        elif tag == "input" and values.get("type") == "checkbox":
            self._write("[x] " if "checked" in values else "[ ] ")
        elif tag in _BLOCKS:
            if tag == "table":
                self.rows = 0
            if not (tag in ("p", "div") and self.lists and self._line_is_open()):
                self._break(2)

    def _item(self) -> None:
        self._break(1)
        depth = min(max(len(self.lists) - 1, 0), _MOST_INDENT)
        counter = self.lists[-1] if self.lists else [0]
        mark = f"{counter[0]}." if counter[0] else "-"
        counter[0] += bool(counter[0])
        self._write(f"{'  ' * depth}{mark} ")

    def handle_endtag(self, tag: str) -> None:
        """Close what was opened."""
        if self.silent:
            self.silent -= tag == self.silent_tag
            return
        if tag == "title":
            self.in_title = False
        elif tag in ("ul", "ol"):
            if self.lists:
                self.lists.pop()
            self._break(1 if self.lists else 2)
        elif tag == "pre" and self.pre:
            self.pre -= 1
            self._break(1)
            self._write("```")
            self._break(2)
        elif tag == "tr" and self.cells is not None:
            self._row()
        elif tag in _HEADINGS or tag in _BLOCKS:
            self._break(1 if self.lists else 2)
        else:
            self._end_inline(tag)

    def _end_inline(self, tag: str) -> None:
        if tag in ("b", "strong"):
            self._write("**")
        elif tag == "code" and not self.pre:
            self._write("`")
        elif tag == "blockquote":
            self.quote = max(self.quote - 1, 0)
            self._break(2)
        elif tag == "a" and self.href:
            target = self.href.pop()
            safe = re.fullmatch(r"https?://[^\s()<>]+", target)
            self._write(f"]({target})" if safe else "]")

    def _row(self) -> None:
        cells, self.cells = self.cells or [], None
        self._write("| " + " | ".join(" ".join(cell.split()) for cell in cells) + " |\n")
        self.rows += 1
        if self.rows == 1:
            self._write("|" + " --- |" * len(cells) + "\n")

    def handle_data(self, data: str) -> None:
        """Text: as it is in code, with its spaces drawn together elsewhere."""
        if self.silent:
            return
        if self.in_title:
            self.title.append(data)
            return
        if self.pre:
            self._write(data)
            return
        text = re.sub(r"\s+", " ", data)
        if not self._line_is_open():
            text = text.lstrip()
        if text:
            self._write(text)

    def _line_is_open(self) -> bool:
        if self.cells is not None:
            return bool(self.cells and self.cells[-1])
        return bool(self.out) and not self.out[-1].endswith("\n")

    def _write(self, text: str) -> None:
        if self.cells is not None:
            if self.cells:
                self.cells[-1] += text.replace("|", "\\|")
            return
        if self.quote and not self._line_is_open() and text.strip():
            text = "> " * min(self.quote, 3) + text
        self.out.append(text)

    def _break(self, lines: int) -> None:
        if self.cells is not None:
            self._write(" ")
            return
        tail = "".join(self.out[-3:])
        have = len(tail) - len(tail.rstrip("\n"))
        if self.out and have < lines:
            self.out.append("\n" * (lines - have))
