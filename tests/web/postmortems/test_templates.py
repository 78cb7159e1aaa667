"""Templates on the web: chosen, switched, edited by admins, previewed, never touching old records."""

import re

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from rca.domain.postmortem import PostmortemContent
from rca.services import authoring, templates
from rca.store.engine import reading, writing
from tests.conftest import NOW
from tests.factories import rich
from tests.web.postmortems.conftest import Desk
from tests.web.postmortems.pages import Form, open_editor, press, read_form


def _following(desk: Desk, reference: str) -> str:
    view = desk.view(reference)
    assert view.template is not None
    return view.template.key


def _edit(desk: Desk, template: str) -> Form:
    page = desk.client("ada").get(f"/templates/{template}/edit").get_data(as_text=True)
    start = page.index(f'action="/templates/{template}/edit"')
    return read_form("<form " + page[start:], "")


def _send(desk: Desk, template: str, form: Form, do: str = "save") -> tuple[int, str]:
    data = {**form.encoded(), "do": [do]}
    answer = desk.client("ada").post(f"/templates/{template}/edit", data=data)
    return answer.status_code, answer.get_data(as_text=True)


def _demand(desk: Desk, template: str, question: str, level: str = "required") -> None:
    form = _edit(desk, template)
    base = form.row_of("asks", "question", question)
    form.set(f"{base}-level", level).set("note", "We want to know.")
    assert _send(desk, template, form)[0] == 303


def test_a_new_one_begins_with_the_usual_template(quick_desk: Desk) -> None:
    grave = quick_desk.write(PostmortemContent.model_validate({"title": "a", "severity": "SEV1"}))
    slight = quick_desk.write(PostmortemContent.model_validate({"title": "b", "severity": "SEV5"}))
    assert (_following(quick_desk, grave), _following(quick_desk, slight)) == ("sre@1", "light@1")


def test_a_template_is_chosen_by_hand_at_the_start(quick_desk: Desk) -> None:
    client = quick_desk.client("ines")
    assert "Narrative style" in client.get("/postmortems/new").get_data(as_text=True)
    data = {"title": "Slow search", "severity": "SEV2", "template": "howie"}
    answer = client.post("/postmortems/new", data=data)
    reference = answer.location.split("/")[-2]
    assert _following(quick_desk, reference) == "howie@1"
    page = client.get(f"/postmortems/{reference}/edit").get_data(as_text=True)
    headings = [text.strip() for text in re.findall(r'<h2 id="h-[a-z]+">([^<]+)', page)]
    assert headings.index("How it made sense") < headings.index("What contributed")
    refused = client.post("/postmortems/new", data={**data, "template": "nothing"})
    assert refused.status_code == 422


def test_another_severity_brings_its_template_and_loses_nothing(quick_desk: Desk) -> None:
    reference = quick_desk.write(rich())
    before = quick_desk.view(reference).content
    client = quick_desk.client("ines")
    for severity, key in (("SEV5", "light@1"), ("SEV2", "sre@1")):
        press(client, reference, open_editor(client, reference).set("severity", severity))
        assert _following(quick_desk, reference) == key
    assert quick_desk.view(reference).content == before


def test_one_chosen_by_hand_stays_when_the_severity_moves(quick_desk: Desk) -> None:
    reference = quick_desk.write(rich())
    client = quick_desk.client("ines")
    client.post(f"/postmortems/{reference}/template", data={"template": "coe"})
    press(client, reference, open_editor(client, reference).set("severity", "SEV5"))
    assert _following(quick_desk, reference) == "coe@1"
    client.post(f"/postmortems/{reference}/template", data={"template": ""})
    assert _following(quick_desk, reference) == "light@1"


def test_switching_keeps_every_word_and_changes_what_review_needs(quick_desk: Desk) -> None:
    reference = quick_desk.write(rich())
    before = quick_desk.view(reference)
    client = quick_desk.client("ines")
    page = client.get(f"/postmortems/{reference}/template").get_data(as_text=True)
    assert "usual for this severity" in page
    assert "An action or idea for each factor" in page
    assert (
        client.post(f"/postmortems/{reference}/template", data={"template": "coe"}).status_code
        == 303
    )
    after = quick_desk.view(reference)
    assert after.content == before.content
    assert after.version == before.version + 1
    refused = press(client, reference, open_editor(client, reference), "submit")
    assert refused.status_code == 422
    assert 'href="#cut_detection"' in refused.get_data(as_text=True)
    client.post(f"/postmortems/{reference}/template", data={"template": "sre"})
    assert press(client, reference, open_editor(client, reference), "submit").status_code == 303
    late = client.post(f"/postmortems/{reference}/template", data={"template": "coe"})
    assert late.status_code == 303  # still editable in review
    quick_desk.move(reference, "ravi", authoring.approve)
    quick_desk.move(reference, "ravi", authoring.publish)
    closed = client.post(f"/postmortems/{reference}/template", data={"template": "sre"})
    assert closed.status_code == 409


def test_every_field_stays_on_the_page_under_every_template(quick_desk: Desk) -> None:
    reference = quick_desk.write(rich())
    client = quick_desk.client("ines")
    names = set()
    for template in ("sre", "coe", "howie", "light"):
        client.post(f"/postmortems/{reference}/template", data={"template": template})
        form = open_editor(client, reference)
        names.add(frozenset(name for name, _ in form.pairs))
        assert press(client, reference, form).status_code == 303
    assert len(names) == 1, "a template took a field off the page"
    assert quick_desk.view(reference).content.summary == rich().summary


def test_a_change_makes_a_version_and_touches_no_record(desk: Desk) -> None:
    old = desk.write(rich())
    _demand(desk, "sre", "halving")
    new = desk.write(rich())
    assert (_following(desk, old), _following(desk, new)) == ("sre@1", "sre@2")
    client = desk.client("ines")
    assert press(client, old, open_editor(client, old), "submit").status_code == 303
    assert press(client, new, open_editor(client, new), "submit").status_code == 422
    page = desk.client("vera").get("/templates/sre").get_data(as_text=True)
    assert "We want to know." in page
    assert "1 postmortem follows it" in page
    again = client.post(f"/postmortems/{old}/template", data={"template": "sre"})
    assert again.status_code == 303
    assert _following(desk, old) == "sre@2"


def test_a_version_can_not_be_changed_in_the_database(desk: Desk) -> None:
    _demand(desk, "light", "tldr", "asked")
    engine = desk.app.extensions["rca_engine"]
    for act in ("UPDATE template_version SET note = 'x'", "DELETE FROM template_version"):
        with pytest.raises(DatabaseError, match="immutable"), writing(engine) as session:
            session.execute(text(act))


def test_saving_what_is_there_already_makes_no_version(quick_desk: Desk) -> None:
    assert _send(quick_desk, "howie", _edit(quick_desk, "howie"))[0] == 303
    with reading(quick_desk.app.extensions["rca_engine"]) as session:
        assert templates.find(session, "howie").version == 1


def test_two_admins_do_not_overwrite_each_other(quick_desk: Desk) -> None:
    mine = _edit(quick_desk, "sre").set("name", "Mine").set("note", "mine")
    _demand(quick_desk, "sre", "tldr")
    status, page = _send(quick_desk, "sre", mine)
    assert status == 409
    assert 'value="Mine"' in page
    assert 'name="base" value="2"' in page
    with reading(quick_desk.app.extensions["rca_engine"]) as session:
        assert templates.find(session, "sre").name == "SRE-book style"


def test_problems_of_a_template_stand_beside_their_field(quick_desk: Desk) -> None:
    form = _edit(quick_desk, "sre")
    base = form.row_of("asks", "question", "timeline")
    form.set(f"{base}-at_least", "many").set("name", "")
    status, page = _send(quick_desk, "sre", form)
    assert status == 422
    assert f'href="#{base}-at_least"' in page
    assert f'id="{base}-at_least-error"' in page
    form = _edit(quick_desk, "sre")
    form.set("name", "Other words")
    status, page = _send(quick_desk, "sre", form)
    assert status == 422
    assert "Say why" in page


def test_places_order_sections_and_questions(quick_desk: Desk) -> None:
    form = _edit(quick_desk, "sre").set("sections-timeline-place", "2").set("note", "x")
    form.set("sections-times-place", "3")
    services = form.row_of("asks", "question", "services")
    form.set(f"{services}-place", "0")
    _send(quick_desk, "sre", form)
    with reading(quick_desk.app.extensions["rca_engine"]) as session:
        template = templates.find(session, "sre")
    assert [s.value for s in template.order()[:3]] == ["header", "timeline", "times"]
    assert [ask.question for ask in template.sections[0].asks] == ["services", "title", "severity"]


def test_a_preview_shows_the_form_and_keeps_the_typed_words(quick_desk: Desk) -> None:
    form = _edit(quick_desk, "light").set("sections-summary-heading", "What to remember")
    status, page = _send(quick_desk, "light", form, "preview:SEV4")
    assert status == 200
    assert "What to remember" in page
    assert "Not saved yet" in page
    assert 'value="What to remember"' in page
    back = read_form("<form " + page[page.index('action="/templates/light/edit"') :], "")
    status, page = _send(quick_desk, "light", back, "form")
    assert 'value="What to remember"' in page
    with reading(quick_desk.app.extensions["rca_engine"]) as session:
        assert templates.find(session, "light").version == 1


def test_a_question_is_asked_more_strongly_from_a_severity_on(quick_desk: Desk) -> None:
    form = _edit(quick_desk, "sre")
    base = form.row_of("asks", "question", "actions")
    _, page = _send(quick_desk, "sre", form, f"again:{base.removeprefix('asks-')}")
    again = read_form("<form " + page[page.index('action="/templates/sre/edit"') :], "")
    rows = [n for n, v in again.pairs if n.endswith("-question") and v == "actions"]
    assert len(rows) == 2
    second = rows[1].removesuffix("-question")
    again.set(f"{second}-at_least", "2").set(f"{second}-since", "SEV1").set("note", "x")
    assert _send(quick_desk, "sre", again)[0] == 303
    reference = quick_desk.write(rich(severity="SEV1"))
    client = quick_desk.client("ines")
    page = press(client, reference, open_editor(client, reference), "submit").get_data(as_text=True)
    assert "At least two commitments" in page


def test_a_template_of_ones_own_is_made_used_and_retired(desk: Desk) -> None:
    ada = desk.client("ada")
    page = ada.get("/templates/new?from=light").get_data(as_text=True)
    form = read_form("<form " + page[page.index('action="/templates/new"') :], "")
    form.set("id", "data-loss").set("name", "Data loss")
    answer = ada.post("/templates/new", data={**form.encoded(), "do": ["save"]})
    assert answer.status_code == 303, answer.get_data(as_text=True)[:2000]
    twice = ada.post("/templates/new", data={**form.encoded(), "do": ["save"]})
    assert twice.status_code == 422
    ada.post("/templates/choices", data={"choice-SEV3": "data-loss"})
    reference = desk.write(rich(severity="SEV3"))
    assert _following(desk, reference) == "data-loss@1"
    ada.post("/templates/data-loss/retire")
    listed = ada.get("/templates/data-loss").get_data(as_text=True)
    assert "It is the usual one for SEV-3" in listed
    ada.post("/templates/choices", data={"choice-SEV3": "sre"})
    ada.post("/templates/data-loss/retire")
    assert "data-loss" not in desk.client("ines").get("/postmortems/new").get_data(as_text=True)
    assert _following(desk, reference) == "data-loss@1"


def test_only_admins_change_templates_and_everybody_reads_them(quick_desk: Desk) -> None:
    for who in ("vera", "ines", "ravi"):
        client = quick_desk.client(who)
        for path in ("/templates", "/templates/coe", "/templates/coe/versions/1?severity=SEV1"):
            assert client.get(path).status_code == 200, path
        assert client.get("/templates/coe/edit").status_code == 403
        assert client.post("/templates/coe/edit", data={}).status_code == 403
        assert client.post("/templates/choices", data={}).status_code == 403
    assert quick_desk.client("ada").get("/templates/nothing").status_code == 404
    assert quick_desk.client("ada").get("/templates/sre/versions/9").status_code == 404


def test_hostile_words_of_a_template_stay_words(quick_desk: Desk) -> None:
    hostile = '"><script>alert(1)</script>{{7*7}}'
    form = _edit(quick_desk, "sre").set("note", hostile).set("guide", hostile)
    base = form.row_of("asks", "question", "summary")
    form.set("sections-summary-heading", hostile).set(f"{base}-hint", hostile)
    form.set(f"{base}-words", hostile).set("name", hostile)
    assert _send(quick_desk, "sre", form)[0] == 303
    reference = quick_desk.write(rich(summary=""))
    for path in ("/templates", "/templates/sre", "/templates/sre/edit", "/templates/sre/versions/2",
                 f"/postmortems/{reference}/edit", f"/postmortems/{reference}/template"):  # fmt: skip
        page = quick_desk.client("ada").get(path).get_data(as_text=True)
        assert "<script>alert" not in page, path
        assert "7*7" in page, path


def test_a_database_from_before_templates_keeps_everything(quick_desk: Desk) -> None:
    """A record that names no template is asked what the first shipped one asks."""
    reference = quick_desk.write(rich())
    with writing(quick_desk.app.extensions["rca_engine"]) as session:
        session.execute(text("UPDATE postmortem SET template_id = '', template_version = 0"))
    _demand(quick_desk, "sre", "halving")
    assert _following(quick_desk, reference) == "sre@1"
    client = quick_desk.client("ines")
    assert press(client, reference, open_editor(client, reference), "submit").status_code == 303
    assert quick_desk.view(reference).updated_at == NOW
