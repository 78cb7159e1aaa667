"""Two people write at once: both texts survive, whichever way they save."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from rca.domain.vocabulary import RevisionKind, Section
from rca.services import authoring, conflicts
from tests.factories import rich
from tests.web.postmortems.conftest import Desk
from tests.web.postmortems.pages import open_editor, press, read_form


def _lost_update(desk: Desk) -> tuple[str, Any]:
    """Ines and Otto open the same text; Otto saves first, then Ines."""
    reference = desk.write(rich())
    ines, otto = desk.client("ines"), desk.client("otto")
    mine = open_editor(ines, reference).set("summary", "Words of Ines.")
    theirs = open_editor(otto, reference).set("summary", "Words of Otto.")
    assert press(otto, reference, theirs).status_code == 303
    return reference, press(ines, reference, mine)


def test_the_second_one_sees_both_texts(desk: Desk) -> None:
    reference, answer = _lost_update(desk)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert desk.view(reference).content.summary == "Words of Otto."
    for words in ("Words of Ines.", "Words of Otto.", "A config rollout halved the pool."):
        assert words in page
    kept = [r for r in desk.view(reference).revisions if r.kind is RevisionKind.CONFLICT]
    assert len(kept) == 1


@pytest.fixture
def no_version_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted fault: a write that believes whatever version it is given."""
    honest = authoring.save

    def careless(session: Any, **given: Any) -> authoring.Saved:
        stored = conflicts.basis(
            session, viewer=given["viewer"], reference=given["reference"], revision=None
        )
        return honest(session, **{**given, "base_version": stored.version})

    monkeypatch.setattr(authoring, "save", careless)


@pytest.mark.usefixtures("no_version_check")
def test_the_harness_sees_a_lost_update(desk: Desk) -> None:
    reference, answer = _lost_update(desk)
    assert answer.status_code == 303
    assert desk.view(reference).content.summary == "Words of Ines."  # Otto's words are gone


@pytest.mark.parametrize(
    ("choice", "stored"),
    [
        ("mine", "Words of Ines."),
        ("theirs", "Words of Otto."),
        ("both", "Words of Otto.\n\nWords of Ines."),
    ],
)
def test_a_choice_is_stored_and_the_rest_stays_in_the_history(
    quick_desk: Desk, choice: str, stored: str
) -> None:
    reference, answer = _lost_update(quick_desk)
    ines = quick_desk.client("ines")
    form = read_form(answer.get_data(as_text=True), "")
    form = _conflict_form(answer.get_data(as_text=True)).set("choose:summary", choice)
    assert press(ines, reference, form).status_code == 303
    view = quick_desk.view(reference)
    assert view.content.summary == stored
    texts = [ines.get(f"/postmortems/{reference}/compare?from=1&to={r.number}") for r in
             view.revisions]  # fmt: skip
    together = "".join(page.get_data(as_text=True) for page in texts)
    assert "Otto" in together
    assert "Ines" in together


def _conflict_form(page: str) -> Any:
    """The conflict page's form is the one with ``settle``."""
    start = page.index('action="/postmortems/INC')
    return read_form("<form " + page[start:], "")


def test_without_a_choice_nothing_is_stored(quick_desk: Desk) -> None:
    reference, answer = _lost_update(quick_desk)
    form = _conflict_form(answer.get_data(as_text=True))
    again = press(quick_desk.client("ines"), reference, form)
    assert again.status_code == 409
    assert quick_desk.view(reference).content.summary == "Words of Otto."


def test_edits_of_different_fields_are_merged_after_a_look(quick_desk: Desk) -> None:
    reference = quick_desk.write(rich())
    ines, otto = quick_desk.client("ines"), quick_desk.client("otto")
    mine = open_editor(ines, reference).set("summary", "Words of Ines.")
    theirs = open_editor(otto, reference).set("factors-0-statement", "Words of Otto.")
    press(otto, reference, theirs)
    answer = press(ines, reference, mine)
    assert answer.status_code == 409
    assert press(ines, reference, _conflict_form(answer.get_data(as_text=True))).status_code == 303
    content = quick_desk.view(reference).content
    assert content.summary == "Words of Ines."
    assert content.factors[0].statement == "Words of Otto."


def test_a_third_save_while_choosing_asks_again(quick_desk: Desk) -> None:
    reference, answer = _lost_update(quick_desk)
    otto = quick_desk.client("otto")
    press(otto, reference, open_editor(otto, reference).set("summary", "Otto once more."))
    form = _conflict_form(answer.get_data(as_text=True)).set("choose:summary", "mine")
    again = press(quick_desk.client("ines"), reference, form)
    assert again.status_code == 409
    assert "Otto once more." in again.get_data(as_text=True)


# Sections, as the script saves them.


def _put(
    client: FlaskClient,
    reference: str,
    section: str,
    fields: list[tuple[str, str]],
    *,
    version: int | None,
    revision: int,
    choices: dict[str, str] | None = None,
) -> Any:
    headers = {} if version is None else {"If-Match": f'"{version}"'}
    return client.put(
        f"/postmortems/{reference}/sections/{section}",
        json={
            "fields": [list(pair) for pair in fields],
            "revision": revision,
            "choices": choices or {},
        },
        headers={"Accept": "application/json", **headers},
    )


def test_a_section_saves_alone(desk: Desk) -> None:
    reference = desk.write(rich())
    ines = desk.client("ines")
    answer = _put(ines, reference, "summary", [("summary", "New.")], version=1, revision=1)
    assert answer.status_code == 200
    body = answer.get_json()
    assert (body["version"], answer.headers["ETag"]) == (2, '"2"')
    assert body["saved"] == "09:00"
    view = desk.view(reference)
    assert view.content.summary == "New."
    assert view.section_versions["timeline"] == 1


def test_other_sections_do_not_stand_in_the_way(desk: Desk) -> None:
    reference = desk.write(rich())
    ines, otto = desk.client("ines"), desk.client("otto")
    _put(otto, reference, "summary", [("summary", "Otto.")], version=1, revision=1)
    answer = _put(ines, reference, "header", [("title", "Ines")], version=1, revision=1)
    assert answer.status_code == 200
    content = desk.view(reference).content
    assert (content.title, content.summary) == ("Ines", "Otto.")


def test_a_stale_section_is_merged_when_nothing_clashes(desk: Desk) -> None:
    reference = desk.write(rich())
    ines, otto = desk.client("ines"), desk.client("otto")
    _put(otto, reference, "summary", [("summary", "Otto.")], version=1, revision=1)
    answer = _put(ines, reference, "summary", [("response", "Ines.")], version=1, revision=1)
    assert answer.status_code == 200
    assert answer.get_json()["taken"] == ["Summary"]
    assert "Otto." in answer.get_json()["section"]
    content = desk.view(reference).content
    assert (content.summary, content.response) == ("Otto.", "Ines.")


def test_a_clash_is_answered_with_all_texts_and_settled_by_choice(desk: Desk) -> None:
    reference = desk.write(rich())
    ines, otto = desk.client("ines"), desk.client("otto")
    _put(otto, reference, "summary", [("summary", "Otto.")], version=1, revision=1)
    answer = _put(ines, reference, "summary", [("summary", "Ines.")], version=1, revision=1)
    assert answer.status_code == 409
    panel = answer.get_json()["panel"]
    assert "Otto." in panel
    assert "Ines." in panel
    assert desk.view(reference).content.summary == "Otto."
    kept = [r for r in desk.view(reference).revisions if r.kind is RevisionKind.CONFLICT]
    assert len(kept) == 1
    settled = _put(ines, reference, "summary", [("summary", "Ines.")],
                   version=answer.get_json()["version"], revision=1,
                   choices={"summary": "both"})  # fmt: skip
    assert settled.status_code == 200
    assert desk.view(reference).content.summary == "Otto.\n\nInes."


def test_a_choice_is_not_applied_to_a_text_that_nobody_saw(quick_desk: Desk) -> None:
    reference = quick_desk.write(rich())
    ines, otto = quick_desk.client("ines"), quick_desk.client("otto")
    _put(otto, reference, "summary", [("summary", "Otto.")], version=1, revision=1)
    answer = _put(ines, reference, "summary", [("summary", "Ines.")], version=1, revision=1)
    seen = answer.get_json()["version"]
    _put(otto, reference, "summary", [("summary", "Otto, unseen.")], version=2, revision=2)
    again = _put(ines, reference, "summary", [("summary", "Ines.")], version=seen, revision=1,
                 choices={"summary": "mine"})  # fmt: skip
    assert again.status_code == 409
    assert "Otto, unseen." in again.get_json()["panel"]


def test_two_people_add_rows_and_both_rows_stay(desk: Desk) -> None:
    reference = desk.write(rich(timeline=[], factors=[]))
    fields = [("factors[]", ""), ("factors-0-id", "a" * 32), ("factors-0-statement", "From Ines")]
    other = [("factors[]", ""), ("factors-0-id", "b" * 32), ("factors-0-statement", "From Otto")]
    _put(desk.client("ines"), reference, "factors", fields, version=1, revision=1)
    answer = _put(desk.client("otto"), reference, "factors", other, version=1, revision=1)
    assert answer.status_code == 200
    words = {row.statement for row in desk.view(reference).content.factors}
    assert words == {"From Ines", "From Otto"}


def test_the_same_save_twice_is_one(desk: Desk) -> None:
    """An answer that got lost on the way is asked for again with the old version."""
    reference = desk.write(rich())
    ines = desk.client("ines")
    for _ in range(2):
        answer = _put(ines, reference, "summary", [("summary", "Once.")], version=1, revision=1)
        assert answer.status_code == 200
    assert desk.view(reference).content.summary == "Once."
    assert desk.view(reference).section_versions["summary"] == 2


def test_a_save_without_a_version_or_with_foreign_fields_is_refused(quick_desk: Desk) -> None:
    reference = quick_desk.write(rich())
    ines = quick_desk.client("ines")
    refused = _put(ines, reference, "summary", [("summary", "x")], version=None, revision=1)
    assert refused.status_code == 428
    assert _put(ines, reference, "nothing", [], version=1, revision=1).status_code == 404
    bad = _put(ines, reference, "times", [("times-detected_at-value", "soon")],
               version=1, revision=1)  # fmt: skip
    assert bad.status_code == 422
    assert bad.get_json()["problems"][0]["name"] == "times-detected_at-value"
    _put(ines, reference, "summary", [("title", "smuggled")], version=1, revision=1)
    assert quick_desk.view(reference).content.title != "smuggled"


def test_a_published_one_is_not_changed_by_an_open_page(quick_desk: Desk) -> None:
    reference = quick_desk.write(rich())
    quick_desk.publish(reference)
    ines = quick_desk.client("ines")
    answer = _put(ines, reference, "summary", [("summary", "late")], version=1, revision=1)
    assert answer.status_code == 409
    assert "panel" not in answer.get_json()
    assert quick_desk.view(reference).content.summary != "late"


def test_the_device_key_is_the_accounts_own_and_stable(quick_desk: Desk) -> None:
    ines, otto = quick_desk.client("ines"), quick_desk.client("otto")
    first = ines.get("/postmortems/device-key").get_json()
    assert ines.get("/postmortems/device-key").get_json()["key"] == first["key"]
    assert otto.get("/postmortems/device-key").get_json()["key"] != first["key"]
    stranger = quick_desk.app.test_client().get(
        "/postmortems/device-key", headers={"Accept": "application/json"}
    )
    assert stranger.status_code == 401


@pytest.mark.parametrize("section", [section.value for section in Section])
def test_every_section_can_be_sent_back_to_an_open_page(quick_desk: Desk, section: str) -> None:
    reference = quick_desk.write(rich())
    answer = quick_desk.client("ines").put(
        f"/postmortems/{reference}/sections/{section}",
        json={"fields": [], "revision": 1, "render": True},
        headers={"If-Match": '"1"', "Accept": "application/json"},
    )
    assert answer.status_code == 200
    assert "name=" in answer.get_json()["section"]
    assert quick_desk.view(reference).version == 1
