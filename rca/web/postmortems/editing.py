"""Start a postmortem with four questions, and write it on one page, with or without scripts."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from rca.domain.access import Permission
from rca.domain.labels import SECTION_HEADINGS
from rca.domain.merge import Clash, Merge
from rca.domain.postmortem import PostmortemContent
from rca.domain.skeleton import sentence
from rca.domain.vocabulary import RevisionKind, Section, Severity, Status
from rca.errors import Conflict, Invalid, NotNow, Problem
from rca.services import authoring, conflicts, secrets_guard, suggestions, templates
from rca.services import reading as postmortems
from rca.web import forms, forms_postmortem, forms_rows
from rca.web.access import allow
from rca.web.context import now, reading, settings, viewer, writing
from rca.web.postmortems import blueprint, remarks
from rca.web.postmortems.choices import factor_classes
from rca.web.postmortems.clashes import shown_clashes
from rca.web.postmortems.sheet import Sheet, make_sheet
from rca.web.postmortems.shown import shown

Page = Response | str | tuple[str, int]
SECTION_NOTES: dict[Section, str] = {
    Section.HEADER: "",
    Section.TIMES: "In UTC. Two times give a duration. “Unknown” is a fair answer; blank is not, "
    "at review.",
    Section.TIMELINE: "What was seen and done, in order. Actors are roles. A clock time takes the "
    "date of the row before. A star puts the row into the PDF.",
    Section.IMPACT: "What customers and colleagues noticed, and what noticed it first.",
    Section.FACTORS: "How did it make sense for the system to behave this way? One line each; two "
    "or more usually tell the story better than one.",
    Section.AI: "About the change and its checks, asked of every incident. Helping counts too. "
    "Blank is not unknown.",
    Section.ACTIONS: "A verb, an owner, a date, and how you will know that it worked.",
    Section.LEARNING: "What went well, where you were lucky, what surprised you, what made sense "
    "at the time.",
    Section.SUMMARY: "Written last. What would a colleague from another team need to know?",
}


@blueprint.get("/postmortems/new")
@allow(Permission.WRITE)
def new() -> str:
    """Four questions."""
    return _new_page({}, ())


def _new_page(data: Mapping[str, Any], problems: Sequence[Problem]) -> str:
    with reading() as session:
        words = suggestions.words(session, viewer=viewer())
        offered = templates.offered(session)
    errors = {forms_postmortem.field_name(p): p.message for p in problems}
    return render_template(
        "postmortems/new.html",
        data=data,
        errors=errors,
        problems=list(errors.items()),
        words=words,
        templates=[(one.id, one.name) for one in offered],
        severities=[(one.value, f"{one.label}: {one.hint.lower()}") for one in Severity],
        here="postmortems",
    )


@blueprint.post("/postmortems/new")
@allow(Permission.WRITE)
def create() -> Page:
    """A draft from the four answers; opens the editor."""
    nested = forms.parse(request.form.items(multi=True))
    data = forms_postmortem.read_fields(nested, PostmortemContent().model_dump(mode="json"))
    if not str(data.get("title") or "").strip():
        words = "Name what people saw; you can reword it later."
        return _new_page(nested, [Problem("title", words)]), 422
    try:
        content = authoring.parse_content(data)
    except Invalid as error:
        return _new_page(nested, error.problems), 422
    with writing() as session:
        made = authoring.create(
            session,
            viewer=viewer(),
            content=content,
            now=now(),
            template=request.form.get("template", ""),
        )
    _say_redacted(made)
    flash(f"{made.reference} is saved as a draft. Its address can be shared now.", "done")
    return redirect(url_for("postmortems.edit", reference=made.reference), code=303)


@blueprint.get("/postmortems/<reference>/edit")
@allow(Permission.WRITE)
def edit(reference: str) -> Page:
    """The whole postmortem on one page."""
    view = shown(reference, live=True)
    if not view.may_edit:
        flash(
            f"{reference} is {view.status.label.lower()}. A correction makes it editable again.",
            "message",
        )
        return redirect(url_for("postmortems.show", reference=reference), code=303)
    return editor_page(reference, view=view)


def editor_page(
    reference: str,
    *,
    view: postmortems.PostmortemView | None = None,
    data: Mapping[str, Any] | None = None,
    problems: Sequence[Problem] = (),
    title: str = "",
    basis: tuple[int, int] | None = None,
    focus: str = "",
) -> str:
    """The editor. ``basis`` is (version, revision) that the words on the page were typed over."""
    view = view or shown(reference, live=True)
    with reading() as session:
        words = suggestions.words(session, viewer=viewer())
    sheet = make_sheet(view.content, data=data, problems=problems, template=view.template)
    version, revision = basis or (view.version, _filled_from(view))
    return render_template(
        "postmortems/edit.html",
        reference=reference,
        sheet=sheet,
        problems_title=title,
        version=version,
        revision=revision,
        words=words,
        due_days=dict(settings().action_days),
        comments_on=remarks.open_by_section(view.comments),
        **remarks.panel_values(view),
        **{**section_globals(view.comments), "focus": focus},
        here="postmortems",
    )


def _filled_from(view: postmortems.PostmortemView) -> int:
    """The newest revision that equals what is stored; texts kept from conflicts are others."""
    kept = (r.number for r in view.revisions if r.kind is not RevisionKind.CONFLICT)
    return next(kept, 0)


def section_globals(comments: Iterable[postmortems.CommentView] = ()) -> dict[str, Any]:
    """What the section templates read besides the sheet."""
    return {
        "comments_at": remarks.open_by_anchor(comments),
        "headings": SECTION_HEADINGS,
        "section_notes": SECTION_NOTES,
        "factor_groups": factor_classes(),
        "Section": Section,
        "blank_row": blank_template_row,
        "focus": "",
    }


def blank_template_row(name: str) -> dict[str, Any]:
    """A row for a <template>: the script puts a fresh id in place of the marker."""
    return {**forms_postmortem.blank_row(name), "id": "__id__"}


@blueprint.app_template_filter()
def plain_value(value: Any) -> str:
    """A value as an input holds it."""
    return forms_postmortem.plain(value)


def render_section(sheet: Sheet, section: Section, reference: str) -> str:
    """The inputs of one section, to put in place of the ones on an open page."""
    with reading() as session:
        comments = postmortems.comments(session, viewer=viewer(), reference=reference)
    return render_template(
        f"postmortems/sections/{section.value}.html",
        sheet=sheet,
        section=section,
        reference=reference,
        **section_globals(comments),
    )


def sent_basis() -> tuple[int, int]:
    """The version and revision that the page says it was filled from. Raises NotNow."""
    try:
        return int(request.form["version"]), int(request.form["revision"])
    except (KeyError, ValueError) as error:
        raise NotNow("This page does not say which version it was filled from.") from error


@blueprint.post("/postmortems/<reference>/edit")
@allow(Permission.WRITE)
def save(reference: str) -> Page:
    """Store the form, or do what one of its row buttons asks."""
    verb, _, target = request.form.get("do", "save").partition(":")
    version, revision = sent_basis()
    with reading() as session:
        base = conflicts.basis(
            session, viewer=viewer(), reference=reference, revision=revision
        ).content
    pairs = list(request.form.items(multi=True))
    if verb in forms_rows.VERBS:
        return _change_rows(reference, base, verb, target, (version, revision))
    data = forms_postmortem.read_form(pairs, base)
    try:
        content = authoring.parse_content(data)
        return _store(reference, base, content, (version, revision), verb)
    except Invalid as error:
        page = editor_page(reference, data=data, problems=error.problems, basis=(version, revision))
        return page, 422


def _change_rows(
    reference: str, base: PostmortemContent, verb: str, target: str, basis: tuple[int, int]
) -> Page:
    nested = forms.parse(request.form.items(multi=True))
    kept = base.model_dump(mode="json")
    focus = "summary" if verb == "suggest" else forms_rows.apply(nested, verb, target)
    data = {**kept, **forms_postmortem.read_fields(nested, kept, blanks=True)}
    if verb == "suggest":
        data["summary"] = _suggestion(data, base)
    if verb in ("add", "act") and focus.startswith("actions-"):
        _default_due(data)
    return editor_page(reference, data=data, basis=basis, focus=focus)


def _suggestion(data: Mapping[str, Any], base: PostmortemContent) -> str:
    """The skeleton from what is on the page, or from what is stored when that is not valid yet."""
    try:
        content = authoring.parse_content(data)
    except Invalid:
        content = base
    words = str(data.get("summary") or "").strip()
    return f"{sentence(content)}\n\n{words}".strip()


def _default_due(data: dict[str, Any]) -> None:
    days = settings().days_to_act(str(data.get("severity") or ""))
    if days is not None and data["actions"]:
        data["actions"][-1]["due"] = (now() + timedelta(days=days)).date().isoformat()


def _store(
    reference: str,
    base: PostmortemContent,
    content: PostmortemContent,
    basis: tuple[int, int],
    verb: str,
) -> Page:
    try:
        saved = _write(reference, base, content, basis)
    except Conflict:
        return conflict_page(reference, base, content, basis), 409
    _say_redacted(saved)
    if verb == "submit":
        return _submit(reference, saved)
    if verb == "check":
        return redirect(url_for("postmortems.edit", reference=reference) + "#check", code=303)
    flash(f"Saved {now():%H:%M} UTC.", "done")
    return redirect(url_for("postmortems.edit", reference=reference), code=303)


def _say_redacted(saved: authoring.Saved) -> None:
    if saved.redacted:
        flash(secrets_guard.in_words(saved.redacted), "warning")


def _write(
    reference: str, base: PostmortemContent, content: PostmortemContent, basis: tuple[int, int]
) -> authoring.Saved:
    choices = sent_choices()
    with writing() as session:
        if "settle" in request.form:
            return conflicts.save_merged(
                session,
                viewer=viewer(),
                reference=reference,
                base=base,
                mine=content,
                base_version=basis[0],
                choices=choices,
                now=now(),
            )
        return authoring.save(
            session,
            viewer=viewer(),
            reference=reference,
            content=content,
            base_version=basis[0],
            now=now(),
        )


def sent_choices() -> dict[str, str]:
    """What the conflict page chose, by path."""
    return {
        name.removeprefix("choose:"): value
        for name, value in request.form.items()
        if name.startswith("choose:")
    }


def _submit(reference: str, saved: authoring.Saved) -> Page:
    if saved.status is Status.IN_REVIEW:
        flash("Saved. It is in review.", "done")
        return redirect(url_for("postmortems.show", reference=reference), code=303)
    try:
        with writing() as session:
            authoring.submit(
                session,
                viewer=viewer(),
                reference=reference,
                base_version=saved.version,
                now=now(),
            )
    except Invalid as error:
        count = len(error.problems)
        title = f"Saved. {count} {'thing' if count == 1 else 'things'} before review"
        return editor_page(reference, title=title, focus="problems"), 422
    flash("Review is requested. Whoever reviews sees it on the first page.", "done")
    return redirect(url_for("postmortems.show", reference=reference), code=303)


def conflict_page(
    reference: str,
    base: PostmortemContent,
    mine: PostmortemContent,
    basis: tuple[int, int],
) -> str:
    """Both texts side by side, field by field; mine is in the history before the page is shown."""
    with writing() as session:
        authoring.keep_conflict(
            session, viewer=viewer(), reference=reference, content=mine, now=now()
        )
        latest = conflicts.basis(session, viewer=viewer(), reference=reference, revision=None)
    merge: Merge = conflicts.weigh(base, mine, latest.stored, choices=sent_choices())
    clashes: tuple[Clash, ...] = merge.clashes
    unsent = ("csrf_token", "do", "version", "settle")
    pairs = [
        (name, value)
        for name, value in request.form.items(multi=True)
        if name not in unsent and not name.startswith("choose:")
    ]
    return render_template(
        "postmortems/conflict.html",
        reference=reference,
        title=latest.stored.title,
        clashes=shown_clashes(clashes, (mine, latest.stored)),
        taken=len(merge.taken),
        pairs=pairs,
        version=latest.version,
        chosen=sent_choices(),
        do=request.form.get("do", "save"),
        here="postmortems",
    )
