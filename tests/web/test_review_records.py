"""Reviews on record over the web: the whole way with scripts off, both texts on a clash, slides."""

import csv
import io
import json
import re
import zipfile
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mining import stats
from rca.domain.access import OPERATOR
from rca.jobs import run_due
from rca.services import accounts, documents, review_pages
from rca.store.engine import writing
from tests.conftest import NOW
from tests.people import People
from tests.services.quarters import fill
from tests.web.conftest import form_token, people_of, sign_in

SUMMER = datetime(2026, 7, 2, 8, tzinfo=UTC)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer resamples: intervals are tested where they are made."""
    monkeypatch.setattr(stats, "_RESAMPLES", 100)


@pytest.fixture
def world(app: Flask) -> People:
    """Five published incidents of the third quarter."""
    people = people_of(app)
    with writing(app.extensions["rca_engine"]) as session:
        fill(session, people.ines, SUMMER, 5, severity="SEV1")
    return people


def post(client: FlaskClient, path: str, **fields: str) -> tuple[int, str, str]:
    """Status, target and body of a form."""
    answer = client.post(path, data={"csrf_token": form_token(client), **fields})
    return answer.status_code, answer.headers.get("Location", ""), answer.get_data(as_text=True)


def start(client: FlaskClient) -> str:
    """A draft of the quarter; returns its page's address."""
    status, target, _ = post(client, "/reviews/new", period="2026-Q3")
    assert (status, target) == (303, "/reviews/records/2026-Q3_v1/edit")
    return target.removesuffix("/edit")


def fields_of(page: str) -> dict[str, str]:
    """What the edit form would send as it stands."""
    found = {}
    form = page[page.index("data-put=") : page.index("</form>", page.index("data-put="))]
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and not name[1].startswith("csrf"):
            found[name[1]] = value[1].replace("&#34;", '"') if value else ""
    texts = re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>\n(.*?)</textarea>', form, re.S)
    found.update(texts)
    for name, body in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'<option value="([^"]*)" selected', body)
        found[name] = chosen[1] if chosen else ""
    return found


def test_the_whole_way_with_scripts_off(app: Flask, world: People) -> None:
    author, reviewer = sign_in(app, world.ines), sign_in(app, world.ravi)
    show = start(author)
    fields = fields_of(author.get(f"{show}/edit").get_data(as_text=True))
    fields |= {
        "part-verdict-text": "The switch was found late.",
        "part-follow_through-text": "Two teams **shared** the work.",
        "part-decisions-rows-0-title": "Fund a drill each month",
        "part-decisions-rows-0-owner": "Platform",
        "part-decisions-rows-0-cost": "2 days a month",
        "part-decisions-rows-0-by": "2026-11-20",
    }
    status, target, _ = post(author, f"{show}/edit", do="save", **fields)
    assert (status, target) == (303, show)
    page = author.get(show).get_data(as_text=True)
    for words in ("The switch was found late.", "<strong>shared</strong>", "Fund a drill each month",
                  "Platform, 2 days a month", "by 20 November 2026", "What the figures say"):  # fmt: skip
        assert words in page, words
    assert author.post(f"{show}/freeze", data={"csrf_token": form_token(author)}).status_code == 403
    version = re.search(r'name="version" value="(\d+)"', reviewer.get(show).get_data(as_text=True))
    assert version
    assert post(reviewer, f"{show}/freeze", version=version[1])[0] == 303
    assert post(reviewer, f"{show}/publish", version=version[1])[0] == 409
    assert post(reviewer, f"{show}/publish", version=str(int(version[1]) + 1))[0] == 303
    assert author.get(f"{show}/edit").status_code == 409
    assert post(reviewer, f"{show}/addenda", text="The cost is 3 days.")[0] == 303
    assert "Addendum, 5 October 2026" in author.get(show).get_data(as_text=True)
    # The address of the period leads to what is published, and figures of now stay in reach.
    assert author.get("/reviews/2026-Q3").headers["Location"] == show
    assert author.get("/reviews/2026-Q3?live=1").status_code == 200
    assert author.get("/reviews/2026-Q3.pdf").headers["Location"] == f"{show}.pdf"
    text = author.get(f"{show}/numbers.md").get_data(as_text=True)
    assert "**The switch was found late.**" in text
    assert "(Platform, 2 days a month, by 20 November 2026)" in text
    assert "> Addendum, 5 October 2026: The cost is 3 days." in text


def test_rows_are_added_moved_and_removed_by_buttons(app: Flask, world: People) -> None:
    client = sign_in(app, world.ines)
    show = start(client)

    def order() -> list[str]:
        page = client.get(f"{show}/edit").get_data(as_text=True)
        sent = fields_of(page)
        return [
            v for n, v in sorted(sent.items()) if re.fullmatch(r"part-agenda-rows-\d-reference", n)
        ]

    before = order()
    assert len(before) == 5
    for do, after in (("agenda-down-0", [before[1], before[0], *before[2:]]),
                      ("agenda-remove-4", [before[1], before[0], *before[2:4]])):  # fmt: skip
        sent = fields_of(client.get(f"{show}/edit").get_data(as_text=True))
        assert post(client, f"{show}/edit", do=do, **sent)[0] == 303
        assert order() == after
    sent = fields_of(client.get(f"{show}/edit").get_data(as_text=True))
    status, _, page = post(client, f"{show}/edit", do="agenda-add", **sent)
    assert status == 200
    assert len([n for n in fields_of(page) if n.endswith("-reference")]) == 5


def test_two_writers_see_both_texts_and_choose(app: Flask, world: People) -> None:
    one, two = sign_in(app, world.ines), sign_in(app, world.otto)
    show = start(one)
    sent = fields_of(one.get(f"{show}/edit").get_data(as_text=True))
    theirs = {**sent, "part-impact-text": "Theirs <b>", "part-volume-text": "Only theirs"}
    assert post(two, f"{show}/edit", do="save", **theirs)[0] == 303
    mine = {**sent, "part-impact-text": "Mine", "part-durations-text": "Only mine"}
    status, _, page = post(one, f"{show}/edit", do="save", **mine)
    assert status == 409
    assert "Theirs &lt;b&gt;" in page
    assert ">Mine<" in page.replace("\n", "")
    assert page.count('class="card clash__one"') == 2  # impact, and volume that was sent blank
    choice = {
        "part-impact-text": "Mine", "version_of-impact": "1", "choose-impact": "both",
        "part-volume-text": "", "version_of-volume": "1", "choose-volume": "theirs",
    }  # fmt: skip
    assert post(one, f"{show}/edit", do="save", **choice)[0] == 303
    shown = one.get(show).get_data(as_text=True)
    for words in ("Theirs &lt;b&gt;", "<p>Mine</p>", "Only theirs", "Only mine"):
        assert words in shown, words
    kept = one.get(f"{show}/history").get_data(as_text=True)
    assert "not taken over" in kept


def put(client: FlaskClient, path: str, version: int, text: str) -> tuple[int, dict[str, object]]:
    """One part as the script sends it."""
    answer = client.put(
        path,
        data=json.dumps({"fields": [[f"part-{path.rsplit('/', 1)[1].replace('-', '_')}-text", text]]}),
        content_type="application/json",
        headers={"If-Match": f'"{version}"', "X-CSRFToken": form_token(client),
                 "Accept": "application/json"},
    )  # fmt: skip
    return answer.status_code, answer.get_json()


def test_autosave_names_its_version(app: Flask, world: People) -> None:
    client = sign_in(app, world.ines)
    path = f"{start(client)}/parts/follow-through"
    assert put(client, path, 0, "First")[1]["version"] == 1
    assert put(client, path, 1, "Second")[1]["version"] == 2
    status, told = put(client, path, 1, "From an old page")
    assert (status, told["mine"], told["theirs"]) == (409, "From an old page", "Second")
    assert put(client, path, 2, "x" * 6_001)[0] == 422
    assert client.put(path, json={"fields": []}).status_code in (400, 428)
    assert put(client, path.replace("follow-through", "nothing"), 0, "x")[0] == 404


def test_the_presentation_stands_without_scripts(app: Flask, world: People) -> None:
    client = sign_in(app, world.vera)
    page = client.get("/reviews/2026-Q3/present").get_data(as_text=True)
    slides = re.findall(r'<section class="slide" id="s(\d+)"', page)
    assert slides == [str(n) for n in range(1, len(slides) + 1)]
    assert page.count("<h1") == 1
    assert 'rel="next" href="#s2"' in page or 'href="#s2" rel="next"' in page
    assert "Chosen by rule" in page
    assert " style=" not in page
    assert re.search(r"<script(?![^>]*src=)", page) is None


def test_the_new_page_keeps_what_was_wrong(app: Flask, world: People) -> None:
    client = sign_in(app, world.ines)
    for fields, status, words in (
        ({"period": "nonsense"}, 404, "is not a period"),
        ({"first": "2026-07-01", "last": "soon"}, 422, "Write both days"),
        ({"period": "2020-Q1"}, 404, "No incident of January to March 2020"),
        ({"period": "2026-Q3", "team": "Ghosts"}, 422, "No record names this team"),
    ):
        found, _, page = post(client, "/reviews/new", **fields)
        assert found == status
        assert words in page
    status, target, _ = post(client, "/reviews/new", first="2026-07-01", last="2026-08-31")
    assert target == "/reviews/records/2026-07-01..2026-08-31_v1/edit"
    assert sign_in(app, world.vera).get("/reviews/new").status_code == 403


# The API, and one set of numbers everywhere


def bearer(app: Flask, name: str) -> dict[str, str]:
    """Headers of an account's token with every scope."""
    with writing(app.extensions["rca_engine"]) as session:
        token = accounts.make_token(
            session, actor=OPERATOR, name=name, label="t", scopes=("admin",), now=NOW
        )
    return {"Authorization": f"Bearer {token}"}


def test_a_review_by_the_api(app: Flask, world: People) -> None:
    client = app.test_client()
    ravi, vera = bearer(app, "ravi"), bearer(app, "vera")
    path = "/api/v1/reviews"
    assert client.post(path, json={"period": "2026-Q3"}, headers=vera).status_code == 403
    assert client.post(path, json={"period": 7}, headers=ravi).status_code == 422
    made = client.post(path, json={"period": "2026-Q3"}, headers=ravi)
    assert (made.status_code, made.get_json()) == (201, {"reference": "2026-Q3_v1"})
    part = f"{path}/2026-Q3_v1/parts/verdict"
    assert client.put(part, json={"text": "x"}, headers=ravi).status_code == 428
    first = {**ravi, "If-Match": '"0"'}
    assert client.put(part, json={"text": "Mine"}, headers=first).get_json()["version"] == 1
    stale = client.put(part, json={"text": "Late"}, headers=first)
    assert (stale.status_code, stale.get_json()["current"]) == (412, {"text": "Mine"})
    found = client.get(f"{path}/2026-Q3_v1", headers=vera)
    for move, base in (("freeze", 1), ("publish", 2)):
        headers = {**ravi, "If-Match": f'"{base}"'}
        moved = client.post(f"{path}/2026-Q3_v1/{move}", headers=headers)
        assert moved.get_json()["version"] == base + 1
    assert found.headers["ETag"] == '"1"'
    (line,) = client.get(path, headers=vera).get_json()["items"]
    assert (line["state"], line["verdict"]) == ("published", "Mine")


def cells(review: dict[str, Any]) -> dict[str, list[list[Any]]]:
    """Every table of numbers of the value, by name."""
    found = {}
    for section in review["sections"]:
        for chart in section["charts"]:
            found[chart["sheet"]["name"]] = chart["sheet"]["rows"]
            if chart["points"]:
                found[chart["points"]["name"]] = chart["points"]["rows"]
        found |= {sheet["name"]: sheet["rows"] for sheet in section["sheets"]}
    return found


def test_page_print_csv_parquet_and_api_hold_the_same_numbers(
    app: Flask, world: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pandas as pd

    monkeypatch.setattr(
        documents, "draw_charts", lambda charts, **_: {c.name: "<svg/>" for c in charts}
    )
    monkeypatch.setattr(documents, "make_pdf", lambda html, *_, **__: html.encode())
    client, show = sign_in(app, world.ravi), "/reviews/records/2026-Q3_v1"
    start(client)
    assert post(client, f"{show}/freeze", version="1")[0] == 303
    api = app.test_client().get("/api/v1/reviews/2026-Q3_v1", headers=bearer(app, "vera"))
    numbers = cells(api.get_json()["review"])
    assert len(numbers) > 10
    assert cells(client.get(f"{show}/numbers.json").get_json()) == numbers
    archives = {}
    for shape in ("csv", "parquet"):
        data = client.get(f"{show}/numbers.{shape}").data
        archives[shape] = zipfile.ZipFile(io.BytesIO(data))
        assert sorted(archives[shape].namelist()) == sorted(f"{name}.{shape}" for name in numbers)
    client.get(f"{show}.pdf")
    run_due(app.extensions["rca_engine"], app.extensions["rca_settings"], now=NOW)
    printed = client.get(f"{show}.pdf").get_data(as_text=True)
    page = client.get(show).get_data(as_text=True)
    for name, rows in numbers.items():
        frame = pd.read_parquet(io.BytesIO(archives["parquet"].read(f"{name}.parquet")))
        told = [[None if pd.isna(v) else v for v in row] for row in frame.astype(object).to_numpy()]
        assert told == rows, name
        text = archives["csv"].read(f"{name}.csv").decode()
        read = list(csv.reader(io.StringIO(text)))[1:]
        assert [[_number(v) for v in row] for row in read] == [
            [_number("" if v is None else str(v)) for v in row] for row in rows
        ], name
    for row in numbers["durations"]:
        for cell in (
            review_pages.cell_words(row[2], "minutes"),
            review_pages.cell_words(row[1], "count"),
        ):
            assert f">{cell}<" in page
            assert f">{cell}<" in printed


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text
