"""The signed-in person's own account: shortcuts, password, API tokens."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from rca.domain.access import Permission
from rca.domain.vocabulary import TokenScope
from rca.errors import Invalid, Problem
from rca.services import account_settings as own
from rca.web.access import allow, cookie_name
from rca.web.context import now, reading, viewer, writing

blueprint = Blueprint("account", __name__)


def _page(problems: tuple[Problem, ...] = (), token: str = "") -> str:
    with reading() as session:
        tokens = own.list_tokens(session, viewer=viewer(), now=now())
    return render_template(
        "accounts/account.html",
        here="account",
        tokens=tokens,
        scopes=[scope for scope in TokenScope if viewer().may_grant(scope)],
        problems=problems,
        typed=request.form,
        token=token,
    )


def _back() -> Response:
    return redirect(url_for("account.index"), code=303)


@blueprint.get("/account")
@allow(Permission.READ)
def index() -> str:
    """The page."""
    return _page()


@blueprint.post("/account/shortcuts")
@allow(Permission.READ)
def shortcuts() -> Response:
    """Turn single-letter keys on or off."""
    on = request.form.get("shortcuts") == "1"
    with writing() as session:
        own.set_shortcuts(session, viewer=viewer(), on=on, now=now())
    flash(f"Single-letter keys are {'on' if on else 'off'}.", "done")
    return _back()


@blueprint.post("/account/password")
@allow(Permission.READ)
def password() -> Response | tuple[str, int]:
    """Set a new password; other browsers are signed out."""
    form = request.form
    try:
        with writing() as session:
            own.change_password(
                session,
                viewer=viewer(),
                current=form.get("current", ""),
                password=form.get("password", ""),
                keep=request.cookies.get(cookie_name(), ""),
                now=now(),
            )
    except Invalid as error:
        return _page(error.problems), 422
    flash("Your password is changed. Other browsers are signed out.", "done")
    return _back()


@blueprint.post("/account/tokens")
@allow(Permission.READ)
def add_token() -> tuple[str, int]:
    """Make a token and show it once: it is never sent through a redirect or a cookie."""
    try:
        with writing() as session:
            token = own.add_token(
                session,
                viewer=viewer(),
                name=request.form.get("token_name", ""),
                scopes=request.form.getlist("scopes"),
                now=now(),
            )
    except Invalid as error:
        return _page(error.problems), 422
    return _page(token=token), 200


@blueprint.post("/account/tokens/<token_id>/revoke")
@allow(Permission.READ)
def revoke_token(token_id: str) -> Response:
    """End a token."""
    with writing() as session:
        own.revoke_token(session, viewer=viewer(), token_id=token_id, now=now())
    flash("The token is ended.", "done")
    return _back()
