"""What the editor's script talks to: save one section, and fetch the key of the device's drafts."""

import base64
import hashlib
import hmac
from typing import Any

from flask import Response, current_app, jsonify, render_template, request
from flask_wtf.csrf import generate_csrf

from rca.domain.access import Permission
from rca.domain.durations import durations
from rca.domain.postmortem import PostmortemContent
from rca.domain.sections import SECTION_FIELDS
from rca.domain.vocabulary import PersonRole, Section
from rca.errors import Invalid, NotFound, VersionMissing
from rca.services import authoring, conflicts, secrets_guard
from rca.services import presence as presences
from rca.web import forms, forms_postmortem
from rca.web.access import allow
from rca.web.context import now, reading, viewer, writing
from rca.web.postmortems import blueprint
from rca.web.postmortems.clashes import label_of_clash, shown_clashes
from rca.web.postmortems.editing import render_section, section_globals
from rca.web.postmortems.sheet import Sheet, make_sheet

Answer = Response | tuple[Response, int]


@blueprint.get("/postmortems/device-key")
@allow(Permission.WRITE)
def device_key() -> Response:
    """The key that this account's drafts on a device are sealed with, and a fresh form token.

    Derived, so that signing in again gives the same key; without a session nobody gets it.
    """
    secret = current_app.config["SECRET_KEY"]
    raw = secret.encode() if isinstance(secret, str) else bytes(secret)
    account = viewer().user_id or viewer().name
    key = hmac.new(raw, b"device-draft:" + account.encode(), hashlib.sha256).digest()
    owner = hashlib.sha256(account.encode()).hexdigest()[:16]
    return jsonify({"owner": owner, "key": base64.b64encode(key).decode(), "csrf": generate_csrf()})


@blueprint.post("/postmortems/<reference>/presence")
@allow(Permission.WRITE)
def presence(reference: str) -> Response:
    """Say which section is open here; answers who else is where. Blank says that one has left."""
    name = request.form.get("section", "")
    section = Section(name) if name in Section.values() else None
    with writing() as session:
        others = presences.here(
            session, viewer=viewer(), reference=reference, section=section, now=now()
        )
    return jsonify({"others": [_who(one) for one in others]})


def _who(one: presences.Here) -> dict[str, str]:
    role = PersonRole(one.role).label.lower() if one.role else ""
    return {"section": one.section, "who": f"{one.name} ({role})" if role else one.name}


def _if_match() -> int:
    text = request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"')
    if not text.isdigit():
        raise VersionMissing("Send If-Match with the version of the section that you edited.")
    return int(text)


@blueprint.put("/postmortems/<reference>/sections/<section>")
@allow(Permission.WRITE)
def put_section(reference: str, section: str) -> Answer:
    """Store one section. A stale version is merged; what clashes is answered 409 with all texts."""
    if section not in Section.values():
        raise NotFound(f"There is no section “{section}”.")
    part, version, body = Section(section), _if_match(), _body()
    with reading() as session:
        basis = conflicts.basis(
            session, viewer=viewer(), reference=reference, revision=body["revision"]
        )
    values = _values(body["fields"], part, basis)
    try:
        with writing() as session:
            outcome = conflicts.save_section(
                session,
                viewer=viewer(),
                reference=reference,
                section=part,
                base=basis.content,
                values=values,
                base_version=version,
                choices=body["choices"],
                now=now(),
                base_number=body["revision"],
            )
    except Invalid as error:
        return _invalid(error)
    if outcome.saved is None:
        return _clash(reference, part, outcome, values, basis.content)
    return _stored(reference, part, outcome, render=body["render"])


def _body() -> dict[str, Any]:
    data = request.get_json(silent=True)
    fields = data.get("fields") if isinstance(data, dict) else None
    good = isinstance(fields, list) and all(
        isinstance(pair, list) and len(pair) == 2 and all(isinstance(part, str) for part in pair)
        for pair in fields
    )
    if not good or not isinstance(data, dict):
        raise Invalid([])
    choices, revision = data.get("choices"), data.get("revision")
    return {
        "fields": [(name, value) for name, value in fields or []],
        "choices": choices if isinstance(choices, dict) else {},
        "revision": revision if isinstance(revision, int) else None,
        "render": data.get("render") is True,
    }


def _values(
    pairs: list[tuple[str, str]], section: Section, basis: conflicts.Basis
) -> dict[str, Any]:
    """The section's own fields. Clock times lean on what is stored of the other sections."""
    nested = forms.parse(pairs)
    kept = basis.content.model_dump(mode="json")
    read = forms_postmortem.read_fields(nested, kept)
    return {name: read[name] for name in SECTION_FIELDS[section] if name in read}


def _invalid(error: Invalid) -> Answer:
    problems = [
        {"name": forms_postmortem.field_name(p), "path": p.path, "message": p.message}
        for p in error.problems
    ]
    return jsonify({"problems": problems}), 422


def _clash(
    reference: str,
    section: Section,
    outcome: conflicts.SectionOutcome,
    values: dict[str, Any],
    base: PostmortemContent,
) -> Answer:
    mine = authoring.parse_content({**outcome.content.model_dump(mode="json"), **values})
    with writing() as session:
        authoring.keep_conflict(
            session, viewer=viewer(), reference=reference, content=mine, now=now()
        )
    clashes = shown_clashes(outcome.merge.open if outcome.merge else (), (mine, outcome.content))
    panel = render_template(
        "postmortems/clash_panel.html", clashes=clashes, section=section, base=base
    )
    return jsonify({"version": outcome.version, "count": len(clashes), "panel": panel}), 409


def _stored(
    reference: str, section: Section, outcome: conflicts.SectionOutcome, *, render: bool
) -> Answer:
    saved = outcome.saved
    assert saved is not None
    template = outcome.template
    sheet = make_sheet(outcome.content, template=template)
    merge = outcome.merge
    body = {
        "version": outcome.version,
        "record": saved.version,
        "revision": saved.revision,
        "status": saved.status.value,
        "saved": f"{now():%H:%M}",
        "taken": [
            label_of_clash(p, (outcome.content,) * 2) for p in (merge.taken if merge else ())
        ],
        "redacted": secrets_guard.in_words(saved.redacted),
        "template": template.key,
        "template_name": template.name,
        **fragments(sheet, outcome.content, reference),
    }
    if merge is not None or render or saved.redacted:
        body["section"] = render_section(sheet, section, reference)
    answer = jsonify(body)
    answer.headers["ETag"] = f'"{outcome.version}"'
    return answer


def fragments(sheet: Sheet, content: PostmortemContent, reference: str) -> dict[str, Any]:
    """Parts of the page that follow from the content: rail, checklist, durations, suggestion."""
    return {
        "rail": render_template(
            "postmortems/rail.html", sheet=sheet, reference=reference, **section_globals()
        ),
        "check": render_template("postmortems/checklist.html", sheet=sheet, reference=reference),
        "asked": sorted(section.value for section in sheet.asked),
        "durations": {span.key: span.text for span in durations(content)},
        "suggestion": sheet.suggestion,
    }
