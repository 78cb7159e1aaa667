"""What stands beside the text: recurrences, comments on rows, who is here, a confirmed title."""

from datetime import timedelta

import pytest
from sqlmodel import func, select

from rca.domain.postmortem import PostmortemContent
from rca.domain.vocabulary import Relation
from rca.services import mining_corpus
from rca.services import presence as presences
from rca.store import tables as t
from rca.store.engine import reading
from tests.conftest import NOW
from tests.factories import rich
from tests.web.postmortems.conftest import Desk
from tests.web.postmortems.pages import open_editor, press


def _own(**changes: object) -> PostmortemContent:
    """The rich one with row ids of its own."""
    data = rich(**changes).model_dump(mode="json")
    for rows in ("timeline", "factors", "actions", "ai_influences", "notes", "impact_measures"):
        for row in data[rows]:
            for name in ("id", "timeline_ids", "factor_ids"):
                row.pop(name, None)
    return PostmortemContent.model_validate(data)


def test_one_press_records_a_recurrence_and_one_takes_it_back(desk: Desk) -> None:
    old = desk.write(_own(title="Checkout refused cards in May"))
    desk.publish(old)
    new = desk.write(_own())
    client = desk.client("ines")
    address = f"/postmortems/{new}/recurrence"
    data = {"other": old, "do": "record", "why": "Shares pool, payments"}
    for _ in range(2):
        assert client.post(address, data=data).status_code == 303
    links = desk.view(new).content.related
    assert [(link.reference, link.relation) for link in links] == [(old, Relation.RECURRENCE_OF)]
    assert links[0].rationale == "Shares pool, payments"
    there = client.get(f"/postmortems/{old}").get_data(as_text=True)
    assert "is recorded as a recurrence of this" in there
    assert old in client.get(f"/postmortems/{new}").get_data(as_text=True)
    client.post(address, data={"other": old, "do": "undo"})
    assert desk.view(new).content.related == []


def test_a_recurrence_needs_another_visible_postmortem_and_an_editable_one(
    quick_desk: Desk,
) -> None:
    hidden = quick_desk.write(_own(visibility="restricted"), by="otto")
    mine = quick_desk.write(_own())
    client = quick_desk.client("ines")
    address = f"/postmortems/{mine}/recurrence"
    assert client.post(address, data={"other": hidden}).status_code == 404
    assert client.post(address, data={"other": "INC-1999-0001"}).status_code == 404
    client.post(address, data={"other": mine})
    assert quick_desk.view(mine).content.related == []
    quick_desk.publish(mine)
    other = quick_desk.write(_own())
    client.post(address, data={"other": other})
    assert quick_desk.view(mine).content.related == []
    assert quick_desk.client("vera").post(address, data={"other": other}).status_code == 403


def test_recorded_recurrences_of_published_ones_hold_in_mining(quick_desk: Desk) -> None:
    old = quick_desk.write(_own())
    quick_desk.publish(old)
    new = quick_desk.write(_own(related=[{"reference": old, "relation": "recurrence_of"}]))
    engine = quick_desk.app.extensions["rca_engine"]
    with reading(engine) as session:
        assert mining_corpus.read_constraints(session).together == ()
    quick_desk.publish(new)
    with reading(engine) as session:
        assert mining_corpus.read_constraints(session).together == (frozenset({old, new}),)


def test_a_comment_stays_with_its_row_when_rows_move(desk: Desk) -> None:
    reference = desk.write(rich())
    content = desk.view(reference).content
    row = content.factors[1]
    vera, ines = desk.client("vera"), desk.client("ines")
    vera.post(
        f"/postmortems/{reference}/comments",
        data={"anchor": f"factors/{row.id}", "body": "Which alert?"},
    )
    form = open_editor(ines, reference)
    page = press(ines, reference, form, "up:factors-1").get_data(as_text=True)
    press(ines, reference, _form(page))
    assert desk.view(reference).content.factors[0].id == row.id
    for path, href in (("", "#factor-1"), ("/edit", "#factors-0")):
        page = ines.get(f"/postmortems/{reference}{path}").get_data(as_text=True)
        assert "Which alert?" in page
        assert f'href="{href}">Factor 1: {row.statement}</a>' in page, path
        assert "1 comment<" in page, path
    comment = desk.view(reference).comments[0].id
    for word, is_open in (("resolve", False), ("reopen", True)):
        ines.post(f"/postmortems/{reference}/comments/{comment}/{word}", data={"back": "edit"})
        assert (desk.view(reference).comments[0].resolved_at is None) is is_open
    press(ines, reference, _form(press(ines, reference, open_editor(ines, reference),
                                       "remove:factors-0").get_data(as_text=True)))  # fmt: skip
    page = ines.get(f"/postmortems/{reference}").get_data(as_text=True)
    assert "a factor that is gone" in page


def _form(page: str):  # type: ignore[no-untyped-def]
    from tests.web.postmortems.pages import read_form

    return read_form(page)


@pytest.mark.parametrize("anchor", ["", "summary", "times", "ai", "learning", "timeline"])
def test_every_field_can_be_commented_on_from_the_editor(quick_desk: Desk, anchor: str) -> None:
    reference = quick_desk.write(rich())
    client = quick_desk.client("ines")
    address = f"/postmortems/{reference}/comments?part"
    panel = client.post(address, data={"anchor": anchor, "body": "What did it show?"})
    assert panel.status_code == 200
    assert "What did it show?" in panel.get_data(as_text=True)
    page = client.get(f"/postmortems/{reference}/edit").get_data(as_text=True)
    if anchor:
        place = {"times": "s-times", "learning": "s-learning"}.get(anchor, anchor)
        assert f'href="#{place}"' in page
        assert f'id="{place}"' in page
        assert "1 open comment" in page


def test_who_is_here_is_said_and_forgotten(desk: Desk) -> None:
    reference = desk.write(rich(participants=[{"role": "scribe", "name": "otto"}]))
    ines, otto = desk.client("ines"), desk.client("otto")
    address = f"/postmortems/{reference}/presence"
    assert ines.post(address, data={"section": "factors"}).get_json() == {"others": []}
    seen = otto.post(address, data={"section": "summary"}).get_json()["others"]
    assert [(one["section"], one["who"].partition(" ")[0]) for one in seen] == [("factors", "Ines")]
    back = ines.post(address, data={"section": "factors"}).get_json()["others"]
    assert back == [{"section": "summary", "who": "Otto (scribe)"}]
    otto.post(address, data={"section": ""})
    assert ines.post(address, data={"section": "times"}).get_json() == {"others": []}
    otto.post(address, data={"section": "summary"})
    desk.app.extensions["rca_clock"] = lambda: NOW + presences.FRESH + timedelta(seconds=1)
    assert ines.post(address, data={"section": "times"}).get_json() == {"others": []}
    with reading(desk.app.extensions["rca_engine"]) as session:
        assert session.exec(select(func.count()).select_from(t.Presence)).one() == 1


def test_nobody_learns_of_a_hidden_one_by_being_there(quick_desk: Desk) -> None:
    hidden = quick_desk.write(rich(visibility="restricted"))
    address = f"/postmortems/{hidden}/presence"
    assert quick_desk.client("otto").post(address, data={"section": "ai"}).status_code == 404
    assert quick_desk.client("vera").post(address, data={"section": "ai"}).status_code == 403


@pytest.mark.parametrize("how", ["reworded", "confirmed"])
def test_a_proposed_title_is_theirs_once_a_person_takes_it(quick_desk: Desk, how: str) -> None:
    reference = quick_desk.write(rich(title_source="imported"))
    assert quick_desk.view(reference).unconfirmed == 1
    client = quick_desk.client("ines")
    form = open_editor(client, reference)
    press(client, reference, form.set("summary", "Other words."))
    assert quick_desk.view(reference).content.title_source == "imported"
    form = open_editor(client, reference)
    name, value = ("title", "Cards refused") if how == "reworded" else ("title_confirmed", "1")
    press(client, reference, form.set(name, value))
    view = quick_desk.view(reference)
    assert (view.content.title_source, view.unconfirmed) == ("typed", 0)
