"""The first page: what waits, what is open, what recurs, what is known of AI influence."""

from datetime import timedelta

from flask import Flask
from sqlmodel import Session

from rca.domain.access import Viewer
from rca.domain.postmortem import PostmortemContent
from rca.services import authoring
from rca.services.dashboard import dashboard
from rca.store.engine import writing
from tests.conftest import NOW
from tests.factories import rich, rich_data
from tests.people import People
from tests.web.conftest import people_of, sign_in


def _on(day: str, **changes: object) -> PostmortemContent:
    marks = [
        {"milestone": "impact_started_at", "value": f"{day} 09:00"},
        {"milestone": "detected_at", "value": f"{day} 09:10"},
        {"milestone": "mitigated_at", "value": f"{day} 10:00"},
    ]
    return PostmortemContent.model_validate({**rich_data(), "times": marks, **changes})


def _published(session: Session, people: People, content: PostmortemContent) -> str:
    saved = authoring.create(session, viewer=people.ines, content=content, now=NOW)
    for step, viewer in (
        (authoring.submit, people.ines),
        (authoring.approve, people.ravi),
        (authoring.publish, people.ravi),
    ):
        saved = step(
            session, viewer=viewer, reference=saved.reference, base_version=saved.version, now=NOW
        )
    return saved.reference


def test_a_fresh_instance_says_how_to_begin(app: Flask) -> None:
    people = people_of(app)
    page = sign_in(app, people.ines).get("/").text
    assert "Nothing has been written yet" in page
    assert "Write the first postmortem" in page
    assert "Write the first postmortem" not in sign_in(app, people.vera).get("/").text


def test_before_anything_is_published(app: Flask) -> None:
    people = people_of(app)
    with writing(app.extensions["rca_engine"]) as session:
        authoring.create(session, viewer=people.ines, content=rich(), now=NOW)
    page = sign_in(app, people.vera).get("/").text
    assert "Nothing is published yet." in page
    assert "1 draft and 0 reviews" in page


def _waits(session: Session, viewer: Viewer) -> list[tuple[str, str]]:
    board = dashboard(session, viewer=viewer, now=NOW)
    return [(item.kind, item.title) for item in board.waiting]


def test_what_waits_depends_on_who_looks(session: Session, people: People) -> None:
    title = "Checkout returns 502 for card payments"
    authoring.create(session, viewer=people.otto, content=rich(title="Half a draft"), now=NOW)
    saved = authoring.create(session, viewer=people.ines, content=rich(), now=NOW)
    assert _waits(session, people.ines) == [("draft", title)]
    authoring.submit(
        session,
        viewer=people.ines,
        reference=saved.reference,
        base_version=saved.version,
        now=NOW,
    )
    assert _waits(session, people.ines) == []
    assert _waits(session, people.ravi) == [("review", title)]
    assert _waits(session, people.vera) == []


def test_own_overdue_actions_wait_and_nobody_elses(session: Session, people: People) -> None:
    data = rich_data()
    data["actions"][0]["owner"] = "Ines"
    _published(session, people, PostmortemContent.model_validate(data))
    assert _waits(session, people.ines) == [("action", "Bound the pool size in the config schema")]
    assert _waits(session, people.otto) == []
    work = dashboard(session, viewer=people.otto, now=NOW).work
    assert (work.actions, work.overdue) == (1, 1)


def test_the_quarter_in_words(session: Session, people: People) -> None:
    for day in ("2026-07-02", "2026-08-03"):
        _published(session, people, _on(day))
    _published(session, people, _on("2026-05-20"))
    quarter = dashboard(session, viewer=people.vera, now=NOW).quarter
    assert (quarter.name, quarter.incidents, quarter.incidents_before) == ("2026-Q3", 2, 1)
    assert quarter.claim == "within what chance alone would give"
    assert dict(quarter.by_quarter)["2026-Q2"] == 1
    time = quarter.figures[1]
    assert (time.value, time.n, time.changed) == ("60", "n = 2, too few for an interval", False)
    assert "95% " not in quarter.figures[1].n


def test_a_real_rise_is_called_one(session: Session, people: People) -> None:
    for number in range(14):
        _published(session, people, _on(f"2026-08-{number + 1:02d}"))
    _published(session, people, _on("2026-05-20"))
    quarter = dashboard(session, viewer=people.vera, now=NOW).quarter
    assert quarter.claim == "more than chance alone would give"
    assert quarter.figures[0].changed


def test_ai_influence_is_counted_by_what_is_known(session: Session, people: People) -> None:
    surfaces = ("design", "code", "config", "review", "incident_response")

    def answers(state: str) -> list[dict[str, str]]:
        return [{"surface": surface, "state": state} for surface in surfaces]

    _published(session, people, _on("2026-08-01"))
    _published(session, people, _on("2026-08-02", ai_influences=answers("attested_none")))
    _published(session, people, _on("2026-08-03", ai_influences=answers("unknown")))
    influence = dashboard(session, viewer=people.vera, now=NOW).influence
    assert (influence.known, influence.n) == (2, 3)
    counts = {state.state: state.share.k for state in influence.states}
    assert counts == {"influenced": 1, "suspected": 0, "none": 1, "unknown": 1, "unanswered": 0}
    for state in influence.states:
        assert state.share.n == 3
        assert state.share.high is not None


def test_restricted_records_are_in_no_shared_figure(session: Session, people: People) -> None:
    _published(session, people, _on("2026-08-01"))
    hidden = PostmortemContent.model_validate(
        {
            **_on("2026-08-02").model_dump(mode="json", exclude={"timeline", "factors", "actions"}),
            **{k: rich_data()[k] for k in ("timeline", "factors", "actions")},
            "visibility": "restricted",
            "participants": [
                {"role": "member", "name": "Ravi"},
                {"role": "member", "name": "Ines"},
            ],
        }
    )
    _published(session, people, hidden)
    for viewer in (people.vera, people.ines):
        board = dashboard(session, viewer=viewer, now=NOW)
        assert board.quarter.incidents == 1
        assert board.quarter.restricted == 1
        assert board.influence.n == 1
    assert len(dashboard(session, viewer=people.vera, now=NOW).recent) == 1
    assert len(dashboard(session, viewer=people.ines, now=NOW).recent) == 2


def test_the_page_itself(app: Flask) -> None:
    people = people_of(app)
    with writing(app.extensions["rca_engine"]) as session:
        _published(session, people, _on("2026-08-01"))
    page = sign_in(app, people.vera).get("/").text
    assert "had 1 published incident against 0 the quarter before" in page
    assert "A share of incidents is not the risk of a change" in page
    assert "New postmortem" not in page
    assert "New postmortem" in sign_in(app, people.ines).get("/").text


def test_old_records_give_the_newest_quarter_that_has_any(session: Session, people: People) -> None:
    _published(session, people, _on("2024-02-03"))
    board = dashboard(session, viewer=people.vera, now=NOW + timedelta(days=30))
    assert board.quarter.name == "2024-Q1"
