"""Text to messages: who wrote what under which stamp. Shapes are told line by line."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from rca.formats.timeline_clock import Day, Stamp, day_line, leading, trailing
from rca.formats.timeline_words import is_no_name


@dataclass(slots=True)
class Message:
    """One message as written. ``stamp`` or ``instant`` says when, if anything does."""

    line: int
    text: str
    stamp: Stamp | None = None
    author: str = ""
    instant: datetime | None = None
    day: Day | None = None
    edited: bool = False
    source: str = ""


@dataclass(slots=True)
class _Open:
    """A message that still grows. ``bullet`` is the indent of its list mark, or -1."""

    message: Message
    lines: list[str] = field(default_factory=list)
    bullet: int = -1
    fence: str = ""
    header: bool = False


_NOISE = re.compile(
    r"^\s*(?::[\w+'-]{2,40}:(?:\s*\d{1,4})?|\d{1,3}\s+repl(?:y|ies)"
    r"|view (?:newer )?(?:thread|replies)"
    r"|last reply .{0,40}|show (?:more|less)|new(?: messages)?|pinned by .{0,60}|added by .{0,60}"
    r"|also sent to the channel|replied to a thread:?.{0,80}|thread|\d{1,3} new messages?"
    r"|was added to #?\S+ by .{0,60}|(?:joined|left) #\S+\.?"
    r"|set the channel (?:topic|description).{0,200}"
    r"|\|?[\s|:+-]{3,}\|?)\s*$",
    re.IGNORECASE,
)
_REACTION = re.compile(r"^\s*:[\w+'-]{2,40}:\s*$")
_COUNT = re.compile(r"^\s*\d{1,3}\s*$")
_BULLET = re.compile(r"^(\s*)(?:[-*+•‣]|\d{1,2}[.)])\s+")
_EDITED = re.compile(r"\s*\((?:edited|bearbeitet|modifié)\)\s*$", re.IGNORECASE)
_FENCE = re.compile(r"^\s*(```+|~~~+)")
_NICK = re.compile(r"^<[@+%&~ ]?([^<>\n]{1,40})>\s?(.*)$", re.DOTALL)
_ACTION = re.compile(r"^\*\s+(\S{1,40})\s+(.*)$", re.DOTALL)
_IRC_SYSTEM = re.compile(r"^(?:-!-|-->|<--|\*\*\*|—!—)\s")
_PIPE_NICK = re.compile(r"^[@+ ]?([\w\[\]`^{}-]{2,20})\s[|│]\s(.*)$", re.DOTALL)
_COLON = re.compile(
    r"^[-–—]?\s?\(?([^\W\d_][\w.'’ -]{0,38}?(?:\s\([\w ,/-]{1,30}\))?)\)?:(?:\s+|$)(.*)$", re.DOTALL
)
_VERBS = re.compile(
    r"\s+(?:commented|opened|closed|reopened|wrote|said|replied|posted|created|reported)"
    r"(?:\s+(?:this(?: issue)?|on|at|an? (?:comment|issue)))?\s*:?$",
    re.IGNORECASE,
)
_NAME_WORDS = re.compile(r"^[^\W\d_][\w.'’-]*(?: [^\W_][\w.'’()-]*){0,4}$")
_APP = re.compile(r"\s*\b(?:APP|BOT|WORKFLOW)$")
_TABLE_WHO = re.compile(r"^(?:who|actor|role|person|by|author|owner|name)(?: \(\w+\))?$", re.I)
_TABLE_WHEN = re.compile(r"^(?:time|when|date|timestamp|utc)\b.*$", re.I)


def messages(text: str) -> tuple[str, Sequence[Message]]:
    """(what kind of text it looks like, its messages in order)."""
    reader = _Reader(text.split("\n"))
    reader.read()
    found = [item for item in reader.done if item.text or item.stamp]
    _find_authors(found)
    return reader.shape(), found


class _Reader:
    """Goes down the lines; at any time one message is open, or none."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.done: list[Message] = []
        self.open: _Open | None = None
        self.day: Day | None = None
        self.names: set[str] = set()
        self.shapes: Counter[str] = Counter()
        self.columns: list[str] = []
        self.fences_left = sum(bool(_FENCE.match(line)) for line in lines)
        self.skip_count = False

    def shape(self) -> str:
        """What most messages looked like."""
        return self.shapes.most_common(1)[0][0] if self.shapes else "notes"

    def read(self) -> None:
        """All lines."""
        for number, line in enumerate(self.lines, start=1):
            self._line(number, line.rstrip())
        self._close()

    def _line(self, number: int, line: str) -> None:
        if self.open and (self.open.fence or _FENCE.match(line)) and self._fenced(line):
            return
        if not line.strip():
            if self.open:
                self.open.lines.append("")
            return
        if self._noise(line):
            return
        day = day_line(line)
        if day is not None and (found := leading(line)) is not None and found[1]:
            day = None
        if day is not None:
            self._close()
            self.day, self.open = day, None
            return
        if line.lstrip().startswith("|") and self._table_head(line):
            return
        if self._stamped(number, line) or self._headed(number, line):
            return
        self._continued(number, line)

    def _fenced(self, line: str) -> bool:
        """Whether the line belongs to a code block; an opening without an end is plain text."""
        assert self.open is not None
        mark = _FENCE.match(line)
        if self.open.fence:
            if mark and mark[1].startswith(self.open.fence[:3]):
                self.open.fence = ""
                self.fences_left -= 1
            self.open.lines.append(line)
            return True
        assert mark is not None
        closes_itself = line.strip().count("```") > 1 and line.rstrip().endswith("```")
        if self.fences_left < 2 and not closes_itself:
            return False
        self.fences_left -= 1
        if not closes_itself:
            self.open.fence = mark[1]
        self.open.lines.append(line)
        return True

    def _noise(self, line: str) -> bool:
        """Reactions, reply counts and the like, which chats copy along."""
        if self.skip_count and _COUNT.match(line):
            self.skip_count = False
            return True
        self.skip_count = bool(_REACTION.match(line))
        return bool(_NOISE.match(line)) and (self.open is not None or "|" in line)

    def _table_head(self, line: str) -> bool:
        cells = _cells(line)
        if any(_TABLE_WHEN.match(cell) for cell in cells) and leading(line) is None:
            self.columns = cells
            return True
        return False

    def _stamped(self, number: int, line: str) -> bool:
        found = leading(line)
        if found is None:
            return False
        stamp, rest = found
        if stamp.after_last is not None and not rest:
            return False
        if line.lstrip().startswith("|"):
            self._table_row(number, stamp, rest)
            return True
        if not rest and not stamp.after_start:
            self._bare_time(number, stamp)
            return True
        if stamp.bracketed and self._is_name(rest) and self._next_is_text(number):
            self._start(number, stamp, rest, "chat", header=True)
            return True
        bullet = _BULLET.match(line)
        self._start(number, stamp, "", _shape_of(stamp, rest))
        assert self.open is not None
        self.open.bullet = len(bullet[1]) if bullet else -1
        self.open.lines.append(rest)
        return True

    def _bare_time(self, number: int, stamp: Stamp) -> None:
        """A time alone: under a name it heads a message, else the same author goes on."""
        author = self.open.message.author if self.open else ""
        if self.open:
            name = next((line for line in reversed(self.open.lines) if line.strip()), "")
            if self._is_name(name.strip()):
                author = self._take_back(name)
        self._start(number, stamp, author, "slack", header=True)

    def _take_back(self, name: str) -> str:
        """The last line of the open message was the next author's name."""
        assert self.open is not None
        while self.open.lines and not self.open.lines[-1].strip():
            self.open.lines.pop()
        self.open.lines.pop()
        return name.strip()

    def _headed(self, number: int, line: str) -> bool:
        """``Ana Souza  9:12 AM`` above its text."""
        found = trailing(line)
        if found is None or not self._next_is_text(number):
            return False
        name, gap, stamp = found
        name = _APP.sub("", name)
        said = _VERBS.sub("", name)
        clear = said != name or gap.strip() in ("[", "(", "—", "–", "·", "|") or len(gap) > 1
        clear = clear and gap.strip() != "-"
        if not self._is_name(said) or _ends_open(said):
            return False
        if not (clear or said in self.names or (stamp.half and said.count(" ") in (1, 2))):
            return False
        self._start(number, stamp, said, "issue" if said != name else "slack", header=True)
        assert self.open is not None
        self.open.message.edited = line.endswith("(edited)")
        return True

    def _is_name(self, text: str) -> bool:
        if text in self.names:
            return True
        words = text.split()
        if not words or len(text) > 50 or not _NAME_WORDS.match(text):
            return False
        if len(words) == 1:
            return not is_no_name(words[0])
        return all(
            word[:1].isupper()
            or word in ("de", "van", "von", "der", "da", "del")
            or word.startswith("(")
            for word in words
        )

    def _next_is_text(self, number: int) -> bool:
        """Whether one of the next two lines is a text of its own, without a stamp."""
        for line in self.lines[number : number + 2]:
            if line.strip():
                return leading(line) is None or leading(line)[1] == ""  # type: ignore[index]
        return False

    def _start(
        self, number: int, stamp: Stamp | None, author: str, shape: str, *, header: bool = False
    ) -> None:
        self._close()
        if author:
            self.names.add(author)
        message = Message(number, "", stamp, author, day=self.day)
        self.day = None
        self.open = _Open(message, header=header)
        self.shapes[shape] += 1

    def _table_row(self, number: int, stamp: Stamp, rest: str) -> None:
        self._start(number, stamp, "", "table")
        assert self.open is not None
        cells = _cells(rest)
        columns = self.columns[-len(cells) :] if len(self.columns) > len(cells) else []
        texts = []
        for place, cell in enumerate(cells):
            column = columns[place] if place < len(columns) else ""
            if _TABLE_WHO.match(column):
                self.open.message.author = cell
            elif cell:
                texts.append(cell)
        self.open.lines.append(" – ".join(texts))

    def _continued(self, number: int, line: str) -> None:
        bullet = _BULLET.match(line)
        if self.open is None:
            if line.lstrip().startswith("#"):
                return
            self._untimed(number, line, bullet)
        elif bullet and self.open.bullet >= 0 and len(bullet[1]) <= self.open.bullet:
            self._untimed(number, line, bullet)
        elif line.startswith("#") and self.shapes.keys() <= {"notes", "table"}:
            self._close()
        else:
            self.open.lines.append(line)

    def _untimed(self, number: int, line: str, bullet: re.Match[str] | None) -> None:
        """A row of notes without a time of its own."""
        self._start(number, None, "", "notes")
        assert self.open is not None
        self.open.bullet = len(bullet[1]) if bullet else -1
        self.open.lines.append(line[bullet.end() :] if bullet else line)

    def _close(self) -> None:
        if self.open is None:
            return
        message, lines = self.open.message, self.open.lines
        self.open = None
        text = "\n".join(_outdented(lines)).strip("\n")
        edited = 0
        if text.rstrip().endswith(")"):
            text, edited = _EDITED.subn("", text)
        message.text, message.edited = text.strip(), message.edited or bool(edited)
        if message.stamp and message.stamp.until and message.text:
            message.text += f" (until {message.stamp.until})"
        self.done.append(message)


def _ends_open(name: str) -> bool:
    """``Rolled back at`` is a sentence that a time completes, no name."""
    return name.split()[-1].lower() in (
        "at",
        "by",
        "until",
        "from",
        "since",
        "on",
        "around",
        "till",
    )


def _outdented(lines: list[str]) -> list[str]:
    """Lines without the indent that all but the first share; code keeps its own."""
    if len(lines) == 1:
        return [lines[0].lstrip()]
    rest = [line for line in lines[1:] if line.strip()]
    shared = min((len(line) - len(line.lstrip()) for line in rest), default=0)
    return [line[shared:] if place else line.lstrip() for place, line in enumerate(lines)]


def _cells(line: str) -> list[str]:
    return [cell.strip(" *_`") for cell in line.strip().strip("|").split("|")]


def _shape_of(stamp: Stamp, rest: str) -> str:
    if _NICK.match(rest) or _ACTION.match(rest) or _IRC_SYSTEM.match(rest):
        return "irc"
    return "chat" if stamp.bracketed else "notes"


def _find_authors(found: Sequence[Message]) -> None:
    """Names before a colon count where the shape, their look or their repetition says so."""
    colons = [None if item.author else _COLON.match(item.text) for item in found]
    counts = Counter(match[1] for match in colons if match)
    known: dict[tuple[str, bool, bool], bool] = {}
    for item, colon in zip(found, colons, strict=True):
        if item.author or item.stamp is None:
            continue
        nick = _nick(item.text)
        if nick and not _IRC_SYSTEM.match(item.text):
            item.author, item.text = nick[1].strip(), nick[2].strip()
        elif colon and _is_author(colon[1], counts[colon[1]], item.stamp, known):
            item.author, item.text = colon[1].strip(), colon[2].strip()


def _nick(text: str) -> re.Match[str] | None:
    """Who speaks, in the manners of relay chat; a look at one character spares most rows."""
    if text[:1] == "<":
        return _NICK.match(text)
    if text[:1] == "*":
        return _ACTION.match(text)
    return _PIPE_NICK.match(text) if "|" in text or "│" in text else None


def _is_author(
    name: str, times: int, stamp: Stamp, known: dict[tuple[str, bool, bool], bool]
) -> bool:
    """Whether the words before a colon name somebody; the same words are judged once."""
    key = (name, stamp.bracketed, stamp.day is not None)
    if key not in known:
        known[key] = _looks_like_author(name, times, stamp)
    return known[key]


def _looks_like_author(name: str, times: int, stamp: Stamp) -> bool:
    words = name.split()
    if len(words) > 4 or is_no_name(words[0]) or is_no_name(name):
        return False
    capital = all(word[:1].isupper() or word.startswith("(") for word in words)
    if stamp.bracketed or (stamp.day is not None and capital):
        return len(words) == 1 or capital
    return times > 1 and (capital or len(words) == 1)
