"""The organisation's kept phrases: admins change them, each change is audited, a file may seed."""

from datetime import datetime
from pathlib import Path

import pytest
from sqlmodel import Session

from rca.blameless import Allowed, Options, Reviewer, read_allow_list
from rca.errors import Forbidden, Invalid, NotFound, SettingError
from rca.services import wording_allow as kept
from rca.store import audit
from tests.people import People

BLAME = "The operator failed to check the queue."


def keep(session: Session, people: People, now: datetime, **changes: str) -> None:
    given = {"rule": "failed-to", "phrase": "operator failed to", "reason": "a set phrase"}
    kept.keep(session, viewer=people.ada, now=now, **{**given, **changes})


def test_a_kept_phrase_is_left_alone(
    session: Session, people: People, now: datetime, tmp_path: Path
) -> None:
    keep(session, people, now, phrase="  Operator   failed to ")
    allowed = kept.allowed(session, home=tmp_path)
    assert allowed == (Allowed("failed-to", "Operator failed to", "a set phrase"),)
    assert Reviewer(Options(allowed=allowed)).review(BLAME).findings == ()


def test_an_entry_is_changed_and_taken_off_and_the_audit_says_who(
    session: Session, people: People, now: datetime, tmp_path: Path
) -> None:
    keep(session, people, now)
    entry = kept.kept_phrases(session, home=tmp_path)[0]
    keep(session, people, now, entry_id=entry.id, rule="*", reason="in every rule")
    kept.remove(session, viewer=people.ada, entry_id=entry.id, now=now)
    kept.remove(session, viewer=people.ada, entry_id=entry.id, now=now)
    assert kept.allowed(session, home=tmp_path) == ()
    acts = kept.history(session, viewer=people.ada)
    assert [(act.action, act.rule, act.actor) for act in acts] == [
        ("wording.allow_remove", "*", people.ada.name),
        ("wording.allow_change", "*", people.ada.name),
        ("wording.allow", "failed-to", people.ada.name),
    ]
    assert audit.first_broken(session) is None


def test_only_admins_change_the_list_or_see_its_history(
    session: Session, people: People, now: datetime, tmp_path: Path
) -> None:
    for act in (
        lambda: kept.keep(session, viewer=people.ravi, rule="*", phrase="x", reason="y", now=now),
        lambda: kept.remove(session, viewer=people.ravi, entry_id="x", now=now),
        lambda: kept.take_from_file(session, viewer=people.ravi, home=tmp_path, now=now),
        lambda: kept.history(session, viewer=people.ravi),
    ):
        with pytest.raises(Forbidden):
            act()


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"rule": "none"}, "rule"),
        ({"phrase": "  "}, "phrase"),
        ({"phrase": "x" * 201}, "phrase"),
        ({"reason": " "}, "reason"),
        ({"reason": "a\x00b"}, "phrase"),
    ],
)
def test_an_entry_needs_a_phrase_a_reason_and_a_known_rule(
    session: Session, people: People, now: datetime, changes: dict[str, str], path: str
) -> None:
    with pytest.raises(Invalid) as caught:
        keep(session, people, now, **changes)
    assert [problem.path for problem in caught.value.problems] == [path]


def test_the_same_phrase_stands_once_for_a_rule(
    session: Session, people: People, now: datetime
) -> None:
    keep(session, people, now)
    with pytest.raises(Invalid, match="on the list"):
        keep(session, people, now, phrase="OPERATOR failed to")
    keep(session, people, now, rule="*")
    with pytest.raises(NotFound):
        keep(session, people, now, phrase="other", entry_id="gone")


def test_a_file_seeds_the_list_and_the_list_becomes_a_file(
    session: Session, people: People, now: datetime, tmp_path: Path
) -> None:
    path = tmp_path / kept.ALLOW_FILE
    path.write_text("- {rule: failed-to, phrase: operator failed to}\n", encoding="utf-8")
    assert kept.allowed(session, home=tmp_path) == (Allowed("failed-to", "operator failed to"),)
    assert [item.id for item in kept.kept_phrases(session, home=tmp_path)] == [""]
    assert kept.take_from_file(session, viewer=people.ada, home=tmp_path, now=now) == 1
    assert kept.take_from_file(session, viewer=people.ada, home=tmp_path, now=now) == 0
    path.unlink()
    keep(session, people, now, rule="*", phrase="no: yes, *on*", reason="YAML\nwould retype it")
    assert read_allow_list(kept.as_file(session)) == kept.allowed(session, home=tmp_path)
    assert len(kept.allowed(session, home=tmp_path)) == 2


def test_a_broken_file_is_named(session: Session, tmp_path: Path) -> None:
    (tmp_path / kept.ALLOW_FILE).write_text("[", encoding="utf-8")
    with pytest.raises(SettingError, match="wording-allow"):
        kept.allowed(session, home=tmp_path)
