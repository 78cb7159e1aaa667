"""Create, edit and submit as a browser without scripts does it."""

import pytest
from werkzeug.test import encode_multipart

from rca.domain.postmortem import PostmortemContent
from rca.domain.vocabulary import Status
from tests.factories import rich
from tests.web.postmortems.conftest import Desk
from tests.web.postmortems.pages import open_editor, press, read_form


def test_four_questions_make_a_draft(desk: Desk) -> None:
    client = desk.client("ines")
    form = read_form(client.get("/postmortems/new").get_data(as_text=True), "")
    assert client.get("/postmortems/new").status_code == 200
    answer = client.post(
        "/postmortems/new",
        data={
            "title": "Checkout refuses cards",
            "severity": "SEV2",
            "add_services": "checkout, payments",
            "times-impact_started_at-value": "2026-08-14 09:12",
            "times-impact_started_at-precision": "approx",
        },
    )
    assert form is not None
    assert answer.status_code == 303
    assert answer.location.endswith("/postmortems/INC-2026-0001/edit")
    content = desk.view("INC-2026-0001").content
    assert content.services == ["checkout", "payments"]
    assert content.times[0].precision.value == "approx"


def test_only_the_title_is_needed_and_words_stay_when_it_is_missing(quick_desk: Desk) -> None:
    client = quick_desk.client("ines")
    refused = client.post("/postmortems/new", data={"add_services": "checkout"})
    assert refused.status_code == 422
    page = refused.get_data(as_text=True)
    assert 'href="#title"' in page
    assert 'value="checkout"' in page
    assert client.post("/postmortems/new", data={"title": "Slow search"}).status_code == 303


def test_the_editor_sent_back_as_it_is_changes_nothing(desk: Desk) -> None:
    reference = desk.write(rich())
    before = desk.view(reference)
    client = desk.client("ines")
    assert press(client, reference, open_editor(client, reference)).status_code == 303
    after = desk.view(reference)
    assert after.content == before.content
    assert after.version == before.version


def test_typed_words_are_stored(desk: Desk) -> None:
    reference = desk.write(rich())
    client = desk.client("ines")
    form = open_editor(client, reference)
    form.set("summary", "Two lines\nof words").set("factors-0-confidence", "likely")
    form.set("add_teams", "Payments platform")
    press(client, reference, form)
    content = desk.view(reference).content
    assert content.summary == "Two lines\nof words"
    assert content.factors[0].confidence == "likely"
    assert content.teams == ["Storefront", "Payments platform"]


def test_add_row_keeps_what_was_typed_and_stores_nothing(quick_desk: Desk) -> None:
    reference = quick_desk.write(rich())
    client = quick_desk.client("ines")
    form = open_editor(client, reference).set("timeline-0-text", "Half typed")
    page = press(client, reference, form, "add:timeline")
    assert page.status_code == 200
    again = read_form(page.get_data(as_text=True))
    assert again.get("timeline-0-text") == "Half typed"
    assert again.get("timeline-3-text") == ""
    assert 'name="timeline-3-at"' in page.get_data(as_text=True)
    assert quick_desk.view(reference).content.timeline[0].text != "Half typed"
    again.set("timeline-3-at", "10:20").set("timeline-3-text", "All clear")
    press(client, reference, again)
    stored = quick_desk.view(reference).content.timeline
    assert [row.text for row in stored][0::3] == ["Half typed", "All clear"]
    assert f"{stored[3].at:%Y-%m-%d %H:%M}" == "2026-08-14 10:20"


@pytest.mark.parametrize(
    ("button", "left"),
    [("remove:timeline-1", [0, 2]), ("up:timeline-2", [0, 2, 1]), ("down:timeline-0", [1, 0, 2])],
)
def test_rows_are_removed_and_moved(quick_desk: Desk, button: str, left: list[int]) -> None:
    reference = quick_desk.write(rich())
    texts = [row.text for row in quick_desk.view(reference).content.timeline]
    client = quick_desk.client("ines")
    page = press(client, reference, open_editor(client, reference), button)
    press(client, reference, read_form(page.get_data(as_text=True)))
    stored = [row.text for row in quick_desk.view(reference).content.timeline]
    assert stored == [texts[place] for place in left]


def test_the_last_row_can_go(quick_desk: Desk) -> None:
    reference = quick_desk.write(rich())
    client = quick_desk.client("ines")
    page = press(client, reference, open_editor(client, reference), "remove:actions-0")
    press(client, reference, read_form(page.get_data(as_text=True)))
    assert quick_desk.view(reference).content.actions == []


def test_an_action_from_a_factor_is_linked_and_due(quick_desk: Desk) -> None:
    reference = quick_desk.write(rich())
    client = quick_desk.client("ines")
    page = press(client, reference, open_editor(client, reference), "act:factors-1")
    form = read_form(page.get_data(as_text=True))
    assert form.get("actions-1-due") == "2026-10-19"
    press(client, reference, form.set("actions-1-title", "Alert on payment success"))
    content = quick_desk.view(reference).content
    assert content.actions[1].factor_ids == [content.factors[1].id]


def test_evidence_of_an_ai_row_is_added_where_its_button_stands(quick_desk: Desk) -> None:
    reference = quick_desk.write(rich())
    client = quick_desk.client("ines")
    form = open_editor(client, reference)
    base = form.row_of("ai_influences", "surface", "config")
    page = press(client, reference, form, f"add:{base}-evidence")
    again = read_form(page.get_data(as_text=True))
    base = again.row_of("ai_influences", "surface", "config")
    again.set(f"{base}-evidence-0-basis", "log")
    again.set(f"{base}-evidence-0-locator", "deploy log 81")
    press(client, reference, again)
    rows = {row.surface.value: row for row in quick_desk.view(reference).content.ai_influences}
    assert rows["config"].state == "ruled_out"
    assert rows["code"].state == "evidenced"


def test_problems_stand_beside_their_field_and_words_stay(quick_desk: Desk) -> None:
    reference = quick_desk.write(rich())
    client = quick_desk.client("ines")
    form = open_editor(client, reference)
    form.set("timeline-1-at", "ten to nine").set("responders_count", "several")
    form.set("summary", "Precious words")
    answer = press(client, reference, form)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'href="#timeline-1-at"' in page
    assert 'id="timeline-1-at-error"' in page
    assert 'value="ten to nine"' in page
    assert 'href="#responders_count"' in page
    assert "Precious words" in page
    assert quick_desk.view(reference).content.summary != "Precious words"


def test_submit_asks_for_what_the_severity_needs_and_links_to_it(desk: Desk) -> None:
    reference = desk.write(PostmortemContent.model_validate({"title": "Slow search"}))
    client = desk.client("ines")
    form = open_editor(client, reference).set("severity", "SEV4")
    answer = press(client, reference, form, "submit")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    for anchor in ("services", "times-impact_started_at", "summary", "factors", "ai"):
        assert f'href="#{anchor}"' in page
        assert f'id="{anchor}"' in page, anchor
    assert 'href="#detection_method"' not in page
    assert desk.view(reference).content.severity == "SEV4"


def test_every_checklist_link_has_its_field(quick_desk: Desk) -> None:
    content = PostmortemContent.model_validate(
        {
            "severity": "SEV1",
            "ai_influences": [{"surface": "code", "state": "reported", "effect": "contributed"}],
        }
    )
    reference = quick_desk.write(content)
    page = quick_desk.client("ines").get(f"/postmortems/{reference}/edit").get_data(as_text=True)
    from rca.domain.lifecycle import unmet

    for item in unmet(content):
        assert f'id="{item.anchor}"' in page, item.anchor


def test_a_complete_one_goes_to_review(desk: Desk) -> None:
    reference = desk.write(rich())
    client = desk.client("ines")
    answer = press(client, reference, open_editor(client, reference), "submit")
    assert answer.status_code == 303
    assert desk.view(reference).status is Status.IN_REVIEW


def test_the_suggested_sentence_is_put_into_the_summary(quick_desk: Desk) -> None:
    reference = quick_desk.write(rich(summary=""))
    client = quick_desk.client("ines")
    form = open_editor(client, reference)
    page = press(client, reference, form, "suggest:summary").get_data(as_text=True)
    words = read_form(page).get("summary")
    assert words.startswith("On 14 August 2026, checkout and payments were affected")
    assert "suggested" in page


def test_changing_severity_down_and_up_loses_nothing(quick_desk: Desk) -> None:
    reference = quick_desk.write(rich())
    before = quick_desk.view(reference).content
    client = quick_desk.client("ines")
    for severity in ("SEV5", "SEV2"):
        press(client, reference, open_editor(client, reference).set("severity", severity))
    assert quick_desk.view(reference).content == before


def test_three_hundred_events_can_be_edited(quick_desk: Desk) -> None:
    rows = [{"at": "2026-08-14 09:00", "text": f"Event {i}"} for i in range(300)]
    reference = quick_desk.write(rich(timeline=rows))
    client = quick_desk.client("ines")
    form = open_editor(client, reference)
    assert len(form.pairs) < 6_000
    answer = press(client, reference, form.set("timeline-299-text", "The last one"))
    assert answer.status_code == 303
    assert quick_desk.view(reference).content.timeline[-1].text == "The last one"


def test_too_many_fields_are_refused_kindly(quick_desk: Desk) -> None:
    reference = quick_desk.write(rich())
    client = quick_desk.client("ines")
    form = open_editor(client, reference)
    form.pairs += [(f"timeline-{i}-text", "x") for i in range(10, 8_000)]
    # Multipart is what counts parts; the editor itself sends the shorter form encoding.
    boundary, body = encode_multipart({**form.encoded(), "do": "save"})
    answer = client.post(
        f"/postmortems/{reference}/edit",
        data=body,
        content_type=f'multipart/form-data; boundary="{boundary}"',
    )
    assert answer.status_code == 413
    assert "6,000 fields" in answer.get_data(as_text=True)


def test_writing_needs_a_form_token(quick_desk: Desk) -> None:
    reference = quick_desk.write(rich())
    client = quick_desk.client("ines")
    form = open_editor(client, reference).set("csrf_token", "wrong")
    quick_desk.app.config["WTF_CSRF_ENABLED"] = True
    assert press(client, reference, form).status_code == 400


def test_readers_can_not_open_the_editor(quick_desk: Desk) -> None:
    reference = quick_desk.write(rich())
    assert quick_desk.client("vera").get(f"/postmortems/{reference}/edit").status_code == 403
    assert quick_desk.client("vera").get("/postmortems/new").status_code == 403


HOSTILE = "\"><img src=x onerror=alert(1)><script>alert(2)</script>{{7*7}}'--"


def test_hostile_words_stay_words_everywhere(quick_desk: Desk) -> None:
    content = rich(
        title=HOSTILE,
        services=[HOSTILE],
        summary=HOSTILE,
        impact_summary=HOSTILE,
        time_note=HOSTILE,
        timeline=[{"text": HOSTILE, "actor_role": HOSTILE, "evidence_url": f"https://x/{HOSTILE}"}],
        factors=[{"statement": HOSTILE, "factor_class": HOSTILE, "evidence": HOSTILE}],
        actions=[{"title": HOSTILE, "tracker_url": "javascript:alert(1)", "owner": HOSTILE}],
        notes=[{"kind": "surprise", "text": HOSTILE}],
        participants=[{"role": "scribe", "name": HOSTILE}],
        related=[{"reference": HOSTILE, "relation": "similar_to", "rationale": HOSTILE}],
        changes=[{"change_key": HOSTILE, "relation": "suspect"}],
        imported_text=HOSTILE,
        source_url="javascript:alert(1)",
        ai_influences=[
            {
                "surface": "code",
                "state": "reported",
                "note": HOSTILE,
                "tool": HOSTILE,
                "evidence": [{"basis": "log", "locator": HOSTILE, "quote": HOSTILE}],
                "claims": [{"party": HOSTILE, "statement": HOSTILE, "source": HOSTILE}],
            }
        ],
    )
    reference = quick_desk.write(content)
    client = quick_desk.client("ines")
    client.post(f"/postmortems/{reference}/comments", data={"body": HOSTILE, "anchor": HOSTILE})
    edit = press(client, reference, open_editor(client, reference).set("tldr", HOSTILE))
    assert edit.status_code == 303
    for path in ("", "/edit", "/history", "/compare?from=1&to=2"):
        page = client.get(f"/postmortems/{reference}{path}").get_data(as_text=True)
        assert "<img src=x" not in page, path
        assert "<script>alert" not in page, path
        assert 'href="javascript:' not in page, path
        assert "49" not in page.split("{{7")[0][-20:]
        assert "onerror=alert(1)&gt;" in page or "7*7" in page or path == "/history"
