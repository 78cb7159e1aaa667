"""When an autosave may stand for the one before it, and what must stay whatever happens."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from rca.domain.access import Viewer
from rca.domain.vocabulary import RevisionKind, Section
from rca.services import authoring, conflicts, reading, revisions
from rca.store import audit
from rca.store import tables as t
from tests.factories import rich
from tests.people import People


@dataclass
class Page:
    """One open editor: what it was filled from, and what it may build on."""

    session: Session
    reference: str
    viewer: Viewer
    base: int
    versions: dict[str, int]

    def types(self, words: str, at: datetime, field: str = "summary") -> conflicts.SectionOutcome:
        """An autosave of one text, as the script sends it."""
        section = Section.HEADER if field == "title" else Section.SUMMARY
        basis = conflicts.basis(
            self.session, viewer=self.viewer, reference=self.reference, revision=self.base
        )
        outcome = conflicts.save_section(
            self.session,
            viewer=self.viewer,
            reference=self.reference,
            section=section,
            base=basis.content,
            values={field: words},
            base_version=self.versions[section.value],
            choices={},
            now=at,
            base_number=self.base,
        )
        if outcome.saved:
            self.base = outcome.saved.revision
            self.versions[section.value] = outcome.version
        return outcome


Open = Callable[[Viewer, datetime], Page]


@pytest.fixture
def open_page(session: Session, people: People, now: datetime) -> Open:
    """A page on one draft of Ines; opening it shows what is stored."""
    made = authoring.create(session, viewer=people.ines, content=rich(), now=now)

    def opened(viewer: Viewer, at: datetime) -> Page:
        view = reading.shown(session, viewer=viewer, reference=made.reference, now=at, live=True)
        newest = next(r.number for r in view.revisions if r.kind is not RevisionKind.CONFLICT)
        return Page(session, made.reference, viewer, newest, dict(view.section_versions))

    return opened


def _kept(session: Session) -> list[tuple[int, str, int]]:
    query = select(t.Revision).order_by(col(t.Revision.number))
    return [
        (row.number, str(row.content["summary"])[-12:], row.saves) for row in session.exec(query)
    ]


def test_typing_for_minutes_is_one_text(
    session: Session, people: People, open_page: Open, now: datetime
) -> None:
    page = open_page(people.ines, now)
    for second in range(0, 200, 20):
        page.types(f"{second:03} seconds", now + timedelta(seconds=second))
    numbers = _kept(session)
    assert [(words, saves) for _, words, saves in numbers[1:]] == [("180 seconds", 10)]
    assert numbers[-1][0] == 11, "numbers are never used twice"


def test_a_sitting_is_one_row_of_the_audit_trail(
    session: Session, people: People, open_page: Open, now: datetime
) -> None:
    page = open_page(people.ines, now)
    for second in range(0, 100, 20):
        page.types(f"{second:03} seconds", now + timedelta(seconds=second))
    page.types("a title", now + timedelta(seconds=100), "title")
    page.types("anew", now + timedelta(minutes=9))
    query = select(t.AuditEvent).where(t.AuditEvent.action == "postmortem.edit")
    edits = session.exec(query.order_by(col(t.AuditEvent.seq))).all()
    assert [row.detail["section"] for row in edits] == ["summary", "header", "summary"]
    assert {row.actor for row in edits} == {people.ines.name}
    assert audit.first_broken(session) is None


def test_a_long_sitting_keeps_a_text_every_five_minutes(
    session: Session, people: People, open_page: Open, now: datetime
) -> None:
    page = open_page(people.ines, now)
    for minute in range(12):
        page.types(f"minute {minute:02}", now + timedelta(minutes=minute))
    assert [words for _, words, _ in _kept(session)[1:]] == ["minute 04", "minute 09", "minute 11"]


def test_what_somebody_was_shown_stays(
    session: Session, people: People, open_page: Open, now: datetime
) -> None:
    page = open_page(people.ines, now)
    page.types("seen words", now)
    open_page(people.vera, now)
    page.types("later words", now + timedelta(seconds=2))
    page.types("last words", now + timedelta(seconds=4))
    assert [words for _, words, _ in _kept(session)[1:]] == ["seen words", "last words"]


def test_another_person_or_section_is_not_written_over(
    session: Session, people: People, open_page: Open, now: datetime
) -> None:
    ines, otto = open_page(people.ines, now), open_page(people.otto, now)
    ines.types("from Ines", now)
    otto.types("a title", now + timedelta(seconds=1), "title")
    ines.types("Ines again", now + timedelta(seconds=2))
    assert [words for _, words, _ in _kept(session)[1:]] == ["from Ines", "from Ines", "Ines again"]


def test_both_texts_of_a_clash_stay(
    session: Session, people: People, open_page: Open, now: datetime
) -> None:
    ines, otto = open_page(people.ines, now), open_page(people.otto, now)
    otto.types("Otto wrote", now)
    outcome = ines.types("Ines wrote", now + timedelta(seconds=1))
    assert outcome.saved is None
    otto.types("Otto went on", now + timedelta(seconds=2))
    assert {"Otto wrote", "Otto went on"} <= {words for _, words, _ in _kept(session)}


def test_buttons_and_decisions_are_never_replaced(
    session: Session, people: People, open_page: Open, now: datetime
) -> None:
    page = open_page(people.ines, now)
    page.types("typed", now)
    view = reading.view(session, viewer=people.ines, reference=page.reference, live=True)
    authoring.submit(
        session, viewer=people.ines, reference=page.reference, base_version=view.version, now=now
    )
    page.types("after it", now + timedelta(seconds=1))
    assert [words for _, words, _ in _kept(session)[1:]] == ["typed", "typed", "after it"]


def test_an_answer_that_was_lost_merges_over_an_older_text(
    session: Session, people: People, open_page: Open, now: datetime
) -> None:
    """The page still names a text that its own lost save replaced. Nobody's words may go."""
    ines = open_page(people.ines, now)
    ines.types("first words", now)
    gone = ines.base
    lost = dict(ines.versions)
    ines.types("second words", now + timedelta(seconds=1))
    otto = open_page(people.otto, now + timedelta(seconds=2))
    otto.types("words of Otto", now + timedelta(seconds=3))
    ines.base, ines.versions = gone, lost
    outcome = ines.types("second words and more", now + timedelta(seconds=4))
    assert outcome.saved is None, "Otto's words would have been overwritten without a question"
    assert outcome.content.summary == "words of Otto"


def test_a_second_tab_does_not_write_over_what_the_first_builds_on(
    session: Session, people: People, open_page: Open, now: datetime
) -> None:
    one, two = open_page(people.ines, now), open_page(people.ines, now)
    one.types("first tab", now + timedelta(seconds=1))
    two.versions, two.base = dict(one.versions), two.base
    two.types("second tab", now + timedelta(seconds=2))
    assert [words for _, words, _ in _kept(session)[1:]] == ["first tab", "second tab"]


def test_words_typed_while_a_question_stands_open_stay_in_the_history(
    session: Session, people: People, open_page: Open, now: datetime
) -> None:
    ines, otto = open_page(people.ines, now), open_page(people.otto, now)
    otto.types("Otto wrote", now)
    asked = ines.types("Ines wrote", now + timedelta(seconds=1))
    conflicts.save_section(
        session,
        viewer=people.ines,
        reference=ines.reference,
        section=Section.SUMMARY,
        base=conflicts.basis(
            session, viewer=people.ines, reference=ines.reference, revision=ines.base
        ).content,
        values={"summary": "Ines wrote on"},
        base_version=asked.version,
        choices={"summary": "theirs"},
        now=now + timedelta(seconds=2),
        base_number=ines.base,
    )
    texts = {row.content["summary"]: row.kind for row in session.exec(select(t.Revision))}
    assert texts["Ines wrote on"] == RevisionKind.CONFLICT.value


def test_the_planted_fault_is_seen(
    session: Session,
    people: People,
    open_page: Open,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without pins, a text that somebody read would be gone."""
    monkeypatch.setattr(revisions, "pin", lambda *_, **__: None)
    page = open_page(people.ines, now)
    page.types("seen words", now)
    open_page(people.vera, now)
    page.types("last words", now + timedelta(seconds=2))
    assert "seen words" not in [words for _, words, _ in _kept(session)]
