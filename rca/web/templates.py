"""Templates on the web: the list, one with its history, the form for admins, and the choice."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from rca.domain.access import Permission
from rca.domain.lifecycle import requirements, unmet
from rca.domain.postmortem import PostmortemContent
from rca.domain.template import OCCASIONS, Level, Template
from rca.domain.vocabulary import Severity
from rca.errors import Conflict, Invalid, NotNow, Problem
from rca.services import authoring, templates
from rca.web import forms, forms_template
from rca.web.access import allow
from rca.web.context import now, reading, viewer, writing
from rca.web.postmortems.editing import section_globals
from rca.web.postmortems.sheet import make_sheet
from rca.web.postmortems.shown import shown

blueprint = Blueprint("templates", __name__)
Page = Response | str | tuple[str, int]
SEVERITIES = [(severity.value, severity.label) for severity in Severity]


@blueprint.get("/templates")
@allow(Permission.READ)
def index() -> str:
    """All templates, and which one each severity begins with."""
    return _index(())


def _index(problems: Sequence[Problem]) -> str:
    with reading() as session:
        found = templates.list_templates(session)
        chosen = templates.choices(session)
    return render_template(
        "templates/index.html",
        templates=found,
        occasions=[(key, words, chosen[key]) for key, words in OCCASIONS],
        offered=[(one.current.id, one.current.name) for one in found if not one.retired],
        counts={one.current.id: _counts(one.current) for one in found},
        problems=problems,
        here="templates",
    )


def _counts(template: Template) -> list[tuple[str, int]]:
    """How many answers review needs, by severity."""
    required = [
        (s.label, sum(ask.level is Level.REQUIRED for ask in template.asks(s))) for s in Severity
    ]
    return required


@blueprint.post("/templates/choices")
@allow(Permission.ADMIN)
def choices() -> Response:
    """Which template each severity and kind begins with."""
    wanted = {key: request.form.get(f"choice-{key}", "") for key, _ in OCCASIONS}
    with writing() as session:
        wanted = {key: value for key, value in wanted.items() if value}
        templates.choose(session, viewer=viewer(), wanted=wanted, now=now())
    flash("Saved. Postmortems that are begun keep their template.", "done")
    return redirect(url_for("templates.index"), code=303)


@blueprint.get("/templates/<template_id>")
@allow(Permission.READ)
def show(template_id: str) -> str:
    """What a template asks at each severity, and every version of it."""
    with reading() as session:
        view = templates.view(session, viewer=viewer(), template_id=template_id)
    return render_template(
        "templates/show.html",
        view=view,
        template=view.current,
        matrix=forms_template.matrix(view.current),
        severities=SEVERITIES,
        here="templates",
    )


@blueprint.get("/templates/<template_id>/versions/<int(max=100000):version>")
@allow(Permission.READ)
def version(template_id: str, version: int) -> str:
    """The empty form of one version, at a severity."""
    with reading() as session:
        view = templates.view(session, viewer=viewer(), template_id=template_id)
        template = templates.find(session, template_id, version)
    return _preview(template, request.args.get("severity", ""), view=view)


def _preview(
    template: Template,
    severity: str,
    *,
    view: templates.TemplateView | None = None,
    pairs: Sequence[tuple[str, str]] = (),
    target: str = "",
) -> str:
    chosen = severity if severity in Severity.values() else Severity.SEV2.value
    content = PostmortemContent.model_validate({"severity": chosen})
    return render_template(
        "templates/preview.html",
        template=template,
        view=view,
        sheet=make_sheet(content, template=template),
        needs=requirements(content, template),
        severity=chosen,
        severities=SEVERITIES,
        pairs=pairs,
        target=target,
        reference="",
        **section_globals(),
        here="templates",
    )


@blueprint.get("/templates/new")
@allow(Permission.ADMIN)
def new() -> str:
    """The form of a new template, filled from another one."""
    with reading() as session:
        source = templates.find(session, request.args.get("from", "sre"))
    values = forms_template.values_of(source)
    values |= {"id": "", "name": "", "summary": ""}
    return _form(values, base=0, target=url_for("templates.create"))


@blueprint.post("/templates/new")
@allow(Permission.ADMIN)
def create() -> Page:
    """Store a new template, or do what one of the form's buttons asks."""
    return _take("", url_for("templates.create"))


@blueprint.get("/templates/<template_id>/edit")
@allow(Permission.ADMIN)
def edit(template_id: str) -> str:
    """The form of the newest version."""
    with reading() as session:
        template = templates.find(session, template_id)
    target = url_for("templates.save", template_id=template_id)
    return _form(forms_template.values_of(template), base=template.version, target=target)


@blueprint.post("/templates/<template_id>/edit")
@allow(Permission.ADMIN)
def save(template_id: str) -> Page:
    """Store a new version, or do what one of the form's buttons asks."""
    with reading() as session:
        templates.find(session, template_id)
    return _take(template_id, url_for("templates.save", template_id=template_id))


def _form(
    values: Mapping[str, Any],
    *,
    base: int,
    target: str,
    problems: Sequence[Problem] = (),
    note: str = "",
    clash: str = "",
) -> str:
    return render_template(
        "templates/edit.html",
        values=values,
        rows=forms_template.rows(values),
        levels=[("", "Not asked"), *Level.choices()],
        severities=SEVERITIES,
        base=base,
        target=target,
        note=note,
        problems=problems,
        clash=clash,
        here="templates",
    )


def _base() -> int:
    given = request.form.get("base", "")
    return int(given) if given.isdecimal() and len(given) < 7 else 0


def _take(template_id: str, target: str) -> Page:
    """One press of the form: preview, ask a question twice, back to the form, or save."""
    verb, _, argument = request.form.get("do", "save").partition(":")
    nested = forms.parse(request.form.items(multi=True))
    values = forms_template.typed(nested, template_id)
    note = request.form.get("note", "")
    again: dict[str, Any] = {"base": _base(), "target": target, "note": note}
    if verb == "again":
        forms_template.ask_again(values, argument)
    if verb in ("again", "form"):
        return _form(values, **again)
    try:
        template = templates.parse(forms_template.data_of(values))
        if verb == "preview":
            unsent = ("csrf_token", "do")
            pairs = [p for p in request.form.items(multi=True) if p[0] not in unsent]
            return _preview(template, argument, pairs=pairs, target=target)
        return _store(template, note)
    except Invalid as error:
        problems = forms_template.field_names(values, error.problems)
        return _form(values, **again, problems=problems), 422
    except Conflict as error:
        again["base"] = error.version
        return _form(values, **again, clash=str(error)), 409


def _store(template: Template, note: str) -> Response:
    with writing() as session:
        stored = templates.save(
            session,
            viewer=viewer(),
            template=template,
            base_version=_base(),
            note=note,
            now=now(),
        )
    flash(
        f"“{stored.name}” is at version {stored.version}. Postmortems that are begun keep theirs.",
        "done",
    )
    return redirect(url_for("templates.show", template_id=stored.id), code=303)


@blueprint.post("/templates/<template_id>/<any(retire, offer):word>")
@allow(Permission.ADMIN)
def retire(template_id: str, word: str) -> Response:
    """Stop offering a template, or offer it again. Nothing is deleted."""
    try:
        with writing() as session:
            templates.retire(
                session,
                viewer=viewer(),
                template_id=template_id,
                retired=word == "retire",
                now=now(),
            )
        words = "It is not offered any more." if word == "retire" else "It is offered again."
        flash(words, "done")
    except NotNow as error:
        flash(str(error), "error")
    return redirect(url_for("templates.show", template_id=template_id), code=303)


@blueprint.get("/postmortems/<reference>/template")
@allow(Permission.WRITE)
def choose(reference: str) -> str:
    """Every template with what it would still ask of this postmortem."""
    view = shown(reference, live=True)
    with reading() as session:
        offered = templates.offered(session)
        usual = templates.usual_for(session, view.content)
    return render_template(
        "templates/choose.html",
        view=view,
        usual=usual,
        options=[(one, unmet(view.content, one)) for one in offered],
        here="postmortems",
    )


@blueprint.post("/postmortems/<reference>/template")
@allow(Permission.WRITE)
def switch(reference: str) -> Response:
    """Give the postmortem another template; everything written stays."""
    wanted = request.form.get("template", "")
    with writing() as session:
        template = authoring.choose_template(
            session, viewer=viewer(), reference=reference, template=wanted, now=now()
        )
    flash(f"It follows “{template.name}” now. Nothing that was written is gone.", "done")
    return redirect(url_for("postmortems.edit", reference=reference), code=303)
