"""What follows accepted guardrails on the web: packs to take away, gate thresholds, duties."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from mining.policy.exporters import TARGETS
from rca.domain.access import Permission
from rca.domain.catalogue import DrillEntry
from rca.errors import Invalid, NotFound, Problem
from rca.services import catalogue_changes
from rca.services import guardrail_duties as duties
from rca.services import guardrail_gates as gates
from rca.services import guardrail_packs as packs
from rca.web.access import allow
from rca.web.context import now, reading, viewer, writing

blueprint = Blueprint("guardrail_watch", __name__)
DRILL_FIELDS = ("service", "scenario", "planned_at")


@blueprint.get("/guardrails/packs")
@allow(Permission.READ)
def index() -> str:
    """Every pack with its coverage, and whether it changed since it was last taken away."""
    with reading() as session:
        found = packs.packs(session, now=now())
    return render_template("guardrails/packs.html", here="guardrails", packs=found)


@blueprint.get("/guardrails/packs/<target>")
@allow(Permission.READ)
def pack(target: str) -> str:
    """One pack: its files as they would be written now, beside the last export."""
    if target not in TARGETS:
        raise NotFound(f"There is no export target {target}.")
    with reading() as session:
        (found,) = packs.packs(session, now=now(), target=target)
    return render_template("guardrails/pack.html", here="guardrails", pack=found)


@blueprint.post("/guardrails/packs/<target>")
@allow(Permission.READ)
def take(target: str) -> WerkzeugResponse:
    """The pack (or ``all``) as one archive; it becomes what the next export is compared with."""
    with writing() as session:
        made = packs.export_guardrails(session, target=target, status="accepted", now=now())
        packs.remember(session, made, viewer=viewer(), now=now())
    response = Response(packs.zipped(made.files()), content_type="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="guardrails-{target}.zip"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


@blueprint.get("/guardrails/gates")
@allow(Permission.READ)
def thresholds() -> str:
    """The thresholds of the promotion gates."""
    return _thresholds({}, ())


def _thresholds(typed: dict[str, str], problems: Sequence[Problem]) -> str:
    with reading() as session:
        found = gates.thresholds(session)
    return render_template(
        "guardrails/gates.html",
        here="guardrails",
        thresholds=found,
        typed=typed,
        problems=problems,
    )


@blueprint.post("/guardrails/gates")
@allow(Permission.ADMIN)
def set_thresholds() -> WerkzeugResponse | tuple[str, int]:
    """Store thresholds; every rule is judged again."""
    typed = request.form.to_dict()
    try:
        with writing() as session:
            changed = gates.set_thresholds(session, viewer=viewer(), values=typed, now=now())
    except Invalid as error:
        return _thresholds(typed, error.problems), 422
    flash("Saved. Every rule is judged again." if changed else "Nothing was different.", "done")
    return redirect(url_for("guardrail_watch.thresholds"), code=303)


@blueprint.get("/guardrails/duties")
@allow(Permission.READ)
def planner() -> str:
    """What only people can do, over all accepted guardrails, the next one first."""
    return _planner((), "")


def _planner(problems: Sequence[Problem], duty_id: str) -> str:
    with reading() as session:
        found = duties.all_duties(session)
    return render_template(
        "guardrails/duties.html",
        here="guardrails",
        duties=found,
        today=now().date(),
        problems=problems,
        tried=duty_id,
        typed=request.form,
    )


def _version() -> int:
    text = request.form.get("version", "")
    return int(text) if text.isdecimal() and len(text) < 9 else 0


@blueprint.post("/guardrails/duties/<duty_id>/done")
@allow(Permission.WRITE)
def done(duty_id: str) -> WerkzeugResponse | tuple[str, int]:
    """Write down that it was done, and what shows it."""
    try:
        with writing() as session:
            duties.record(
                session,
                viewer=viewer(),
                duty_id=duty_id,
                base_version=_version(),
                on=request.form.get("on", ""),
                evidence=request.form.get("evidence", ""),
                now=now(),
            )
    except Invalid as error:
        return _planner(error.problems, duty_id), 422
    flash("Written down.", "done")
    return redirect(url_for("guardrail_watch.planner"), code=303)


@blueprint.post("/guardrails/duties/<duty_id>/drill")
@allow(Permission.REVIEW)
def drill(duty_id: str) -> WerkzeugResponse | tuple[str, int]:
    """Plan the drill of a duty; its times are written down in the catalogue."""
    typed: dict[str, Any] = {name: request.form.get(name, "") for name in DRILL_FIELDS}
    try:
        entry = catalogue_changes.parse(DrillEntry, typed)
        with writing() as session:
            drill_id = duties.plan_drill(
                session, viewer=viewer(), duty_id=duty_id, base_version=_version(), entry=entry,
                now=now(),
            )  # fmt: skip
    except Invalid as error:
        return _planner(error.problems, duty_id), 422
    flash("The drill is planned. Come back with its times.", "done")
    return redirect(url_for("catalogue.edit_drill", drill_id=drill_id), code=303)
