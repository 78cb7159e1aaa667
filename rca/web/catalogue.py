"""Services, freeze windows and drills: one page to read, one form each to change."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from pydantic import BaseModel
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
class Form:
    """One kind of entry: its template, its entry, and what stores one.

    ``store(session, entry, key, base_version)``; a blank ``key`` adds.
    """

    template: str
    entry: type[BaseModel]
    store: Callable[[Session, Any, str, int], str]

    def blank(self, **given: str) -> Values:
        """A value per field, empty where nothing is given."""
        return dict.fromkeys(self.entry.model_fields, "") | given

    def typed(self) -> Values:
        """What this request's form holds."""
        return {name: request.form.get(name, "") for name in self.entry.model_fields}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A form on a page: where it is sent, what it holds, which version of what it changes."""

    form: Form
    target: str
    title: str
    values: Values
    key: str = ""
    version: int = 0


def _page(sheet: Sheet, problems: tuple[Problem, ...] = (), clash: str = "") -> str:
    with reading() as session:
        found = catalogue.read_catalogue(session, now=now())
    return render_template(
        sheet.form.template,
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


def _short(argument: str) -> str:
    return request.args.get(argument, "").replace("\x00", "")[:240]


def _version() -> int:
    given = request.form.get("version", "")
    return int(given) if given.isdecimal() and len(given) < 9 else 0


def _save(sheet: Sheet, done: str) -> Response | tuple[str, int]:
    """Store what was typed; on a refusal show it again with the reasons."""
    try:
        with writing() as session:
            entry = changes.parse(sheet.form.entry, sheet.values)
            sheet.form.store(session, entry, sheet.key, sheet.version)
    except Invalid as error:
        return _page(sheet, error.problems), 422
    except Conflict as error:
        return _page(replace(sheet, version=error.version), clash=str(error)), 409
    flash(done, "done")
    return redirect(url_for("catalogue.index"), code=303)


# Services


def _store_service(session: Session, entry: ServiceEntry, key: str, base: int) -> str:
    return changes.save_service(
        session, viewer=viewer(), entry=entry, now=now(), service_id=key, base_version=base
    )


SERVICE = Form("catalogue/service.html", ServiceEntry, _store_service)


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


@blueprint.get("/services/new")
@allow(Permission.REVIEW)
def new_service() -> str:
    """The empty form; ``?name=`` fills the name of a service that postmortems mention."""
    values = SERVICE.blank(name=_short("name"), data_store="unknown", deletion_protected="unknown")
    return _page(Sheet(SERVICE, url_for("catalogue.add_service"), "Add a service", values))


@blueprint.post("/services/new")
@allow(Permission.REVIEW)
def add_service() -> Response | tuple[str, int]:
    """Add a service."""
    sheet = Sheet(SERVICE, url_for("catalogue.add_service"), "Add a service", SERVICE.typed())
    return _save(sheet, f"“{sheet.values['name'].strip()}” is in the catalogue.")


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
    values = _service_values(found)
    return _page(Sheet(SERVICE, target, f"Edit {name}", values, found.id, found.version))


@blueprint.post("/services/<name>/edit")
@allow(Permission.REVIEW)
def change_service(name: str) -> Response | tuple[str, int]:
    """Change a service."""
    with reading() as session:
        found = catalogue.find_service(session, name=name)
    target = url_for("catalogue.change_service", name=name)
    sheet = Sheet(SERVICE, target, f"Edit {name}", SERVICE.typed(), found.id, _version())
    return _save(sheet, f"“{sheet.values['name'].strip()}” is saved.")


# Freeze windows


def _store_freeze(session: Session, entry: FreezeEntry, key: str, base: int) -> str:
    return changes.save_freeze(
        session, viewer=viewer(), entry=entry, now=now(), freeze_id=key, base_version=base
    )


FREEZE = Form("catalogue/freeze.html", FreezeEntry, _store_freeze)


@blueprint.get("/services/freezes/new")
@allow(Permission.REVIEW)
def new_freeze() -> str:
    """The empty form."""
    target = url_for("catalogue.add_freeze")
    return _page(Sheet(FREEZE, target, "Plan a freeze window", FREEZE.blank()))


@blueprint.post("/services/freezes/new")
@allow(Permission.REVIEW)
def add_freeze() -> Response | tuple[str, int]:
    """Add a freeze window."""
    target = url_for("catalogue.add_freeze")
    sheet = Sheet(FREEZE, target, "Plan a freeze window", FREEZE.typed())
    return _save(sheet, "The freeze window is planned.")


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
    title = "Change the freeze window"
    return _page(Sheet(FREEZE, target, title, values, freeze_id, found.version))


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
    title = "Change the freeze window"
    sheet = Sheet(FREEZE, target, title, FREEZE.typed(), freeze_id, _version())
    return _save(sheet, "The freeze window is saved.")


# Drills


def _store_drill(session: Session, entry: DrillEntry, key: str, base: int) -> str:
    return changes.save_drill(
        session, viewer=viewer(), entry=entry, now=now(), drill_id=key, base_version=base
    )


DRILL = Form("catalogue/drill.html", DrillEntry, _store_drill)


@blueprint.get("/services/drills/new")
@allow(Permission.REVIEW)
def new_drill() -> str:
    """The empty form; ``?service=`` chooses one."""
    values = DRILL.blank(service=_short("service"))
    return _page(Sheet(DRILL, url_for("catalogue.add_drill"), "Plan a drill", values))


@blueprint.post("/services/drills/new")
@allow(Permission.REVIEW)
def add_drill() -> Response | tuple[str, int]:
    """Plan a drill, or write down one that was held."""
    sheet = Sheet(DRILL, url_for("catalogue.add_drill"), "Plan a drill", DRILL.typed())
    return _save(sheet, "The drill is saved.")


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
    return _page(Sheet(DRILL, target, "The drill", values, drill_id, found.version))


@blueprint.post("/services/drills/<drill_id>")
@allow(Permission.REVIEW)
def change_drill(drill_id: str) -> Response | tuple[str, int]:
    """Write down how a drill went."""
    target = url_for("catalogue.change_drill", drill_id=drill_id)
    sheet = Sheet(DRILL, target, "The drill", DRILL.typed(), drill_id, _version())
    return _save(sheet, "The drill is saved.")
