"""An import adds each record once, keeps its text, and takes nothing as confirmed."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import col, func, select

from rca.domain.access import OPERATOR, Viewer
from rca.domain.vocabulary import RevisionKind, TimePrecision
from rca.errors import Forbidden
from rca.formats import markdown
from rca.formats.mapping import Assume
from rca.services import authoring, importing, listing, reading
from rca.services.importing import Imported, Plan, Source
from rca.store import audit
from rca.store import tables as t
from rca.store.engine import reading as opened
from rca.store.engine import writing
from tests.factories import rich
from tests.people import make_people


def plan(engine: Engine, *sources: Source, viewer: Viewer = OPERATOR, **assume: object) -> Plan:
    parsed = importing.parse(sources, assume=Assume(**assume))  # type: ignore[arg-type]
    with opened(engine) as session:
        return importing.plan(session, viewer=viewer, parsed=parsed)


def bring_in(
    engine: Engine, now: datetime, *sources: Source, viewer: Viewer = OPERATOR, draft: bool = False
) -> Imported:
    planned = plan(engine, *sources, viewer=viewer)
    return importing.run(
        engine, viewer=viewer, planned=planned, name="test", now=now, as_draft=draft
    )


def rows(*values: Mapping[str, object]) -> Source:
    return Source("rows.jsonl", "\n".join(json.dumps(value) for value in values).encode())


def test_it_goes_in_published_unconfirmed_and_word_for_word(engine: Engine, now: datetime) -> None:
    text = "# The day\n\n  Indented.  \n\nÜber *all* 漢字 \u2028 end.\n\n"
    row = {"id": "7", "text": text, "company": "Acme", "date": "2021-03", "url": "https://e.org/x"}
    done = bring_in(engine, now, rows(row))
    with opened(engine) as session:
        found = reading.view(session, viewer=OPERATOR, reference=done.references[0])
    assert found.content.imported_text == text
    assert found.content.title == "The day"
    assert found.content.title_source == "imported"
    assert found.content.organisation == "Acme"
    assert found.content.severity is None
    mark = found.content.times[0]
    assert (mark.value and mark.value.isoformat()[:7], mark.precision) == ("2021-03", "month")
    assert mark.source == "imported"
    assert not mark.confirmed
    assert found.status == "published"
    assert found.quarter == "2021-Q1"
    assert found.unconfirmed == 2
    assert [revision.kind for revision in found.revisions] == [RevisionKind.IMPORTED]


def test_a_second_run_adds_nothing(engine: Engine, now: datetime) -> None:
    source = rows(
        {"id": "1", "text": "One."}, {"url": "https://e.org/2", "text": "Two."}, {"text": "3"}
    )
    assert bring_in(engine, now, source).added == 3
    again = plan(engine, source)
    assert (again.already, len(again.incoming), again.findings) == (3, 0, ())
    assert bring_in(engine, now, source).added == 0
    with opened(engine) as session:
        assert session.exec(select(func.count()).select_from(t.PostmortemRow)).one() == 3
        assert session.exec(select(func.count()).select_from(t.ImportBatch)).one() == 1


def test_the_same_id_with_other_words_is_reported_and_changes_nothing(
    engine: Engine, now: datetime
) -> None:
    done = bring_in(engine, now, rows({"id": "1", "text": "As it was."}))
    planned = plan(engine, rows({"id": "1", "text": "As it is now."}))
    assert planned.refused == 1
    assert "imported before with other content" in planned.findings[0].reason
    importing.run(engine, viewer=OPERATOR, planned=planned, name="t", now=now)
    with opened(engine) as session:
        found = reading.view(session, viewer=OPERATOR, reference=done.references[0])
    assert found.content.imported_text == "As it was."


def test_the_same_id_of_two_organisations_is_two_records(engine: Engine, now: datetime) -> None:
    source = rows(
        {"id": "1", "text": "x", "company": "A"}, {"id": "1", "text": "x", "company": "B"}
    )
    assert bring_in(engine, now, source).added == 2


def test_repeats_within_one_import(engine: Engine) -> None:
    planned = plan(
        engine, rows({"id": "1", "text": "x"}, {"id": "1", "text": "x"}, {"id": "1", "text": "y"})
    )
    assert (len(planned.incoming), planned.already, planned.refused) == (1, 1, 1)
    assert (planned.findings[0].line, planned.findings[0].field) == (3, "id")
    assert "line 1" in planned.findings[0].reason


def test_bad_rows_are_told_and_good_ones_go_in(engine: Engine, now: datetime) -> None:
    lines = [
        '{"title": "good"}',
        "{broken",
        '{"title": "x", "date": "yesterday"}',
        '{"title": "nul\\u0000"}',
        '{"text": "' + "y" * 200_001 + '"}',
        '{"title": "half \\ud800"}',
        '{"title": "also good"}',
        '{"title": "x", "url": "javascript:alert(1)"}',
        "[1]",
    ]
    planned = plan(engine, Source("f.jsonl", "\n".join(lines).encode()))
    told = {finding.line: finding for finding in planned.findings}
    assert sorted(told) == [2, 3, 4, 5, 6, 8, 9]
    assert told[3].field == "date"
    assert "200,001 characters" in told[5].reason
    assert told[5].field == "text"
    assert told[8].field == "url"
    done = importing.run(engine, viewer=OPERATOR, planned=planned, name="t", now=now)
    assert done.added == 2
    with opened(engine) as session:
        batch = session.exec(select(t.ImportBatch)).one()
        assert batch.counts["refused"] == 7
        assert batch.problems[0]["line"] == 2


def test_batch_audit_and_one_mining_job_per_import(engine: Engine, now: datetime) -> None:
    many = rows(*({"id": str(n), "text": f"Record {n}."} for n in range(importing.CHUNK + 5)))
    done = bring_in(engine, now, many)
    with opened(engine) as session:
        events = session.exec(select(t.AuditEvent).order_by(col(t.AuditEvent.seq))).all()
        told = [(event.action, event.detail) for event in events]
        kinds = session.exec(select(t.Job.kind)).all()
        counts = session.exec(select(t.ImportBatch)).one().counts
        assert audit.first_broken(session) is None
    assert [action for action, _ in told] == ["import.add", "import.add"]
    assert sum(detail["records"] for _, detail in told) == done.added == importing.CHUNK + 5
    assert kinds == ["mine"]
    assert counts["added"] == done.added


def test_an_import_that_was_cut_off_is_finished_by_running_it_again(
    engine: Engine, now: datetime
) -> None:
    many = rows(*({"id": str(n), "text": f"Record {n}."} for n in range(importing.CHUNK + 5)))

    def stop(done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        importing.run(
            engine,
            viewer=OPERATOR,
            planned=plan(engine, many),
            name="t",
            now=now,
            progress=stop,
        )
    assert bring_in(engine, now, many).added == 5


def test_two_that_planned_at_the_same_time_do_not_double(engine: Engine, now: datetime) -> None:
    source = rows({"id": "1", "text": "x"}, {"id": "2", "text": "y"})
    first, second = plan(engine, source), plan(engine, source)
    for planned in (first, second):
        importing.run(engine, viewer=OPERATOR, planned=planned, name="t", now=now)
    with opened(engine) as session:
        assert session.exec(select(func.count()).select_from(t.PostmortemRow)).one() == 2


def test_drafts_do_not_mine_and_authors_may_not_publish(engine: Engine, now: datetime) -> None:
    with writing(engine) as session:
        people = make_people(session, now)
    planned = plan(engine, rows({"id": "1", "text": "x"}), viewer=people.ines)
    with pytest.raises(Forbidden):
        importing.run(engine, viewer=people.ines, planned=planned, name="t", now=now)
    with pytest.raises(Forbidden):
        plan(engine, rows({"text": "x"}), viewer=people.vera)
    importing.run(engine, viewer=people.ines, planned=planned, name="t", now=now, as_draft=True)
    with opened(engine) as session:
        assert session.exec(select(t.Job)).all() == []
        assert session.exec(select(t.PostmortemRow.status)).one() == "draft"


def test_an_own_export_comes_back_once(engine: Engine, now: datetime) -> None:
    """Into the instance it came from: nothing. Into another: the same content, unconfirmed."""
    with writing(engine) as session:
        people = make_people(session, now)
        made = authoring.create(session, viewer=people.ines, content=rich(), now=now)
        stored = reading.view(session, viewer=people.ines, reference=made.reference).content
    text = markdown.write(stored, reference=made.reference).encode()
    assert plan(engine, Source("a.md", text)).already == 1
    other = markdown.write(rich(title="Another"), reference=made.reference).encode()
    done = bring_in(engine, now, Source("b.md", other))
    assert done.references != (made.reference,)
    with opened(engine) as session:
        found = reading.view(session, viewer=people.ines, reference=done.references[0])
    assert found.content.factors[0].timeline_ids == [found.content.timeline[0].id]
    assert found.content.actions[0].factor_ids == [found.content.factors[0].id]
    assert not any(row.confirmed for row in found.content.timeline)
    assert found.content.summary == rich().summary
    assert bring_in(engine, now, Source("b.md", other)).added == 0


def test_references_follow_the_year_of_the_incident(engine: Engine, now: datetime) -> None:
    source = rows(
        {"id": "1", "text": "x", "date": "2019-05-01"},
        {"id": "2", "text": "y", "date": "2019"},
        {"id": "3", "text": "z"},
        {"id": "4", "text": "z", "reference": "PM-0012"},
    )
    done = bring_in(engine, now, source)
    assert done.references == ("INC-2019-0001", "INC-2019-0002", "INC-2026-0001", "PM-0012")


def test_what_came_in_is_found_by_search(engine: Engine, now: datetime) -> None:
    bring_in(engine, now, rows({"id": "1", "text": "The zeppelin queue overflowed."}))
    with opened(engine) as session:
        page = listing.list_postmortems(
            session, viewer=OPERATOR, wanted=listing.ListFilter(text="zeppelin")
        )
    assert page.total == 1


def test_every_real_record_goes_in(engine: Engine, now: datetime, data_dir: Path) -> None:
    files = sorted((data_dir / "postmortems").glob("*.jsonl"))
    sources = [Source(path.name, path.read_bytes()) for path in files]
    wanted = {}
    for source in sources:
        for line in source.data.decode().splitlines():
            record = json.loads(line)
            wanted[record["text"]] = record
    planned = plan(engine, *sources)
    assert planned.findings == ()
    assert "labels" in planned.unused
    assert "labels" not in planned.unknown
    done = importing.run(engine, viewer=OPERATOR, planned=planned, name="t", now=now)
    with opened(engine) as session:
        stored = session.exec(select(t.PostmortemRow)).all()
        assert done.added == len(stored) == sum(file.new for file in planned.files) > 200
        for row in stored:
            record = wanted[row.imported_text]
            assert row.organisation == (record["company"] or "own")
            assert row.title
            assert bool(record["date"]) == (row.occurred_precision != TimePrecision.UNKNOWN)
        assert not any(mark.confirmed for mark in session.exec(select(t.TimeMarkRow)))
    assert bring_in(engine, now, *sources).added == 0


def test_secrets_are_taken_out_before_storing_and_the_report_says_so(
    engine: Engine, now: datetime
) -> None:
    token = "ghp_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0dF3hJ6"
    row = {"id": "7", "text": f"The job had {token} in its log.\n\nNothing else.", "date": "2021"}
    planned = plan(engine, rows(row, {"id": "8", "text": "No secret."}))
    note = " ".join(planned.files[0].notes)
    assert "Secrets taken out of the record on line 1" in note
    assert "revoke" in note
    done = bring_in(engine, now, rows(row))
    with opened(engine) as session:
        found = reading.view(session, viewer=OPERATOR, reference=done.references[0])
        kept = "".join(str(one.content) for one in session.exec(select(t.Revision)))
    assert token not in found.content.imported_text
    assert "in its log.\n\nNothing else." in found.content.imported_text
    assert kept
    assert token not in kept
    again = plan(engine, rows(row))
    assert (again.already, len(again.incoming)) == (1, 0)
