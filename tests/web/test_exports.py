"""Taking a postmortem away from the browser."""

import json

from flask import Flask

from rca.domain.postmortem import PostmortemContent
from rca.services import authoring
from rca.store.engine import writing
from tests.conftest import NOW
from tests.e2e.world import fresh
from tests.factories import rich
from tests.web.conftest import people_of, sign_in


def test_markdown_json_and_schema(app: Flask) -> None:
    people = people_of(app)
    with writing(app.extensions["rca_engine"]) as session:
        made = authoring.create(session, viewer=people.ines, content=rich(), now=NOW)
        hidden = authoring.create(
            session, viewer=people.ines, content=rich_again("restricted"), now=NOW
        )
    vera = sign_in(app, people.vera)
    page = vera.get(f"/postmortems/{made.reference}.md")
    assert page.status_code == 200
    assert page.mimetype == "text/markdown"
    assert page.headers["Content-Disposition"] == f'attachment; filename="{made.reference}.md"'
    same = vera.get(f"/postmortems/{made.reference}.md", headers={"If-None-Match": page.headers["ETag"]})  # fmt: skip
    assert same.status_code == 304
    document = json.loads(vera.get(f"/postmortems/{made.reference}.json?roles=1").text)
    assert document["$schema"] == "/schemas/postmortem.json"
    assert document["content"]["participants"][0]["name"] == "Author"
    for suffix in ("md", "json"):
        assert vera.get(f"/postmortems/{hidden.reference}.{suffix}").status_code == 404
        assert vera.get(f"/postmortems/INC-1999-0001.{suffix}").status_code == 404
    assert vera.get(f"/postmortems/{made.reference}.md?for=customers").status_code == 422
    stranger = sign_in(app, None)
    assert stranger.get(f"/postmortems/{made.reference}.md").status_code in (303, 401)
    assert stranger.get("/schemas/postmortem.json").json["title"] == "Postmortem"  # type: ignore[index]


def rich_again(visibility: str) -> PostmortemContent:
    """The rich content once more, with row ids of its own."""
    return fresh({**rich().model_dump(mode="json"), "visibility": visibility})
