"""Mail and calendars: what an account asked for, links in mail, and the admin's log and lists.

Two addresses are open to anyone: a calendar's and the one that ends a mail. Each believes its
secret alone.
"""

import re
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from werkzeug.wrappers import Response as WerkzeugResponse

from rca.domain.access import Permission
from rca.domain.mail import MailState, is_address
from rca.errors import Invalid, Problem, ThroughlineError
from rca.services import calendar_feed, mail_choices, mailing, review_mail
from rca.services.mail_desk import Desk
from rca.web.access import allow
from rca.web.context import now, reading, settings, viewer, writing
from rca.web.log_pages import asked_after, mark_of

blueprint = Blueprint("mail", __name__)
PAGE = 50


@blueprint.record_once
def _no_form_token(state: BlueprintSetupState) -> None:
    """Mail programs end mail by a POST of their own (RFC 8058), without a page before it."""
    state.app.extensions["csrf"].exempt(leave_now)


def _plain(name: str, most: int) -> str:
    return request.form.get(name, "").replace("\x00", "").strip()[:most]


# What an account asked for


def _choices(problems: tuple[Problem, ...] = (), calendar: str = "") -> str:
    with reading() as session:
        chosen = mail_choices.choices(session, viewer=viewer())
        offered = mail_choices.offered(session)
        feeds = calendar_feed.feeds(session, viewer=viewer())
    return render_template(
        "account_mail/choices.html",
        here="mail-choices",
        chosen=chosen,
        offered=offered,
        feeds=feeds,
        problems=problems,
        typed=request.form if problems else {},
        calendar=calendar,
        sends=settings().smtp is not None,
        when=settings().reminders,
        hour=settings().mail_hour,
    )


def _back(endpoint: str = "mail.choices") -> WerkzeugResponse:
    return redirect(url_for(endpoint), code=303)


@blueprint.get("/account/mail")
@allow(Permission.READ)
def choices() -> str:
    """Own mail and calendars."""
    return _choices()


@blueprint.post("/account/mail")
@allow(Permission.READ)
def choose() -> WerkzeugResponse | tuple[str, int]:
    """Store what to be told of."""
    try:
        with writing() as session:
            mail_choices.choose(
                session,
                viewer=viewer(),
                reminders=request.form.get("reminders") == "1",
                services=request.form.getlist("services"),
                teams=request.form.getlist("teams"),
                now=now(),
            )
    except Invalid as error:
        return _choices(error.problems), 422
    flash("Your choice is kept.", "done")
    return _back()


@blueprint.post("/account/mail/address")
@allow(Permission.READ)
def address() -> WerkzeugResponse | tuple[str, int]:
    """Ask for an address, which a mail to it must confirm; blank takes it off."""
    given = _plain("address", 400)
    try:
        with writing() as session:
            asked = mail_choices.ask_for_address(session, viewer=viewer(), address=given, now=now())
    except Invalid as error:
        return _choices(error.problems), 422
    if given:
        words = f"A mail is on its way to {given}. Its link makes the address yours."
        flash(words if asked else f"A mail to {given} is on its way already.", "done")
    else:
        flash("No mail goes to you any more.", "done")
    return _back()


@blueprint.get("/account/mail/confirm/<token>")
@allow(Permission.READ)
def confirm(token: str) -> str:
    """Show the address and a button: opening the link changes nothing."""
    _user, given = Desk.of(settings()).read_confirm(token)
    return render_template("account_mail/confirm.html", here="mail-choices", address=given,
                           token=token)  # fmt: skip


@blueprint.post("/account/mail/confirm/<token>")
@allow(Permission.READ)
def confirm_now(token: str) -> WerkzeugResponse:
    """Take the address."""
    with writing() as session:
        taken = mail_choices.confirm_address(
            session, viewer=viewer(), desk=Desk.of(settings()), token=token, now=now()
        )
    flash(f"Mail to you goes to {taken}.", "done")
    return _back()


# Calendars


@blueprint.post("/account/mail/calendars")
@allow(Permission.READ)
def add_calendar() -> str | tuple[str, int]:
    """Make a calendar and show its address once: it is never sent through a redirect."""
    try:
        with writing() as session:
            secret = calendar_feed.add_feed(
                session, viewer=viewer(), service=_plain("service", 240), now=now()
            )
    except Invalid as error:
        return _choices(error.problems), 422
    desk = Desk.of(settings())
    return _choices(calendar=desk.page(url_for("mail.calendar", secret=secret)))


@blueprint.post("/account/mail/calendars/<feed_id>/end")
@allow(Permission.READ)
def end_calendar(feed_id: str) -> WerkzeugResponse:
    """End a calendar; programs that read it find nothing from now on."""
    with writing() as session:
        calendar_feed.end_feed(session, viewer=viewer(), feed_id=feed_id, now=now())
    flash("That calendar is ended.", "done")
    return _back()


@blueprint.get("/calendar/<secret>.ics")
@allow(Permission.PUBLIC)
def calendar(secret: str) -> WerkzeugResponse:
    """The dates behind a secret address, as iCalendar."""
    with reading() as session:
        feed = calendar_feed.read_feed(session, secret=secret, desk=Desk.of(settings()), now=now())
    if feed.unseen:
        with writing() as session:
            calendar_feed.seen(session, secret=secret, now=now())
    response = Response(feed.data, content_type="text/calendar; charset=utf-8")
    response.set_etag(feed.etag)
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Content-Disposition"] = 'inline; filename="throughline.ics"'
    return response.make_conditional(request)


# Leaving


@blueprint.get("/mail/leave/<token>")
@allow(Permission.PUBLIC)
def leave(token: str) -> str:
    """Say what the link ends. Opening it ends nothing: mail scanners open links too."""
    leaving = Desk.of(settings()).read_leave(token)
    with reading() as session:
        words = mail_choices.leaving_words(session, leaving)
    return render_template("account_mail/leave.html", words=words, token=token, done=False)


@blueprint.post("/mail/leave/<token>")
@allow(Permission.PUBLIC)
def leave_now(token: str) -> str:
    """End it, from the button or from a mail program."""
    leaving = Desk.of(settings()).read_leave(token)
    with writing() as session:
        words = mail_choices.leaving_words(session, leaving)
        mail_choices.leave(session, leaving=leaving, now=now())
    return render_template("account_mail/leave.html", words=words, token=token, done=True)


# The log


@blueprint.get("/settings/mail")
@allow(Permission.ADMIN)
def log() -> str:
    """Every mail of the last half year, newest first, without its words."""
    return _log()


def _log(problems: tuple[Problem, ...] = ()) -> str:
    state = request.args.get("state", "")
    state = state if state in MailState.values() else ""
    with reading() as session:
        rows = mailing.log(session, viewer=viewer(), state=state, before=asked_after(), limit=PAGE)
        counts = mailing.counts(session)
    shown, older = rows[:PAGE], ""
    if len(rows) > PAGE:
        mark = mark_of(shown[-1].created_at, shown[-1].id)
        older = url_for("mail.log", before=mark, state=state or None)
    tabs = [(url_for("mail.log"), "All", sum(counts.values()), not state)]
    tabs += [
        (url_for("mail.log", state=one.value), one.label, counts.get(one.value, 0), one == state)
        for one in MailState
    ]
    return render_template(
        "account_mail/log.html",
        here="mail",
        rows=shown,
        older=older,
        tabs=tabs,
        state=state,
        smtp=settings().smtp,
        problems=problems,
        typed=request.form if problems else {},
    )


@blueprint.post("/settings/mail/test")
@allow(Permission.ADMIN)
def test() -> WerkzeugResponse | tuple[str, int]:
    """Put a test mail in line."""
    given = _plain("address", 400)
    if not is_address(given):
        return _log((Problem("address", "An address such as name@example.org."),)), 422
    with writing() as session:
        mailing.send_test(session, viewer=viewer(), address=given, now=now())
    flash(f"A test mail to {given} is in line; its line below says what became of it.", "done")
    return _back("mail.log")


@blueprint.post("/settings/mail/<message_id>")
@allow(Permission.ADMIN)
def again(message_id: str) -> WerkzeugResponse:
    """Put a mail in line once more."""
    with writing() as session:
        mailing.send_again(session, viewer=viewer(), message_id=message_id, now=now())
    flash("It is in line again.", "done")
    return _back("mail.log")


# Lists, schedules, team addresses


def _lists(problems: tuple[Problem, ...] = ()) -> str:
    with reading() as session:
        values: dict[str, Any] = {
            "lists": review_mail.lists(session),
            "schedules": review_mail.schedules(session, now=now()),
            "boxes": mail_choices.team_boxes(session),
        }
    return render_template(
        "account_mail/lists.html",
        here="mail",
        problems=problems,
        typed=request.form if problems else {},
        sends=settings().smtp is not None,
        **values,
    )


@blueprint.get("/settings/mail/lists")
@allow(Permission.ADMIN)
def lists() -> str:
    """Who reviews go to and when, and where teams read mail."""
    return _lists()


def _stored(words: str, act: Any, **values: Any) -> WerkzeugResponse | tuple[str, int]:
    """Run one writing use case of this page; its problems stay on the page."""
    try:
        with writing() as session:
            act(session, viewer=viewer(), now=now(), **values)
    except Invalid as error:
        return _lists(error.problems), 422
    except ThroughlineError as error:
        if error.status != 404:
            raise
        return _lists((Problem("", str(error)),)), 422
    flash(words, "done")
    return _back("mail.lists")


@blueprint.post("/settings/mail/lists")
@allow(Permission.ADMIN)
def save_list() -> WerkzeugResponse | tuple[str, int]:
    """Make or replace a list; without addresses it is removed."""
    addresses = re.split(r"[\s,;]+", _plain("addresses", 200_000))
    name = _plain("name", 200)
    return _stored(f"The list “{name}” is kept.", review_mail.save_list, name=name,
                   addresses=addresses)  # fmt: skip


@blueprint.post("/settings/mail/schedules")
@allow(Permission.ADMIN)
def add_schedule() -> WerkzeugResponse | tuple[str, int]:
    """Send each quarter's review to a list from now on."""
    days = _plain("days_after", 4)
    return _stored(
        "Each quarter's review goes out by itself.",
        review_mail.add_schedule,
        list_name=_plain("list_name", 200),
        days_after=int(days) if days.isdecimal() else -1,
        paper="letter" if request.form.get("paper") == "letter" else "a4",
    )


@blueprint.post("/settings/mail/schedules/<schedule_id>/end")
@allow(Permission.ADMIN)
def end_schedule(schedule_id: str) -> WerkzeugResponse | tuple[str, int]:
    """End a schedule."""
    return _stored("That schedule is ended.", review_mail.remove_schedule, schedule_id=schedule_id)


@blueprint.post("/settings/mail/teams")
@allow(Permission.ADMIN)
def team_address() -> WerkzeugResponse | tuple[str, int]:
    """Set or end a team's address."""
    team = _plain("team", 240)
    return _stored(f"The address of {team} is kept.", mail_choices.set_team_address, team=team,
                   address=_plain("address", 400))  # fmt: skip
