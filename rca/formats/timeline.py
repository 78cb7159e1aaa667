"""Pasted text or an export to proposed timeline rows.

``propose`` never raises for what a text may hold. It reads chats (copied or logged), notes with
times, pager logs and issue threads, and the JSON that their tools export. What it could not be
sure of is flagged, never silently decided; nothing here is stored.
"""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from rca.domain.vocabulary import Milestone, TimelineKind, TimePrecision
from rca.formats import timeline_json, timeline_text
from rca.formats.timeline_order import (
    AMBIGUOUS,
    EDITED,
    NO_TIME,
    OUT_OF_ORDER,
    Clockwork,
    looks_month_first,
    on_twelve_hours,
    zone_of,
)
from rca.formats.timeline_text import Message
from rca.formats.timeline_words import guess_kind, guess_milestone, role_of

__all__ = ["AMBIGUOUS", "EDITED", "FLAGS", "NO_TIME", "OUT_OF_ORDER", "Proposal", "Transcript",
           "propose", "same_text"]  # fmt: skip

FLAGS = {
    AMBIGUOUS: "Check the time",
    OUT_OF_ORDER: "Earlier than the row before",
    NO_TIME: "No time",
    EDITED: "Edited there",
}
MOST_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class Proposal:
    """One proposed row. ``key`` stays the same for the same time and words, paste after paste."""

    line: int
    at: datetime | None
    precision: TimePrecision
    text: str
    actor_role: str
    source: str
    kind: TimelineKind
    flags: tuple[str, ...] = ()
    why: str = ""
    milestone: Milestone | None = None
    author: str = ""
    key: str = ""

    @property
    def star(self) -> bool:
        """Whether it looks like a moment that matters."""
        return self.milestone is not None


@dataclass(frozen=True, slots=True)
class Transcript:
    """All rows of one paste, in the order written, and what kind of text it was taken for."""

    rows: tuple[Proposal, ...]
    source: str
    notes: tuple[str, ...] = field(default=())


def propose(
    text: str,
    *,
    day: date | None,
    zone: str = "UTC",
    start: datetime | None = None,
    now: datetime | None = None,
    people: Mapping[str, str] | None = None,
) -> Transcript:
    """Rows of ``text``.

    ``day`` is the date of times that come without one; ``zone`` the IANA name of times that
    come without one; ``start`` what "T+15" counts from; ``now`` what "2 hours ago" counts from;
    ``people`` maps names to roles. Raises ValueError for an unknown zone only.
    """
    clock = Clockwork(zone_of(zone), day, start=start, now=now)
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").lstrip("\ufeff")
    source, messages, notes = _messages(text)
    if len(messages) > MOST_ROWS:
        notes = (*notes, f"Only the first {MOST_ROWS:,} of {len(messages):,} rows were read.")
        messages = messages[:MOST_ROWS]
    stamps = [message.stamp for message in messages if message.stamp]
    clock.month_first = looks_month_first(stamps)
    clock.twelve_hours = on_twelve_hours(stamps)
    roles = _Roles(people or {})
    rows = [_row(message, clock, roles, source) for message in messages]
    return Transcript(tuple(_with_milestones(rows)), source, notes)


def _messages(text: str) -> tuple[str, Sequence[Message], tuple[str, ...]]:
    if text.lstrip()[:1] in ("{", "["):
        found = timeline_json.messages(text)
        if found is not None:
            return found
    source, messages = timeline_text.messages(text)
    return source, messages, ()


class _Roles:
    """Names to roles. People whom nobody named a role for are Responder A, B, C as they appear."""

    def __init__(self, people: Mapping[str, str]) -> None:
        self.known = {name.casefold(): role for name, role in people.items() if name and role}
        for name, role in people.items():
            first = name.split()[0].casefold() if name.split() else ""
            self.known.setdefault(first, role)
        self.met: dict[str, str] = {}
        self.told: dict[str, str] = {}

    def of(self, author: str) -> str:
        """The role of a name as it was written."""
        if author and author not in self.told:
            self.told[author] = self._role(author)
        return self.told.get(author, "")

    def _role(self, author: str) -> str:
        bare = author.strip("@<>+% ").casefold()
        role = self.known.get(bare) or role_of(author)
        if role:
            return role[:240]
        if bare not in self.met:
            self.met[bare] = f"Responder {_letters(len(self.met))}"
        return self.met[bare]


def _letters(number: int) -> str:
    """0 is A, 25 is Z, 26 is AA."""
    head, tail = divmod(number, 26)
    return (_letters(head - 1) if head else "") + chr(ord("A") + tail)


def _row(message: Message, clock: Clockwork, roles: _Roles, source: str) -> Proposal:
    if message.day is not None:
        clock.set_day(message.day)
    placed = clock.known(message.instant) if message.instant else clock.place(message.stamp)
    at, flags = placed.at, placed.flags
    if message.edited:
        flags = (*flags, EDITED)
    text = message.text
    if at is None and message.stamp is not None:
        text = f"{message.stamp.written} {text}".strip()
    return Proposal(
        line=message.line,
        at=at,
        precision=placed.precision,
        text=text,
        actor_role=roles.of(message.author),
        source=message.source or source,
        kind=guess_kind(text),
        flags=flags,
        why=placed.why,
        author=message.author,
        key=_key(at, message.text),
    )


def _with_milestones(rows: Iterable[Proposal]) -> list[Proposal]:
    """The first row that reads like a milestone proposes it; for recovery it is the last."""
    rows = list(rows)
    found: dict[Milestone, int] = {}
    for place, row in enumerate(rows):
        milestone = guess_milestone(row.text) if row.at else None
        if milestone is None:
            continue
        if milestone is Milestone.RESOLVED or milestone not in found:
            found[milestone] = place
    for milestone, place in found.items():
        rows[place] = replace(rows[place], milestone=milestone)
    return rows


_MARK = re.compile(r"[^\w\s]")


def same_text(text: str) -> str:
    """What two texts have in common when they are the same message copied twice."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    plain = plain.casefold().removesuffix("(edited)")
    return " ".join(_MARK.sub(" ", plain).split()) or " ".join(plain.split())


def _key(at: datetime | None, text: str) -> str:
    moment = at.astimezone(UTC).isoformat()[:16] if at else ""
    return hashlib.sha256(f"{moment}|{same_text(text)}".encode(errors="replace")).hexdigest()[:32]


def flag_counts(transcript: Transcript) -> Counter[str]:
    """How many rows carry each flag."""
    return Counter(flag for row in transcript.rows for flag in row.flags)
