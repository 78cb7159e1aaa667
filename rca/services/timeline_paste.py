"""Paste to timeline: look at proposed rows, take the chosen ones, confirm the whole.

Nothing is kept between looking and taking: the same text gives the same rows, so a row is chosen
by its place. A row's id follows from the postmortem, its minute and its words, so that a second
paste finds what is here already, even after somebody edited it here.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from difflib import SequenceMatcher
from typing import Any

from sqlmodel import Session

from rca.domain.access import Permission, Viewer
from rca.domain.lifecycle import EDITABLE
from rca.domain.postmortem import PostmortemContent, TimelineEntry
from rca.domain.vocabulary import Milestone, Section, TimePrecision, ValueSource
from rca.errors import Invalid, NotNow, Problem
from rca.formats.timeline import NO_TIME, Proposal, Transcript, propose, same_text
from rca.services import authoring, reading
from rca.services.authoring import Saved
from rca.services.permissions import need
from rca.services.roles_only import NameReplacer

MOST_CHARACTERS = 2_000_000
MOST_ROWS = 2_000
NEW, HERE, ALIKE = "new", "here", "alike"
_FROM_A_TOOL = ("slack", "pagerduty", "statuspage", "issue")


@dataclass(frozen=True, slots=True)
class Paste:
    """A text with what a person said about it. ``at`` is when it was first looked at."""

    text: str
    at: datetime
    day: date | None = None
    zone: str = "UTC"
    keep_names: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A proposed row beside what is here: ``state`` is NEW, HERE or ALIKE."""

    place: int
    proposal: Proposal
    id: str
    state: str

    @property
    def take(self) -> bool:
        """Whether it is ticked at first: what is doubtful waits for a person."""
        return self.state == NEW and NO_TIME not in self.proposal.flags


@dataclass(frozen=True, slots=True)
class Look:
    """What a paste would add. ``version`` is the timeline's, for the write that follows."""

    reference: str
    title: str
    rows: tuple[Row, ...]
    source: str
    notes: tuple[str, ...]
    version: int
    answered: frozenset[Milestone]
    day: date | None


def day_of(content: PostmortemContent, now: datetime) -> date:
    """The date that times without one most likely mean: that of the impact, else today."""
    for milestone in (Milestone.IMPACT_STARTED, Milestone.DETECTED):
        found = content.instant(milestone)
        if found:
            return found.date()
    return now.date()


def open_for(session: Session, *, viewer: Viewer, reference: str) -> reading.PostmortemView:
    """The postmortem, when this viewer may edit it now. Raises NotFound, Forbidden, NotNow."""
    need(viewer, Permission.WRITE)
    view = reading.view(session, viewer=viewer, reference=reference, live=True)
    if view.status not in EDITABLE:
        raise NotNow("This postmortem is not open for editing. Start a correction to change it.")
    return view


def look(session: Session, *, viewer: Viewer, reference: str, paste: Paste) -> Look:
    """Proposed rows with what is here already. Raises Invalid, NotFound, Forbidden, NotNow."""
    view = open_for(session, viewer=viewer, reference=reference)
    content = view.content
    transcript = _transcript(content, paste)
    return Look(
        reference=view.reference,
        title=content.title,
        rows=tuple(_beside(view.reference, transcript.rows, content.timeline)),
        source=transcript.source,
        notes=transcript.notes,
        version=view.section_versions[Section.TIMELINE.value],
        answered=frozenset(mark.milestone for mark in content.times),
        day=paste.day,
    )


def _transcript(content: PostmortemContent, paste: Paste) -> Transcript:
    if not paste.text.strip():
        raise Invalid([Problem("text", "Paste a text, or choose a file.")])
    if len(paste.text) > MOST_CHARACTERS:
        message = f"It has {len(paste.text):,} characters; at most {MOST_CHARACTERS:,} are read."
        raise Invalid([Problem("text", f"{message} Paste the part around the incident.")])
    people = {person.name: person.role.label for person in content.participants if person.name}
    try:
        found = propose(
            paste.text,
            day=paste.day,
            zone=paste.zone,
            start=content.instant(Milestone.IMPACT_STARTED),
            now=paste.at,
            people=people,
        )
    except ValueError as error:
        raise Invalid([Problem("zone", str(error))]) from error
    if len(found.rows) > MOST_ROWS:
        message = f"It holds {len(found.rows):,} rows; a timeline holds {MOST_ROWS:,}."
        raise Invalid([Problem("text", f"{message} Paste the part around the incident.")])
    return found if paste.keep_names else _without_names(found, people)


def _without_names(found: Transcript, people: dict[str, str]) -> Transcript:
    """Roles in the texts too, for everybody who speaks in it or takes part in the record."""
    spoken = {row.author.strip("@<>+% "): row.actor_role for row in found.rows if row.author}
    persons = {name: role for name, role in spoken.items() if name and name != role}
    replacer = NameReplacer({**persons, **people}, guess=False)
    rows = [replace(row, text=replacer.text(row.text)) for row in found.rows]
    return replace(found, rows=tuple(rows))


def _beside(
    reference: str, proposals: Sequence[Proposal], here: Sequence[TimelineEntry]
) -> list[Row]:
    ids = {entry.id for entry in here}
    by_minute: dict[datetime | None, list[str]] = {}
    for entry in here:
        by_minute.setdefault(_minute(entry.at), []).append(same_text(entry.text))
    met: dict[str, int] = {}
    rows = []
    for place, proposal in enumerate(proposals):
        met[proposal.key] = met.get(proposal.key, 0) + 1
        key = f"{reference}|{proposal.key}|{met[proposal.key]}"
        row_id = hashlib.sha256(key.encode()).hexdigest()[:32]
        words = same_text(proposal.text)
        near = by_minute.get(_minute(proposal.at), [])
        state = HERE if row_id in ids or words in near else NEW
        if state == NEW and any(_alike(words, other) for other in near):
            state = ALIKE
        rows.append(Row(place, proposal, row_id, state))
    return rows


def _minute(at: datetime | None) -> datetime | None:
    return at.replace(second=0, microsecond=0) if at else None


def _alike(words: str, other: str) -> bool:
    """An edited message keeps most of its words."""
    if not words or not other:
        return False
    matcher = SequenceMatcher(None, words[:400], other[:400], autojunk=False)
    return matcher.quick_ratio() > 0.8 and matcher.ratio() > 0.8


def take(
    session: Session,
    *,
    viewer: Viewer,
    reference: str,
    paste: Paste,
    chosen: Collection[int],
    milestones: Collection[int],
    base_version: int,
    now: datetime,
) -> Saved:
    """Add the chosen rows, unconfirmed, and the milestones that nobody answered yet.

    Raises Conflict when the timeline moved on since the look, and Invalid when nothing is chosen.
    """
    found = look(session, viewer=viewer, reference=reference, paste=paste)
    rows = [row for row in found.rows if row.place in chosen and row.state != HERE]
    if not rows:
        raise Invalid([Problem("rows", "Tick at least one row that is not here yet.")])
    view = open_for(session, viewer=viewer, reference=reference)
    entries = _merged(view.content.timeline, [_entry(row, found.source) for row in rows])
    if len(entries) > MOST_ROWS:
        message = f"The timeline would have {len(entries):,} rows; it holds {MOST_ROWS:,}."
        raise Invalid([Problem("rows", message)])
    saved = authoring.save_section(
        session,
        viewer=viewer,
        reference=reference,
        section=Section.TIMELINE,
        values={"timeline": [entry.model_dump(mode="json") for entry in entries]},
        base_version=base_version,
        now=now,
    )
    marks = [row for row in rows if row.place in milestones and row.proposal.milestone]
    if marks:
        timed = _propose_times(session, viewer, reference, marks, saved, now)
        return replace(timed, redacted=saved.redacted)
    return saved


def _entry(row: Row, source: str) -> TimelineEntry:
    proposal = row.proposal
    known = proposal.at is not None
    return TimelineEntry.model_validate(
        {
            "id": row.id,
            "at": proposal.at,
            "precision": proposal.precision if known else TimePrecision.UNKNOWN,
            "text": proposal.text,
            "kind": proposal.kind,
            "actor_role": proposal.actor_role,
            "key": proposal.star,
            "source": ValueSource.IMPORTED if source in _FROM_A_TOOL else ValueSource.SUGGESTED,
            "source_detail": f"pasted {source}",
            "confirmed": False,
        }
    )


def _merged(here: Sequence[TimelineEntry], added: Sequence[TimelineEntry]) -> list[TimelineEntry]:
    """All rows by time; one without a time stays behind the row that it stood behind."""
    keyed: list[tuple[float, TimelineEntry]] = []
    for rows in (here, added):
        last = float("-inf")
        for entry in rows:
            last = entry.at.timestamp() if entry.at else last
            keyed.append((last, entry))
    return [entry for _at, entry in sorted(keyed, key=lambda pair: pair[0])]


def _propose_times(
    session: Session,
    viewer: Viewer,
    reference: str,
    rows: Sequence[Row],
    saved: Saved,
    now: datetime,
) -> Saved:
    view = open_for(session, viewer=viewer, reference=reference)
    times: list[dict[str, Any]] = [mark.model_dump(mode="json") for mark in view.content.times]
    answered = {mark.milestone for mark in view.content.times}
    for row in rows:
        milestone = row.proposal.milestone
        if milestone is None or milestone in answered:
            continue
        answered.add(milestone)
        times.append(
            {
                "milestone": milestone.value,
                "value": row.proposal.at,
                "precision": row.proposal.precision.value,
                "source": ValueSource.SUGGESTED.value,
                "source_detail": "from the timeline",
                "confirmed": False,
            }
        )
    return authoring.save_section(
        session,
        viewer=viewer,
        reference=reference,
        section=Section.TIMES,
        values={"times": times},
        base_version=saved.section_versions[Section.TIMES.value],
        now=now,
    )


def confirm(
    session: Session, *, viewer: Viewer, reference: str, base_version: int, now: datetime
) -> Saved:
    """A person checked the timeline: every row of it counts from now on. Raises Conflict."""
    view = open_for(session, viewer=viewer, reference=reference)
    entries = [{**entry.model_dump(mode="json"), "confirmed": True}
               for entry in view.content.timeline]  # fmt: skip
    return authoring.save_section(
        session,
        viewer=viewer,
        reference=reference,
        section=Section.TIMELINE,
        values={"timeline": entries},
        base_version=base_version,
        now=now,
    )
