"""Guardrails on the web: the list, one rule with its evidence, decisions, and the YAML stream."""

from collections.abc import Mapping, Sequence
from difflib import unified_diff
from typing import Any

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from mining.policy import catalogue
from mining.policy.document import render
from rca.domain.access import Permission
from rca.errors import Conflict, Forbidden, Invalid, Problem
from rca.services import guardrail_decisions as decisions
from rca.services import guardrail_map
from rca.services import guardrail_reading as guardrails
from rca.services import guardrail_recall as recall
from rca.services.guardrail_reading import GuardrailPage
from rca.web import filters
from rca.web.access import allow
from rca.web.context import now, reading, viewer, writing

blueprint = Blueprint("guardrails", __name__)
blueprint.record_once(lambda state: state.app.extensions["csrf"].exempt(f"{__name__}.outcomes"))
TABS = (("proposed", "Proposed"), ("accepted", "Accepted"), ("rejected", "Rejected"))
MODES = (("audit", "Audit"), ("warn", "Warn"), ("enforce", "Enforce"))
SEVERITIES = (("low", "Low"), ("medium", "Medium"), ("high", "High"), ("critical", "Critical"))
BLANK_EXCEPTIONS = 1


@blueprint.get("/guardrails")
@allow(Permission.READ)
def index() -> str:
    """The list, by decision."""
    show = request.args.get("show", "")
    with reading() as session:
        counts = guardrails.counts(session)
        if show not in counts:
            show = "proposed" if counts["proposed"] or not counts["accepted"] else "accepted"
        family = request.args.get("family", "")
        items = guardrails.list_guardrails(session, now=now(), decision=show, family=family)
    return render_template(
        "guardrails/index.html",
        here="guardrails",
        show=show,
        family=family,
        items=items,
        counts=counts,
        families=[(item.id, item.name) for item in catalogue.families()],
        tabs=[
            (url_for("guardrails.index", show=key), words, counts[key], key == show)
            for key, words in TABS
        ],
    )


@blueprint.get("/guardrails.yaml")
@allow(Permission.READ)
def yaml() -> WerkzeugResponse:
    """Accepted guardrails as one native stream, sorted by id; unchanged answers 304."""
    with reading() as session:
        stream = guardrails.native_stream(session)
    return _yaml(stream)


def _yaml(stream: guardrails.Stream) -> WerkzeugResponse:
    response = Response(stream.text, content_type="application/yaml; charset=utf-8")
    response.set_etag(stream.etag)
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["X-Guardrails"] = str(stream.count)
    return response.make_conditional(request)


@blueprint.get("/guardrails/map")
@allow(Permission.READ)
def coverage_map() -> str:
    """Which recurring causes are covered, only watched, or naked."""
    with reading() as session:
        found = guardrail_map.coverage_map(session, now=now())
    return render_template("guardrails/map.html", here="guardrails", map=found)


@blueprint.get("/guardrails/history.json")
@allow(Permission.READ)
def history() -> Response:
    """Past incidents and patterns by service, for `rca guard check --history`."""
    with reading() as session:
        return jsonify(services=recall.history_lines(session))


@blueprint.post("/guardrails/outcomes")
@allow(Permission.WRITE)
def outcomes() -> tuple[Response, int]:
    """Take what a gate said of one change (JSON: rule, repo, ref, state, overridden, …).

    Bearer tokens only: no form token stands between a page of another site and this address.
    """
    if viewer().scopes is None:
        raise Forbidden("Post outcomes with an API token.")
    entry = request.get_json(silent=True)
    if not isinstance(entry, dict):
        raise Invalid([Problem("", "Send one JSON object.")])
    with writing() as session:
        key = recall.post_outcome(session, viewer=viewer(), entry=entry, now=now())
    return jsonify(id=key), 201


@blueprint.get("/guardrails/<guardrail_id>.yaml")
@allow(Permission.READ)
def document(guardrail_id: str) -> WerkzeugResponse:
    """One guardrail as YAML, whatever was decided about it."""
    with reading() as session:
        page = guardrails.guardrail_page(session, guardrail_id=guardrail_id, now=now())
    return _yaml(guardrails.Stream(page.text, 1))


@blueprint.get("/guardrails/<guardrail_id>")
@allow(Permission.READ)
def show(guardrail_id: str) -> str:
    """One guardrail: its words, what speaks for and against it, its gates and its history."""
    return _show(guardrail_id, ())


def _show(guardrail_id: str, problems: Sequence[Problem], reason: str = "") -> str:
    with reading() as session:
        page = guardrails.guardrail_page(session, guardrail_id=guardrail_id, now=now())
        outcomes_seen = recall.outcomes_of(session, guardrail_id)
    return render_template(
        "guardrails/show.html",
        here="guardrails",
        page=page,
        outcomes=outcomes_seen,
        item=page.item,
        stages=_stages(page),
        diff=_diff(page.before, page.document),
        scope_diff=_diff(page.document, _rescoped(page)) if page.other_scope else [],
        problems=problems,
        reason=reason,
        today=now().date(),
    )


def _stages(page: GuardrailPage) -> list[tuple[str, str, str]]:
    """Name, meaning and state of each step on the way to enforcing."""
    names = ("Suggested", "Audit", "Warn", "Enforce")
    meanings = (
        "waits for a decision",
        "reports only",
        "comments, can be overridden",
        "blocks, needs hold-out proof",
    )
    reached = 0
    if page.item.decision == "accepted":
        reached = 1 + [mode for mode, _ in MODES].index(page.item.mode)
    states = ["done" if n < reached else "now" if n == reached else "" for n in range(4)]
    return list(zip(names, meanings, states, strict=True))


def _rescoped(page: GuardrailPage) -> Mapping[str, Any]:
    """The document with the scope that mining suggests today."""
    suggested = page.suggestion["document"]["spec"]
    spec = {**page.document["spec"], "match": suggested["match"], "require": suggested["require"]}
    return {**page.document, "spec": spec}


def _diff(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Changed lines of the rule with a little of what stands around them: (sign, line)."""
    if before is None:
        return []
    old, new = (_rule_lines(doc) for doc in (before, after))
    lines = list(unified_diff(old, new, n=2, lineterm=""))[2:]
    return [(line[:1], line[1:]) for line in lines if not line.startswith("@@")]


def _rule_lines(doc: Mapping[str, Any]) -> list[str]:
    return render([{key: doc[key] for key in ("metadata", "spec")}]).splitlines()


def _version() -> int:
    text = request.form.get("version", "")
    if not text.isdigit():
        raise Invalid([Problem("version", "This form has no version. Reload the page.")])
    return int(text)


@blueprint.post("/guardrails/<guardrail_id>/accept")
@allow(Permission.REVIEW)
def accept(guardrail_id: str) -> WerkzeugResponse:
    """Take the rule over, in audit."""
    with writing() as session:
        decisions.accept(
            session,
            viewer=viewer(),
            guardrail_id=guardrail_id,
            base_version=_version(),
            owner_team=request.form.get("owner_team", ""),
            now=now(),
        )
    flash("Accepted. It watches in audit and interrupts nobody.", "done")
    return redirect(url_for("guardrails.show", guardrail_id=guardrail_id), code=303)


@blueprint.post("/guardrails/<guardrail_id>/reject")
@allow(Permission.REVIEW)
def reject(guardrail_id: str) -> WerkzeugResponse | tuple[str, int]:
    """Say no, and why."""
    reason = request.form.get("reason", "")
    try:
        with writing() as session:
            decisions.reject(
                session,
                viewer=viewer(),
                guardrail_id=guardrail_id,
                base_version=_version(),
                reason=reason,
                now=now(),
            )
    except Invalid as error:
        return _show(guardrail_id, error.problems, reason), 422
    flash("Rejected. It returns only when new incidents speak for it.", "done")
    return redirect(url_for("guardrails.index"), code=303)


@blueprint.get("/guardrails/<guardrail_id>/edit")
@allow(Permission.REVIEW)
def edit(guardrail_id: str) -> str:
    """The form: what people set, and the whole rule as YAML."""
    with reading() as session:
        page = guardrails.guardrail_page(session, guardrail_id=guardrail_id, now=now())
    start = _rescoped(page) if request.args.get("scope") and page.other_scope else page.document
    return _edit_form(page, _answers_of(page.document), render([start]), page.version, ())


def _edit_form(
    page: GuardrailPage,
    answers: Mapping[str, Any],
    text: str,
    version: int,
    problems: Sequence[Problem],
) -> str:
    return render_template(
        "guardrails/edit.html",
        here="guardrails",
        page=page,
        item=page.item,
        answers=answers,
        text=text,
        version=version,
        problems=problems,
        errors=filters.by_field(problems),
        modes=MODES,
        severities=SEVERITIES,
    )


def _answers_of(doc: Mapping[str, Any]) -> dict[str, Any]:
    exceptions = [_exception_row(item) for item in doc["spec"].get("exceptions", ())]
    return {
        "mode": doc["spec"]["mode"],
        "severity": doc["spec"]["severity"],
        "owner_team": doc["metadata"]["owner"]["team"],
        "review_by": doc["metadata"]["reviewBy"],
        "messages": [(item["control"], item["message"]) for item in doc["spec"]["require"]],
        "exceptions": exceptions,
        "blank_rows": BLANK_EXCEPTIONS,
    }


def _exception_row(item: Mapping[str, Any]) -> dict[str, str]:
    """An exception as a form row; a scope that the row cannot hold stays in the YAML."""
    leaves = item["scope"].get("all", ())
    simple = set(item["scope"]) == {"all"} and len(leaves) == 1 and leaves[0].get("op") == "eq"
    leaf = leaves[0] if simple else {"field": "", "value": ""}
    row = {name: str(item[name]) for name in ("id", "reason", "approvedBy", "expires")}
    return {**row, "field": leaf.get("field", ""), "value": str(leaf.get("value", ""))}


def _exception_of(row: Mapping[str, str], kept: Mapping[str, Any]) -> dict[str, Any]:
    scope = {"all": [{"field": row["field"], "op": "eq", "value": row["value"]}]}
    if not row["field"] and row["id"] in kept:
        scope = kept[row["id"]]["scope"]
    expires = row["expires"]
    if len(expires) == len("2027-01-31"):
        expires += "T00:00:00Z"
    return {
        "id": row["id"],
        "scope": scope,
        "reason": row["reason"],
        "approvedBy": row["approvedBy"],
        "expires": expires,
    }


def _form_changes(doc: Mapping[str, Any]) -> dict[str, Any]:
    form = request.form
    messages = {item["control"]: item["message"] for item in doc["spec"]["require"]}
    names = ("id", "field", "value", "reason", "approvedBy", "expires")
    columns = {name: form.getlist(f"exception_{name}") for name in names}
    rows = [dict(zip(names, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    stored = {item["id"]: item for item in doc["spec"].get("exceptions", ())}
    given = [row for row in rows if any(value.strip() for value in row.values())]
    return {
        "mode": form.get("mode", doc["spec"]["mode"]),
        "severity": form.get("severity", doc["spec"]["severity"]),
        "owner_team": form.get("owner_team", "").strip(),
        "review_by": form.get("review_by", "").strip(),
        "messages": {k: form.get(f"message_{k}", kept).strip() for k, kept in messages.items()},
        "exceptions": [
            _exception_of({key: value.strip() for key, value in row.items()}, stored)
            for row in given
            if not form.get(f"remove_{row['id']}")
        ],
    }


@blueprint.post("/guardrails/<guardrail_id>/edit")
@allow(Permission.REVIEW)
def save(guardrail_id: str) -> WerkzeugResponse | tuple[str, int]:
    """Store the form, or the YAML, whichever its button said."""
    as_yaml = request.form.get("how") == "yaml"
    text, version = request.form.get("document", ""), _version()
    with reading() as session:
        page = guardrails.guardrail_page(session, guardrail_id=guardrail_id, now=now())
    answers = _answers_of(page.document)
    try:
        if as_yaml:
            doc = decisions.edited_text(text)
        else:
            changes = _form_changes(page.document)
            answers = {**answers, **_as_answers(changes)}
            doc = decisions.with_changes(page.document, changes)
        with writing() as session:
            decisions.edit(
                session,
                viewer=viewer(),
                guardrail_id=guardrail_id,
                base_version=version,
                document=doc,
                now=now(),
            )
    except Invalid as error:
        return _edit_form(page, answers, text or page.text, version, error.problems), 422
    except Conflict as clash:
        return _clash(page, answers, text, clash)
    flash("Saved.", "done")
    return redirect(url_for("guardrails.show", guardrail_id=guardrail_id), code=303)


def _as_answers(changes: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **changes,
        "messages": list(changes["messages"].items()),
        "exceptions": [_exception_row(item) for item in changes["exceptions"]],
    }


def _clash(
    page: GuardrailPage, answers: Mapping[str, Any], text: str, clash: Conflict
) -> tuple[str, int]:
    """Somebody saved first: what was typed stays in the form, over what is stored now."""
    problem = Problem("", f"{clash} Your words are kept below; the stored rule stands beside them.")
    shown = _edit_form(page, answers, text or page.text, clash.version, (problem,))
    return shown, 409
