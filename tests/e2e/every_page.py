"""Every page that the app answers with HTML, found from its own routes, over two instances.

A new route appears here by itself. One that names something (an id, a token) needs a line in
:func:`_named`, and a test says so when it is missing.
"""

import hmac
import json
import re
from hashlib import sha256
from itertools import product
from typing import Any
from urllib.parse import quote, urlsplit

from flask import Flask
from sqlalchemy import Engine
from sqlmodel import Session, select
from werkzeug.routing import Rule

from rca.domain.access import OPERATOR, Viewer
from rca.domain.mail import MailKind
from rca.domain.vocabulary import Section
from rca.formats.mapping import Assume
from rca.services import (
    accounts,
    authoring,
    documents,
    events,
    guardrails,
    import_uploads,
    mailing,
    review_records,
    reviews,
)
from rca.services.import_plan import Source
from rca.services.mail_desk import Desk, Leaving
from rca.services.report_pdf import Document
from rca.store import tables as t
from rca.store.engine import reading, writing
from tests.e2e.world import NOW
from tests.formats.events import shapes
from tests.services import guardrail_world

SECRET = "a shared secret of the tests"
OTHER = frozenset({"static", "look.logo", "reviews.chart", "reviews.record_chart", "mail.calendar"})
"""Routes that never answer a page and whose names would need a file, a drawing or a feed."""
QUERIES = {"postmortems.compare": "?from=1&to=2", "reviews.compare": "?with=2026-Q3_v1"}
STATES = frozenset({"postmortems.show", "postmortems.edit"})
"""Routes whose page differs by the state of the postmortem."""
PILE = (
    b'{"id": "a1", "title": "Search is slow", "text": "Long words.", "colour": "red"}\n'
    b'{"id": "a2", "title": "Cart is empty", "severity": "fatal"}\n'
    b'{"id": "a3", "text": "Mails went out twice. Later it stopped.", "date": "2024-05"}\n'
)


def furnish(engine: Engine, names: dict[str, Viewer]) -> None:
    """What the small world lacks: a pattern with its guardrail, a ledger, an import that waits and
    one that is done, a delivery, mail in line, a comment, a review on record.
    """
    with writing(engine) as session:
        ada, ines = names["ada"], names["ines"]
        query = select(t.PostmortemRow).where(t.PostmortemRow.status == "published")
        rows = list(session.exec(query))
        guardrail_world.run(session, NOW)
        session.get_one(t.MiningRun, "run1").options = {"taxonomy": "1"}
        guardrail_world.pattern(session, rows)
        guardrail_world.ledger(session, rows, NOW)
        guardrails.refresh_suggestions(session, now=NOW)
        _delivery(session)
        waiting = Document("review-2026-Q3.pdf", "<p>Waits for the worker.</p>")
        documents.ask(session, waiting, now=NOW)
        draft = mailing.Draft("test:1", MailKind.CONFIRM, "ada@fernwick.example")
        mailing.queue(session, draft, now=NOW)
        reference = rows[0].reference
        anchor = f"section/{Section.SUMMARY.value}"
        authoring.add_comment(
            session, viewer=ines, reference=reference, anchor=anchor, body="Since when?", now=NOW
        )
        review_records.create(session, viewer=ada, period=reviews.parse_period("2026-Q3"), now=NOW)

    _imports(engine, ada)


def _delivery(session: Session) -> None:
    body = json.dumps(shapes.github_pull_request()).encode()
    headers = {
        "X-Hub-Signature-256": f"sha256={hmac.new(SECRET.encode(), body, sha256).hexdigest()}",
        "X-GitHub-Event": "pull_request",
        "X-GitHub-Delivery": "d-1",
    }
    events.receive(session, source="github", headers=headers, body=body, secrets=[SECRET], now=NOW)


def _imports(engine: Engine, ada: Viewer) -> None:
    """One that waits for a yes, one that was stored."""
    for name, data in (("pile.jsonl", PILE), ("old.jsonl", PILE.partition(b"\n")[0])):
        with writing(engine) as session:
            key = import_uploads.keep(
                session, viewer=ada, sources=[Source(name, data)], assume=Assume(), now=NOW
            )
        if name == "old.jsonl":
            import_uploads.confirm(engine, viewer=ada, upload_id=key, as_draft=True, now=NOW)


def _first(session: Session, column: Any, *where: Any) -> str:
    return str(session.exec(select(column).where(*where).order_by(column).limit(1)).first() or "")


def _named(session: Session) -> dict[str, list[str]]:
    """Values of each name in a route, in the order of the rule's own names."""
    row = t.PostmortemRow
    written = [
        _first(session, row.reference, row.status == status)
        for status in ("in_review", "published", "draft")
    ]
    found = {
        "reference": written[:1],
        "states": written,
        "records": [_first(session, t.ReviewRow.reference)],
        "action_id": [
            _first(
                session,
                t.ActionItemRow.id,
                t.ActionItemRow.postmortem_id == row.id,
                row.status == "published",
            )
        ],
        "guardrail_id": [_first(session, t.GuardrailRow.id)],
        "pattern_id": [_first(session, t.PatternRow.id)],
        "key": [_first(session, t.PrintedDocument.key)],
        "batch_id": [_first(session, t.ImportBatch.id)],
        "upload_id": [_first(session, t.ImportUpload.id)],
        "delivery_id": [_first(session, t.WebhookDelivery.id)],
        "drill_id": [_first(session, t.Drill.id)],
        "freeze_id": [_first(session, t.FreezeWindow.id)],
        "name": [_first(session, t.Service.name, t.Service.name == "checkout")],
        "template_id": ["sre", "howie"],
        "version": ["1"],
        "quarter": ["2026-Q3"],
        "shape": ["csv"],
        "target": ["conftest"],
    }
    return {name: [one for one in values if one] for name, values in found.items()}


def _tokens(app: Flask, engine: Engine) -> dict[str, str]:
    desk = Desk.of(app.extensions["rca_settings"])
    with writing(engine) as session:
        link = accounts.make_link(session, actor=OPERATOR, name="vera", now=NOW)
        user = session.exec(select(t.User).where(t.User.name == "ada")).one()
        leaving = Leaving(MailKind.REMINDER, "", user.id, "")
        return {
            "accounts.link": f"/link/{link}",
            "mail.confirm": urlsplit(desk.confirm(user.id, "ada@fernwick.example")).path,
            "mail.leave": urlsplit(desk.leave(leaving)).path,
        }


def _meant(name: str, rule: Rule) -> str:
    if name != "reference":
        return name
    return "records" if "/records/" in rule.rule else "states" if rule.endpoint in STATES else name


def _filled(rule: Rule, named: dict[str, list[str]]) -> list[str]:
    wanted = sorted(rule.arguments)
    pools = [named[_meant(name, rule)] for name in wanted]
    found = []
    for values in product(*pools):
        path = rule.rule
        for name, value in zip(wanted, values, strict=True):
            path = re.sub(rf"<(?:[^<>:]+:)?{name}>", quote(value, safe=""), path)
        found.append(path)
    return found


def addresses(app: Flask, engine: Engine) -> dict[str, list[str]]:
    """Endpoint -> addresses of every route that may be read; those without data are empty lists.

    Raises KeyError for a name that nobody said how to fill.
    """
    with reading(engine) as session:
        named = _named(session)
    found, tokens = {}, _tokens(app, engine)
    for rule in app.url_map.iter_rules():
        readable = "GET" in (rule.methods or ()) and not rule.rule.startswith("/api/")
        if readable and rule.endpoint not in OTHER:
            known = tokens.get(rule.endpoint)
            paths = [known] if known else _filled(rule, named)
            found[rule.endpoint] = [path + QUERIES.get(rule.endpoint, "") for path in paths]
    return found
