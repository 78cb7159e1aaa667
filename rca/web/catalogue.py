"""Services, freeze windows and drills: one page to read, one form each to change."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response

from rca.domain.access import Permission
from rca.domain.catalogue import TIERS, DrillEntry, FreezeEntry, ServiceEntry
from rca.errors import Conflict, Invalid, Problem
from rca.services import catalogue
from rca.services import catalogue_changes as changes
from rca.web.access import allow
from rca.web.context import now, reading, viewer, writing

blueprint = Blueprint("catalogue", __name__)
Values = dict[str, str]


@blueprint.get("/services")
@allow(Permission.READ)
def index() -> str:
    """The whole catalogue."""
    with reading() as session:
        found = catalogue.read_catalogue(session, now=now())
    return render_template(
        "catalogue/index.html",
        here="services",
        catalogue=found,
        switch_days=catalogue.KILL_SWITCH_DAYS,
        moment=now(),
    )


@dataclass(frozen=True, slots=True)
class Sheet:
    """One form: its template, where it is sent, what it holds."""

    template: str
    target: str
    title: str
    values: Values
    version: int


def _page(sheet: Sheet, problems: tuple[Problem, ...] = (), clash: str = "") -> str:
    with reading() as session:
        found = catalogue.read_catalogue(session, now=now())
    return render_template(
        sheet.template,
        here="services",
        sheet=sheet,
        problems=problems,
        clash=clash,
        tiers=TIERS,
        teams=found.teams,
        names=[service.name for service in found.services],
        kinds=changes.change_kinds(),
    )


def _instant(value: datetime | None) -> str:
    return f"{value:%Y-%m-%d %H:%M}" if value else ""


def _typed(fields: tuple[str, ...]) -> Values:
    return {name: request.form.get(name, "") for name in fields}


def _version() -> int:
    given = request.form.get("version", "")
    return int(given) if given.isdecimal() and len(given) < 9 else 0


def _save(
    sheet: Sheet, store: Callable[[Session, Mapping[str, Any]], str], done: str
) -> Response | tuple[str, int]:
    """Store what was typed; on a refusal show it again with the reasons."""
    try:
        with writing() as session:
            store(session, sheet.values)
    except Invalid as error:
        return _page(sheet, error.problems), 422
    except Conflict as error:
        newer = Sheet(sheet.template, sheet.target, sheet.title, sheet.values, error.version)
        return _page(newer, clash=str(error)), 409
    flash(done, "done")
    return redirect(url_for("catalogue.index"), code=303)


# Services

SERVICE_FIELDS = tuple(ServiceEntry.model_fields)


def _service_values(service: catalogue.ServiceView) -> Values:
    return {
        "name": service.name,
        "description": service.description,
        "tier": "" if service.tier is None else str(service.tier),
        "owning_team": service.owning_team,
        "kill_switch_url": service.kill_switch_url,
        "kill_switch_tested_at": _instant(service.kill_switch_tested_at),
        "data_store": service.data_store.value,
        "deletion_protected": service.deletion_protected.value,
        "path_globs": "\n".join(service.path_globs),
        "depends_on": "\n".join(service.depends_on),
    }


def _service_sheet(values: Values, target: str, title: str, version: int = 0) -> Sheet:
    return Sheet("catalogue/service.html", target, title, values, version)


@blueprint.get("/services/new")
@allow(Permission.REVIEW)
def new_service() -> str:
    """The empty form; ``?name=`` fills the name of a service that postmortems mention."""
    values = dict.fromkeys(SERVICE_FIELDS, "")
    values |= {"data_store": "unknown", "deletion_protected": "unknown"}
    values["name"] = request.args.get("name", "").replace("\x00", "")[:240]
    return _page(_service_sheet(values, url_for("catalogue.add_service"), "Add a service"))


@blueprint.post("/services/new")
@allow(Permission.REVIEW)
def add_service() -> Response | tuple[str, int]:
    """Add a service."""
    sheet = _service_sheet(
        _typed(SERVICE_FIELDS), url_for("catalogue.add_service"), "Add a service"
    )

    def store(session: Session, values: Mapping[str, Any]) -> str:
        entry = changes.parse(ServiceEntry, values)
        return changes.save_service(session, viewer=viewer(), entry=entry, now=now())

    return _save(sheet, store, f"“{sheet.values['name'].strip()}” is in the catalogue.")


@blueprint.get("/services/<name>")
@allow(Permission.READ)
def service(name: str) -> str:
    """One service: what is known of it, and the form for those who may change it."""
    with reading() as session:
        found = catalogue.find_service(session, name=name)
        drills = [
            drill
            for drill in catalogue.read_catalogue(session, now=now()).drills
            if drill.service == name
        ]
    return render_template(
        "catalogue/one.html",
        here="services",
        service=found,
        drills=drills,
        switch_days=catalogue.KILL_SWITCH_DAYS,
        moment=now(),
    )


@blueprint.get("/services/<name>/edit")
@allow(Permission.REVIEW)
def edit_service(name: str) -> str:
    """The filled form."""
    with reading() as session:
        found = catalogue.find_service(session, name=name)
    target = url_for("catalogue.change_service", name=name)
    return _page(_service_sheet(_service_values(found), target, f"Edit {name}", found.version))


@blueprint.post("/services/<name>/edit")
@allow(Permission.REVIEW)
def change_service(name: str) -> Response | tuple[str, int]:
    """Change a service."""
    with reading() as session:
        found = catalogue.find_service(session, name=name)
    target = url_for("catalogue.change_service", name=name)
    sheet = _service_sheet(_typed(SERVICE_FIELDS), target, f"Edit {name}", _version())

    def store(session: Session, values: Mapping[str, Any]) -> str:
        return changes.save_service(
            session,
            viewer=viewer(),
            entry=changes.parse(ServiceEntry, values),
            now=now(),
            service_id=found.id,
            base_version=sheet.version,
        )

    return _save(sheet, store, f"“{sheet.values['name'].strip()}” is saved.")


# Freeze windows

FREEZE_FIELDS = tuple(FreezeEntry.model_fields)


def _freeze_sheet(values: Values, target: str, title: str, version: int = 0) -> Sheet:
    return Sheet("catalogue/freeze.html", target, title, values, version)


@blueprint.get("/services/freezes/new")
@allow(Permission.REVIEW)
def new_freeze() -> str:
    """The empty form."""
    values = dict.fromkeys(FREEZE_FIELDS, "")
    return _page(_freeze_sheet(values, url_for("catalogue.add_freeze"), "Plan a freeze window"))


@blueprint.post("/services/freezes/new")
@allow(Permission.REVIEW)
def add_freeze() -> Response | tuple[str, int]:
    """Add a freeze window."""
    target = url_for("catalogue.add_freeze")
    sheet = _freeze_sheet(_typed(FREEZE_FIELDS), target, "Plan a freeze window")

    def store(session: Session, values: Mapping[str, Any]) -> str:
        entry = changes.parse(FreezeEntry, values)
        return changes.save_freeze(session, viewer=viewer(), entry=entry, now=now())

    return _save(sheet, store, "The freeze window is planned.")


@blueprint.get("/services/freezes/<freeze_id>")
@allow(Permission.REVIEW)
def edit_freeze(freeze_id: str) -> str:
    """The filled form."""
    with reading() as session:
        found = catalogue.find_freeze(session, freeze_id=freeze_id, now=now())
    values = {
        "name": found.name,
        "starts_at": _instant(found.starts_at),
        "ends_at": _instant(found.ends_at),
        "kinds": "\n".join(found.kinds),
        "services": "\n".join(found.services),
        "reason": found.reason,
    }
    target = url_for("catalogue.change_freeze", freeze_id=freeze_id)
    return _page(_freeze_sheet(values, target, "Change the freeze window", found.version))


@blueprint.post("/services/freezes/<freeze_id>")
@allow(Permission.REVIEW)
def change_freeze(freeze_id: str) -> Response | tuple[str, int]:
    """Change a freeze window, or take it out."""
    if request.form.get("act") == "remove":
        with writing() as session:
            changes.remove_freeze(session, viewer=viewer(), freeze_id=freeze_id, now=now())
        flash("The freeze window is removed.", "done")
        return redirect(url_for("catalogue.index"), code=303)
    target = url_for("catalogue.change_freeze", freeze_id=freeze_id)
    sheet = _freeze_sheet(_typed(FREEZE_FIELDS), target, "Change the freeze window", _version())

    def store(session: Session, values: Mapping[str, Any]) -> str:
        return changes.save_freeze(
            session,
            viewer=viewer(),
            entry=changes.parse(FreezeEntry, values),
            now=now(),
            freeze_id=freeze_id,
            base_version=sheet.version,
        )

    return _save(sheet, store, "The freeze window is saved.")


# Drills

DRILL_FIELDS = tuple(DrillEntry.model_fields)


def _drill_sheet(values: Values, target: str, title: str, version: int = 0) -> Sheet:
    return Sheet("catalogue/drill.html", target, title, values, version)


@blueprint.get("/services/drills/new")
@allow(Permission.REVIEW)
def new_drill() -> str:
    """The empty form; ``?service=`` chooses one."""
    values = dict.fromkeys(DRILL_FIELDS, "")
    values["service"] = request.args.get("service", "").replace("\x00", "")[:240]
    return _page(_drill_sheet(values, url_for("catalogue.add_drill"), "Plan a drill"))


@blueprint.post("/services/drills/new")
@allow(Permission.REVIEW)
def add_drill() -> Response | tuple[str, int]:
    """Plan a drill, or write down one that was held."""
    target = url_for("catalogue.add_drill")
    sheet = _drill_sheet(_typed(DRILL_FIELDS), target, "Plan a drill")

    def store(session: Session, values: Mapping[str, Any]) -> str:
        entry = changes.parse(DrillEntry, values)
        return changes.save_drill(session, viewer=viewer(), entry=entry, now=now())

    return _save(sheet, store, "The drill is saved.")


@blueprint.get("/services/drills/<drill_id>")
@allow(Permission.REVIEW)
def edit_drill(drill_id: str) -> str:
    """The filled form."""
    with reading() as session:
        found = catalogue.find_drill(session, drill_id=drill_id)
    values = {
        "service": found.service,
        "scenario": found.scenario,
        "planned_at": _instant(found.planned_at),
        "started_at": _instant(found.started_at),
        "recovered_at": _instant(found.recovered_at),
        "evidence": found.evidence,
    }
    target = url_for("catalogue.change_drill", drill_id=drill_id)
    return _page(_drill_sheet(values, target, "The drill", found.version))


@blueprint.post("/services/drills/<drill_id>")
@allow(Permission.REVIEW)
def change_drill(drill_id: str) -> Response | tuple[str, int]:
    """Write down how a drill went."""
    target = url_for("catalogue.change_drill", drill_id=drill_id)
    sheet = _drill_sheet(_typed(DRILL_FIELDS), target, "The drill", _version())

    def store(session: Session, values: Mapping[str, Any]) -> str:
        return changes.save_drill(
            session,
            viewer=viewer(),
            entry=changes.parse(DrillEntry, values),
            now=now(),
            drill_id=drill_id,
            base_version=sheet.version,
        )

    return _save(sheet, store, "The drill is saved.")
