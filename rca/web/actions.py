"""Action items across postmortems, and the form that moves one on."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from rca.domain.access import Permission
from rca.domain.vocabulary import ActionKind, ActionStatus, Verification
from rca.errors import Conflict, Invalid, Problem
from rca.services import actions, tracker
from rca.services.actions import SHOWS, ActionFilter, ActionView, Progress, Terms
from rca.services.reminder_forecast import Forecast, forecast
from rca.web.access import allow
from rca.web.context import now, reading, settings, viewer, writing

blueprint = Blueprint("actions", __name__)


def _plain(text: str, most: int) -> str:
    return text.replace("\x00", "").strip()[:most]


def _wanted() -> ActionFilter:
    show = request.args.get("show", "open")
    return ActionFilter(
        show=show if show in SHOWS else "open",
        team=_plain(request.args.get("team", ""), 240),
        service=_plain(request.args.get("service", ""), 240),
    )


def _address(wanted: ActionFilter) -> str:
    parts: dict[str, Any] = {"show": wanted.show, "team": wanted.team, "service": wanted.service}
    return url_for("actions.index", **{key: value for key, value in parts.items() if value})


@blueprint.get("/actions")
@allow(Permission.READ)
def index() -> str:
    """Commitments and ideas, the most overdue first."""
    wanted = _wanted()
    with reading() as session:
        found = actions.list_actions(session, viewer=viewer(), now=now(), wanted=wanted)
        facets = actions.facets(session, viewer=viewer(), now=now(), wanted=wanted)
        proposals = tracker.waiting_for(session, viewer=viewer(), ids=[item.id for item in found])
    tabs = [
        (_address(replace(wanted, show=show)), words, facets.counts[show], wanted.show == show)
        for show, words in SHOWS.items()
    ]
    chips = [
        (value, _address(replace(wanted, **{part: ""})))
        for part, value in (("team", wanted.team), ("service", wanted.service))
        if value
    ]
    return render_template(
        "actions/index.html",
        here="actions",
        commitments=[item for item in found if item.kind is ActionKind.COMMITMENT],
        ideas=[item for item in found if item.kind is ActionKind.IDEA],
        wanted=wanted,
        tabs=tabs,
        chips=chips,
        facets=facets,
        proposals=proposals,
        days_to_act=settings().days_to_act,
    )


@dataclass(frozen=True, slots=True)
class ActionForm:
    """What the page's fields hold: stored values first, the person's own after a refusal."""

    status: str
    reason: str
    approver: str
    due: str
    verified: str
    evidence: str
    kind: str
    owner: str
    team: str
    done_criterion: str
    tracker_url: str
    version: int


def _stored(item: ActionView) -> ActionForm:
    return ActionForm(
        status=item.status.value,
        reason=item.status_reason,
        approver=item.approver,
        due=item.due.isoformat() if item.due else "",
        verified=item.verified.value,
        evidence=item.verified_evidence,
        kind=item.kind.value,
        owner=item.owner,
        team=item.team,
        done_criterion=item.done_criterion,
        tracker_url=item.tracker_url,
        version=item.version,
    )


def _typed(version: int, item: ActionView) -> ActionForm:
    form = request.form
    return ActionForm(
        status=form.get("status", ""),
        reason=_plain(form.get("reason", ""), 20_000),
        approver=_plain(form.get("approver", ""), 240),
        due=form.get("due", "").strip(),
        verified=form.get("verified", ""),
        evidence=_plain(form.get("evidence", ""), 2_000),
        kind=form.get("kind", item.kind.value),
        owner=_plain(form.get("owner", item.owner), 240),
        team=_plain(form.get("team", item.team), 240),
        done_criterion=_plain(form.get("done_criterion", item.done_criterion), 2_000),
        tracker_url=_plain(form.get("tracker_url", item.tracker_url), 2_000),
        version=version,
    )


def _progress(form: ActionForm) -> Progress:
    """The form as a value. Raises Invalid for a status or date that can't be read."""
    if form.status not in ActionStatus.values():
        raise Invalid([Problem("status", "Choose where it stands.")])
    try:
        due = date.fromisoformat(form.due) if form.due else None
    except ValueError as error:
        raise Invalid([Problem("due", "Use a date such as 2026-11-30.")]) from error
    if form.kind not in ActionKind.values():
        raise Invalid([Problem("kind", "Choose commitment or idea.")])
    verified = form.verified if form.verified in Verification.values() else Verification.PENDING
    return Progress(
        status=ActionStatus(form.status),
        reason=form.reason,
        approver=form.approver,
        due=due,
        verified=Verification(verified),
        evidence=form.evidence,
        terms=Terms(
            ActionKind(form.kind), form.owner, form.team, form.done_criterion, form.tracker_url
        ),
    )


@dataclass(frozen=True, slots=True)
class Loaded:
    """An action item with what its tracker proposes."""

    item: ActionView
    proposal: tracker.ProposalView | None
    teams: tuple[str, ...]
    next_reminder: Forecast | None


def _page(
    loaded: Loaded, form: ActionForm, problems: tuple[Problem, ...] = (), clash: str = ""
) -> str:
    item = loaded.item
    days = settings().days_to_act(item.severity)
    return render_template(
        "actions/action.html",
        here="actions",
        item=item,
        form=form,
        problems=problems,
        clash=clash,
        proposal=loaded.proposal,
        teams=loaded.teams,
        next_reminder=loaded.next_reminder,
        days_to_act=days,
        days_over=item.later_than(days),
    )


def _load(action_id: str) -> Loaded:
    with reading() as session:
        item = actions.view(session, viewer=viewer(), action_id=action_id, now=now())
        proposals = tracker.waiting_for(session, viewer=viewer(), ids=[action_id])
        teams = actions.facets(session, viewer=viewer(), now=now(), wanted=ActionFilter()).teams
        told = forecast(session, action_id=action_id, today=now().date(), settings=settings())
    return Loaded(item, proposals.get(action_id), teams, told)


@blueprint.get("/actions/<action_id>")
@allow(Permission.READ)
def show(action_id: str) -> str:
    """One action item, with the form for those who write."""
    loaded = _load(action_id)
    form = _stored(loaded.item)
    asked = request.args.get("status", "")
    return _page(loaded, replace(form, status=asked) if asked in ActionStatus.values() else form)


@blueprint.post("/actions/<action_id>")
@allow(Permission.WRITE)
def change(action_id: str) -> Response | tuple[str, int]:
    """Move one on. Typed words stay on every refusal; a conflict shows what is stored."""
    loaded = _load(action_id)
    form = _typed(_version(), loaded.item)
    try:
        with writing() as session:
            item = actions.change(
                session,
                viewer=viewer(),
                action_id=action_id,
                progress=_progress(form),
                base_version=form.version,
                now=now(),
            )
            tracker.settle(
                session, viewer=viewer(), action_id=action_id, status=item.status, now=now()
            )
    except Invalid as error:
        return _page(loaded, form, error.problems), 422
    except Conflict as error:
        return _page(loaded, replace(form, version=error.version), clash=str(error)), 409
    flash(f"“{item.title}” is {item.status.label.lower()}.", "done")
    return redirect(url_for("actions.index"), code=303)


def _version() -> int:
    given = request.form.get("version", "")
    return int(given) if given.isdecimal() and len(given) < 9 else 0


@blueprint.post("/actions/<action_id>/proposals/<proposal_id>")
@allow(Permission.WRITE)
def decide(action_id: str, proposal_id: str) -> Response | tuple[str, int]:
    """Accept or reject what a tracker says; accepting may need words first."""
    loaded = _load(action_id)
    accepted = request.form.get("act") == "accept"
    if accepted and loaded.proposal and loaded.proposal.needs_words:
        status = loaded.proposal.status.value
        return redirect(url_for("actions.show", action_id=action_id, status=status), code=303)
    try:
        with writing() as session:
            if accepted:
                tracker.accept(
                    session,
                    viewer=viewer(),
                    proposal_id=proposal_id,
                    item=loaded.item,
                    base_version=_version(),
                    now=now(),
                )
            else:
                tracker.reject(session, viewer=viewer(), proposal_id=proposal_id, now=now())
    except Conflict as error:
        return _page(_load(action_id), _stored(_load(action_id).item), clash=str(error)), 409
    words = "moved as the tracker says" if accepted else "left as it was"
    flash(f"“{loaded.item.title}” is {words}.", "done")
    return redirect(url_for("actions.show", action_id=action_id), code=303)
