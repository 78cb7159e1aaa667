"""The paste parser: ten shapes to the letter, exports as JSON, hostile text without a crash."""

import json
import random
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rca.domain.postmortem import TimelineEntry
from rca.domain.vocabulary import Milestone, TimelineKind, TimePrecision
from rca.formats.timeline import FLAGS, Transcript, propose
from tests.formats.transcripts import DAY, EXAMPLES, NOW, Example

START = datetime(2026, 8, 14, 9, 0, tzinfo=UTC)


def read(text: str, zone: str = "UTC", **more: object) -> Transcript:
    options: dict[str, object] = {"day": DAY, "start": START, "now": NOW, **more}
    return propose(text, zone=zone, **options)  # type: ignore[arg-type]


def got(example: Example) -> list[tuple[str, str, str]]:
    """Rows as the examples write them: minutes where the second is 0."""
    rows = read(example.text, example.zone).rows
    return [
        (
            row.at.strftime("%Y-%m-%dT%H:%M:%S").removesuffix(":00") if row.at else "",
            row.text,
            row.author,
        )
        for row in rows
    ]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_a_shape_to_the_letter(example: Example) -> None:
    assert got(example) == example.rows
    found = read(example.text, example.zone)
    assert found.source == example.source
    for place, flag in example.flags.items():
        assert flag in found.rows[place].flags, place
    unflagged = {place for place, row in enumerate(found.rows) if row.flags} - set(example.flags)
    assert unflagged == set()


def test_actors_are_roles_never_names() -> None:
    for example in EXAMPLES:
        for row in read(example.text, example.zone).rows:
            assert row.actor_role == "" or row.actor_role[:1].isupper()
            assert "Ana" not in row.actor_role
    rows = read("[09:12] Ana: a\n[09:13] Bo: b\n", people={"Ana Souza": "Incident commander"}).rows
    assert [row.actor_role for row in rows] == ["Incident commander", "Responder A"]


def test_milestones_are_proposed_from_what_is_said_as_done() -> None:
    rows = read(
        "09:12 alert fired\n09:13 should we declare an incident?\n09:14 declared incident, SEV-2\n"
        "09:20 we will roll back\n09:31 rolled back\n09:50 resolved\n09:55 fully recovered\n"
    ).rows
    found = {row.milestone: row.at.strftime("%H:%M") for row in rows if row.milestone and row.at}
    assert found == {
        Milestone.DETECTED: "09:12",
        Milestone.DECLARED: "09:14",
        Milestone.MITIGATED: "09:31",
        Milestone.RESOLVED: "09:55",
    }


def test_phases_are_guessed() -> None:
    rows = read(
        "09:00 paged\n09:05 looks like DNS\n09:10 restarted bind\n09:15 posted an update\n"
    ).rows
    assert [row.kind for row in rows] == [
        TimelineKind.DETECTION,
        TimelineKind.DIAGNOSIS,
        TimelineKind.REPAIR,
        TimelineKind.COMMUNICATION,
    ]


def test_a_second_paste_has_the_same_keys_and_other_words_do_not() -> None:
    first = read("[09:12] Ana: pool is *4*\n[09:13] Bo: ok\n")
    again = read("[8:01 AM] Zoe: early\n[9:12 AM] Ana: Pool is 4 (edited)\n[9:13 AM] Bo: ok\n")
    assert [row.key for row in first.rows] == [row.key for row in again.rows][1:]
    assert len({row.key for row in again.rows}) == 3


def test_a_clock_that_was_there_twice_or_never_is_flagged() -> None:
    twice = read("02:30 x", "Europe/Berlin", day=date(2026, 10, 25)).rows[0]
    never = read("02:30 x", "Europe/Berlin", day=date(2026, 3, 29)).rows[0]
    assert "ambiguous" in twice.flags
    assert "twice" in twice.why
    assert "ambiguous" in never.flags
    assert "skipped" in never.why


def test_dates_that_could_be_either_way_round() -> None:
    assert "ambiguous" in read("03/04/2026 09:12 x", day=None).rows[0].flags
    plain = read("13/04/2026 09:12 x\n03/04/2026 09:13 y", day=None)
    assert [row.at.day for row in plain.rows if row.at] == [13, 3]
    american = read("4/13/2026, 9:12 AM - x\n4/3/2026, 9:13 AM - y", day=None)
    assert [row.at.month for row in american.rows if row.at] == [4, 4]


def test_a_twelve_hour_face_without_halves_runs_on() -> None:
    rows = read("11:50 a\n12:10 b\n1:05 c\n1:20 d\n").rows
    assert [row.at.hour for row in rows if row.at] == [11, 12, 13, 13]
    assert "ambiguous" in rows[2].flags


def test_without_a_day_the_clock_stays_in_the_text() -> None:
    row = read("09:12 alert", day=None).rows[0]
    assert (row.at, row.precision, row.text) == (None, TimePrecision.UNKNOWN, "09:12 alert")


def test_an_unknown_zone_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="is not a time zone"):
        read("09:12 x", "Mars/Olympus")


SLACK = [
    {"type": "message", "user": "U1", "ts": "1786698720.000100", "text": "<@U2> 502s &amp; <https://g.example/d|graph>", "user_profile": {"real_name": "Ana Souza"}},
    {"type": "message", "user": "U2", "ts": "1786698780.5", "text": "rolled back", "edited": {"ts": "1"}, "user_profile": {"real_name": "Li"}},
    {"type": "message", "subtype": "channel_join", "user": "U3", "ts": "1786698700", "text": "joined"},
    {"type": "message", "subtype": "bot_message", "username": "grafana", "ts": "1786698660", "text": "", "attachments": [{"fallback": "[FIRING] p99"}]},
]  # fmt: skip
PAGERDUTY = {"log_entries": [
    {"type": "acknowledge_log_entry", "created_at": "2026-08-14T11:13:00+02:00", "summary": "Acknowledged by Ana", "agent": {"type": "user_reference", "summary": "Ana"}},
    {"type": "trigger_log_entry", "created_at": "2026-08-14T09:12:00Z", "summary": "Triggered through the API", "agent": {"type": "service_reference"}},
    {"type": "annotate_log_entry", "created_at": "2026-08-14T09:20:00Z", "summary": "Note added", "channel": {"type": "note", "summary": "pool is 4", "content": "pool is 4"}},
]}  # fmt: skip
STATUSPAGE = {"incident": {"name": "Checkout", "incident_updates": [
    {"status": "resolved", "body": "All good.", "created_at": "2026-08-14T10:00:00Z", "display_at": "2026-08-14T09:58:00Z"},
    {"status": "investigating", "body": "We are <b>looking</b>.", "created_at": "2026-08-14T09:20:00Z"},
]}}  # fmt: skip
GITHUB = {"title": "Export stuck", "body": "It hangs.", "createdAt": "2026-08-14T09:00:00Z", "author": {"login": "noor"},
    "comments": [{"author": {"login": "tam"}, "body": "Killed it.", "createdAt": "2026-08-14T09:30:00Z"}]}  # fmt: skip
GITLAB = [{"notes": [
    {"body": "Looking.", "created_at": "2026-08-14T09:10:00.000Z", "author": {"name": "Ana", "username": "ana"}, "system": False},
    {"body": "closed", "created_at": "2026-08-14T09:50:00.000Z", "author": {"username": "ana"}, "system": True},
]}]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "source", "rows"),
    [
        (SLACK, "slack", [
            ("09:11", "[FIRING] p99", "grafana"),
            ("09:12", "@Li 502s & graph (https://g.example/d)", "Responder A"),
            ("09:13", "rolled back", "Responder B"),
        ]),
        (PAGERDUTY, "pagerduty", [
            ("09:12", "Triggered through the API", "PagerDuty"),
            ("09:13", "Acknowledged by Ana", "Responder A"),
            ("09:20", "Note added: pool is 4", "PagerDuty"),
        ]),
        (STATUSPAGE, "statuspage", [
            ("09:20", "Status page, Investigating: We are  looking .", "Statuspage"),
            ("09:58", "Status page, Resolved: All good.", "Statuspage"),
        ]),
        (GITHUB, "issue", [
            ("09:00", "Export stuck\n\nIt hangs.", "Responder A"),
            ("09:30", "Killed it.", "Responder B"),
        ]),
        (GITLAB, "issue", [("09:10", "Looking.", "Responder A"), ("09:50", "closed", "Responder A")]),
    ],
    ids=["slack", "pagerduty", "statuspage", "github", "gitlab"],
)  # fmt: skip
def test_exports(value: object, source: str, rows: list[tuple[str, str, str]]) -> None:
    found = read(json.dumps(value))
    assert found.source == source
    assert [(row.at.strftime("%H:%M") if row.at else "", row.text, row.actor_role)
            for row in found.rows] == rows  # fmt: skip


PIECES = [
    "09:12", "9:12 AM", "[09:12]", "2026-08-14", "14/08/2026, 09:12:33", "T+15", "10 min later", "Ana Souza",
    "<ana>", "* ana", "|", "---", "```", "~~~", "- ", "  ", "\t", "\n", "\n\n", "(edited)", ":eyes:", "3 replies",
    "2 hours ago", "Yesterday", "Fri", "Aug 14", "29 Feb", "31/31/9999", "24:00", "00:60", "+99:99", "UTC", "CEST",
    "{", "}", '"ts"', "[", "]", "\x00", "\ufeff", "\u2028", "😀", "é", "9999-12-31 23:59", "0001-01-01 00:00",
    "commented on", "T+9999h", "9999 hours later", "٣:٤٥", "１２:３０", "²:30", ":", ",", "at",
]  # fmt: skip


def check(text: str, zone: str, day: date | None) -> None:
    """What holds for any text at all."""
    found = read(text, zone, day=day)
    for row in found.rows:
        assert row.at is None or row.at.tzinfo is UTC
        assert set(row.flags) <= set(FLAGS)
        assert (row.at is None) == (row.precision is TimePrecision.UNKNOWN)
        assert "\x00" not in row.text
        TimelineEntry(at=row.at, precision=row.precision, text=row.text, actor_role=row.actor_role)
    assert [row.key for row in read(text, zone, day=day).rows] == [row.key for row in found.rows]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=30).map(" ".join),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
    st.none() | st.dates(),
)
def test_no_text_breaks_it(text: str, zone: str, day: date | None) -> None:
    check(text, zone, day)


@settings(max_examples=150, deadline=None)
@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
    | st.sampled_from(["1786698720.0001", "2026-08-14T09:12:00Z", "9" * 400]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["ts", "text", "messages", "log_entries", "type", "created_at", "body", "notes",
                         "incident", "incident_updates", "user", "author", "comments", "title", "edited"]),
        inner, max_size=5),
    max_leaves=20,
))  # fmt: skip
def test_no_json_breaks_it(value: object) -> None:
    check(json.dumps(value), "UTC", DAY)


@pytest.mark.long
def test_a_hundred_thousand_hostile_texts() -> None:
    source = random.Random(20260814)
    glue = ["", " ", "  ", "\n", "\n"]
    for _ in range(100_000):
        parts = source.choices(PIECES, k=source.randint(0, 14))
        check("".join(part + source.choice(glue) for part in parts), "Europe/Berlin", DAY)


def test_a_planted_fault_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fuzz above is no ornament: an instant without a zone fails it."""
    from rca.formats import timeline_order

    original = timeline_order.Clockwork._utc

    def naive(self, *arguments):  # type: ignore[no-untyped-def]
        at, doubt = original(self, *arguments)
        return at.replace(tzinfo=None) + timedelta(0), doubt

    monkeypatch.setattr(timeline_order.Clockwork, "_utc", naive)
    with pytest.raises((AssertionError, TypeError)):
        check("09:12 x", "UTC", DAY)


def test_the_cheap_look_at_words_misses_nothing() -> None:
    """A word of each pattern, alone, is let through to the patterns."""
    from rca.formats.timeline_words import may_say_something, words

    said = (
        "status page|posted an update|informed|notified customers|e-mailed users|told support|"
        "public notice|comms out|announced|alerts|paged|paging|triggered|firing|[FIRING:1]|customers|"
        "users report|support|clients|reports of|anyone else|seeing 502|noticed|monitoring|spike|"
        "threshold|rolled back|reverted|restarted|deployed|shipped|merged|pushed|hotfix|mitigated|"
        "scaled up|disabled|failed over|switched|turned off|drained|purged|unblocked|increased|raised|"
        "bumped|killed|looks like|investigating|because|caused|suspect|turns out|found the|correlates|"
        "root cause|identified|the problem is|the issue|the reason|git bisect|logs show|log says|traces|graphs|"
        "dashboard|diagnosed|declared|all-clear|all clear|fully|incident|resolved|back to|recovered|"
        "opened|acknowledged|acked|error rate|first alert|fixed|updated"
    )
    assert [word for word in said.split("|") if not may_say_something(word, words().stems)] == []
