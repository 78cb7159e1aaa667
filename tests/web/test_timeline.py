"""Paste to timeline in the browser, with scripts off."""

import io
import re

from flask import Flask
from flask.testing import FlaskClient

from rca.domain.postmortem import PostmortemContent
from rca.services import authoring, reading
from rca.store.engine import reading as opened
from rca.store.engine import writing
from tests.conftest import NOW
from tests.people import People
from tests.services.test_timeline_paste import CHAT
from tests.web.conftest import people_of, sign_in


def fields(page: str) -> dict[str, object]:
    """What a browser would send back of the last form: hidden inputs, ticks, the text."""
    form = page[page.rindex('<form method="post"') :]
    found: dict[str, object] = dict(
        re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form)
    )
    text = re.search(r'<textarea name="text"[^>]*>\n(.*?)</textarea>', form, re.DOTALL)
    if text:
        found["text"] = text[1].replace("&#34;", '"').replace("&lt;", "<").replace("&gt;", ">")
    for name in ("row", "milestone"):
        boxes = re.findall(rf'<input type="checkbox" name="{name}" value="(\d+)"[^>]*?>', form)
        ticked = re.findall(
            rf'<input type="checkbox" name="{name}" value="(\d+)"[^>]* checked', form
        )
        assert set(ticked) <= set(boxes)
        found[name] = ticked
    return found


def start(app: Flask) -> tuple[People, FlaskClient, str, str]:
    people = people_of(app)
    with writing(app.extensions["rca_engine"]) as session:
        made = authoring.create(
            session, viewer=people.ines, content=PostmortemContent(title="Checkout"), now=NOW
        )
    client = sign_in(app, people.ines)
    return people, client, made.reference, f"/postmortems/{made.reference}/timeline"


def test_paste_look_take_confirm(app: Flask) -> None:
    people, client, reference, at = start(app)
    page = client.get(f"{at}/paste").text
    assert "Europe/Berlin" in page
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    given = {"csrf_token": token[1], "text": CHAT, "day": "2026-08-14", "zone": "Europe/Berlin"}
    look = client.post(f"{at}/paste", data=given)
    assert look.status_code == 200
    assert "3 new rows" in look.text
    assert "14 Aug 2026 07:12" in look.text
    sent = fields(look.text)
    assert sent["row"] == ["0", "1", "2"]
    done = client.post(f"{at}/paste", data={**sent, "row": ["0", "2"]})
    assert done.status_code == 303
    check = client.get(f"{at}/check").text
    assert "2 timeline rows wait" in check
    confirmed = client.post(f"{at}/check", data=fields(check))
    assert confirmed.status_code == 303
    with opened(app.extensions["rca_engine"]) as session:
        content = reading.view(session, viewer=people.ines, reference=reference, live=True).content
    assert [entry.text for entry in content.timeline] == ["alert fired for checkout", "rolled back"]
    assert all(entry.confirmed for entry in content.timeline)
    assert [mark.milestone for mark in content.times] == ["detected_at", "mitigated_at"]


def test_a_file_and_a_conflict_keep_the_ticks(app: Flask) -> None:
    _people, client, _reference, at = start(app)
    page = client.get(f"{at}/paste").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    file = (io.BytesIO(CHAT.encode("utf-16")), "chat.txt")
    look = client.post(
        f"{at}/paste",
        data={"csrf_token": token[1], "file": file, "day": "2026-08-14", "zone": "UTC"},
    )
    sent = {**fields(look.text), "row": ["1"]}
    assert client.post(f"{at}/paste", data={**sent, "row": ["0"]}).status_code == 303
    late = client.post(f"{at}/paste", data=sent)
    assert late.status_code == 409
    assert "Somebody changed the timeline" in late.text
    assert fields(late.text)["row"] == ["1"]
    assert client.post(f"{at}/paste", data=fields(late.text)).status_code == 303


def test_errors_stand_at_their_field_and_the_text_stays(app: Flask) -> None:
    _people, client, _reference, at = start(app)
    page = client.get(f"{at}/paste").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    wrong = client.post(
        f"{at}/paste", data={"csrf_token": token[1], "text": "09:12 x", "zone": "Mars/Olympus"}
    )
    assert wrong.status_code == 422
    assert "is not a time zone" in wrong.text
    assert "09:12 x" in wrong.text
    blank = client.post(f"{at}/paste", data={"csrf_token": token[1], "text": " ", "zone": "UTC"})
    assert blank.status_code == 422


def test_readers_and_outsiders_stay_out(app: Flask) -> None:
    people, _client, _reference, at = start(app)
    assert sign_in(app, people.vera).get(f"{at}/paste").status_code == 403
    assert (
        sign_in(app, people.otto).get("/postmortems/INC-1999-0001/timeline/paste").status_code
        == 404
    )
