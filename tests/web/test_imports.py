"""Import in the browser: look first, say yes, see what was stored."""

import io
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine
from sqlmodel import select
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from rca.config import Settings
from rca.domain.vocabulary import Visibility
from rca.services import import_uploads
from rca.store import tables as t
from rca.store.engine import reading, writing
from rca.web import create_app
from tests.conftest import NOW
from tests.e2e.world import cookie_for, give_password
from tests.people import make_people

ROWS = (
    b'{"id": "a1", "title": "Search is slow", "text": "Long words.", "colour": "red"}\n'
    b'{"id": "a2", "title": "Cart is empty", "severity": "fatal"}\n'
    b'{"id": "a3", "text": "Mails went out twice. Later it stopped.", "date": "2024-05"}\n'
)


class Browser:
    """A signed-in client that follows forms as a browser without scripts does."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str) -> str:
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    def post(self, path: str, page: str, **data: object) -> tuple[int, str, str]:
        found = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert found
        # Encoded here: the client's own encoder leaves a temporary file open for large bodies.
        mark, body = encode_multipart({"csrf_token": found[1], **data})
        kind = f'multipart/form-data; boundary="{mark}"'
        answer = self.client.post(path, data=body, content_type=kind)
        return answer.status_code, answer.headers.get("Location", ""), answer.text


@pytest.fixture
def browsers(engine: Engine, tmp_path: Path) -> dict[str, Browser]:
    """Everybody, signed in."""
    settings = Settings(home=tmp_path, database_url=str(engine.url))
    with writing(engine) as session:
        make_people(session, NOW)
    cookies = {}
    with writing(engine) as session:
        for name in ("ines", "ravi", "vera", "otto"):
            give_password(session, name)
            cookies[name] = cookie_for(session, name)
    app = create_app(settings, engine=engine, clock=lambda: NOW)
    found = {}
    for name, secret in cookies.items():
        client = app.test_client()
        client.set_cookie("rca_session", secret)
        found[name] = Browser(client)
    return found


def _send(browser: Browser, data: bytes = ROWS, name: str = "pile.jsonl", **more: object) -> str:
    page = browser.get("/import")
    status, location, text = browser.post(
        "/import", page, files=FileStorage(io.BytesIO(data), name), **more
    )
    assert status == 303, text
    return location


def test_look_then_import(browsers: dict[str, Browser], engine: Engine) -> None:
    ravi = browsers["ravi"]
    where = _send(ravi)
    preview = ravi.get(where)
    assert "2 records would go in" in preview
    assert "pile.jsonl, line 2" in preview
    assert "“fatal” is none of SEV1" in preview
    assert "colour" in preview
    assert _titles(engine) == []
    status, location, _ = ravi.post(where, preview, do="import", **{"as": "published"})
    assert status == 303
    assert "2 records stored" in ravi.get(location)
    assert _titles(engine) == ["Mails went out twice", "Search is slow"]
    assert ravi.client.get(where).status_code == 404


def test_a_second_look_finds_nothing_new(browsers: dict[str, Browser], engine: Engine) -> None:
    ravi = browsers["ravi"]
    for _ in range(2):
        where = _send(ravi)
        preview = ravi.get(where)
        ravi.post(where, preview, do="import", **{"as": "published"})
    assert "Everything readable is here already" in preview
    assert len(_titles(engine)) == 2


def test_an_author_imports_drafts_only(browsers: dict[str, Browser], engine: Engine) -> None:
    ines = browsers["ines"]
    where = _send(ines)
    preview = ines.get(where)
    assert "a reviewer can import as published" in preview
    status, _, _ = ines.post(where, preview, do="import", **{"as": "published"})
    assert status == 403
    assert _titles(engine) == []
    status, _, _ = ines.post(where, preview, do="import", **{"as": "draft"})
    assert status == 303
    with reading(engine) as session:
        assert set(session.exec(select(t.PostmortemRow.status))) == {"draft"}


def test_a_reader_may_not_import(browsers: dict[str, Browser]) -> None:
    assert browsers["vera"].client.get("/import").status_code == 403


def test_uploads_and_results_are_their_senders_alone(browsers: dict[str, Browser]) -> None:
    where = _send(browsers["ravi"])
    assert browsers["ines"].client.get(where).status_code == 404
    preview = browsers["ravi"].get(where)
    _, result, _ = browsers["ravi"].post(where, preview, do="import", **{"as": "draft"})
    assert browsers["otto"].client.get(result).status_code == 404


def test_discard_stores_nothing(browsers: dict[str, Browser], engine: Engine) -> None:
    ravi = browsers["ravi"]
    where = _send(ravi)
    status, _, _ = ravi.post(where, ravi.get(where), do="discard")
    assert status == 303
    with reading(engine) as session:
        assert session.exec(select(t.ImportUpload)).all() == []
    assert _titles(engine) == []


def test_the_look_counts_wording_before_anything_is_shared(browsers: dict[str, Browser]) -> None:
    ravi = browsers["ravi"]
    page = ravi.get("/import")
    pasted = "title,summary\nDisk full,The operator failed to check the disk.\n"
    _, where, _ = ravi.post("/import", page, pasted=pasted)
    assert "1 hint in the records below" in ravi.get(where)
    _, where, _ = ravi.post("/import", page, pasted="title,summary\nDisk full,It filled.\n")
    assert "No sentence of the records below points at a person" in ravi.get(where)


def test_a_paste_and_severity_words(browsers: dict[str, Browser]) -> None:
    ravi = browsers["ravi"]
    page = ravi.get("/import")
    pasted = "title,severity\nDisk full,Major\n"
    _, where, _ = ravi.post("/import", page, pasted=pasted, severities="Major = SEV-2")
    preview = ravi.get(where)
    assert "1 record would go in" in preview
    assert "SEV-2" in preview


def test_nothing_sent_is_said_at_the_field_and_the_paste_stays(
    browsers: dict[str, Browser],
) -> None:
    ravi = browsers["ravi"]
    status, _, text = ravi.post("/import", ravi.get("/import"), organisation="Acme")
    assert status == 422
    assert "Choose at least one file, or paste a text." in text
    assert 'value="Acme"' in text
    status, _, text = ravi.post(
        "/import", ravi.get("/import"), pasted="my words", severities="bogus"
    )
    assert status == 422
    assert "my words" in text


def test_a_file_larger_than_a_form_may_be_is_welcome(browsers: dict[str, Browser]) -> None:
    row = b'{"title": "Large", "text": "' + b"x" * 150_000 + b'"}\n'
    rows = b"".join(row.replace(b"Large", b"Large %d" % n) for n in range(70))
    assert len(rows) > 10 * 1024 * 1024
    ravi = browsers["ravi"]
    assert "70 records would go in" in ravi.get(_send(ravi, rows))


def test_too_much_is_refused_kindly(
    browsers: dict[str, Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rca.web.imports.MOST_BYTES", -1024 * 1024 + 2_000)
    ravi = browsers["ravi"]
    page = ravi.get("/import")
    status, _, text = ravi.post(
        "/import", page, files=FileStorage(io.BytesIO(b"x" * 9_000), "big.csv")
    )
    assert status == 413
    assert "One import may hold 50 MB" in text


def test_many_records_are_stored_by_the_worker(
    browsers: dict[str, Browser], engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rca.jobs import run_due

    monkeypatch.setattr(import_uploads, "AT_ONCE", 1)
    ravi = browsers["ravi"]
    where = _send(ravi)
    _, result, _ = ravi.post(where, ravi.get(where), do="import", **{"as": "draft"})
    assert "Storing your records" in ravi.get(result)
    settings = Settings(home=tmp_path, database_url=str(engine.url))
    assert run_due(engine, settings, now=NOW) == 1
    assert "2 records stored" in ravi.get(result)
    with reading(engine) as session:
        assert session.exec(select(t.ImportUpload)).all() == []


def test_whoever_imports_a_restricted_record_can_open_it(
    browsers: dict[str, Browser], engine: Engine
) -> None:
    ravi = browsers["ravi"]
    where = _send(ravi, b'{"title": "Quiet one", "visibility": "restricted"}')
    ravi.post(where, ravi.get(where), do="import", **{"as": "published"})
    with reading(engine) as session:
        visibility = session.exec(select(t.PostmortemRow.visibility)).one()
        members = session.exec(select(t.ParticipantRow.name)).all()
    assert visibility == Visibility.RESTRICTED
    assert members == ["Ravi"]


def _titles(engine: Engine) -> list[str]:
    with reading(engine) as session:
        return sorted(session.exec(select(t.PostmortemRow.title)))
