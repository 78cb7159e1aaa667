"""Sign in, sign out, one-time links, and the admin's list of accounts."""

from urllib.parse import urlsplit

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from rca.domain.access import Permission
from rca.domain.vocabulary import Role
from rca.errors import Invalid, TooMany
from rca.services import accounts
from rca.web.access import allow, cookie_name, drop_session_cookie, set_session_cookie
from rca.web.context import now, reading, settings, viewer, writing

blueprint = Blueprint("accounts", __name__)


def safe_next(target: str) -> str:
    """A path of our own to go to after signing in; anything else becomes the first page."""
    parts = urlsplit(target)
    plain = target.startswith("/") and not target.startswith(("//", "/\\"))
    clean = plain and not parts.scheme and not parts.netloc and "\\" not in target
    return target if clean and target.isprintable() else "/"


@blueprint.get("/healthz")
@allow(Permission.PUBLIC)
def healthz() -> tuple[str, int]:
    """Whether this process answers; says nothing about data."""
    return "ok\n", 200


@blueprint.get("/sign-in")
@allow(Permission.PUBLIC)
def sign_in() -> str:
    """The sign-in form."""
    return render_template(
        "accounts/sign_in.html", next=safe_next(request.args.get("next", "/")), error="", name=""
    )


@blueprint.post("/sign-in")
@allow(Permission.PUBLIC)
def sign_in_now() -> Response | tuple[str, int]:
    """Check the password; one answer for a wrong name and a wrong password."""
    name, target = request.form.get("name", ""), safe_next(request.form.get("next", "/"))
    try:
        with writing() as db:
            accounts.record_try(db, name=name, address=request.remote_addr or "", now=now())
        with writing() as db:
            opened = accounts.sign_in(
                db,
                name=name,
                password=request.form.get("password", ""),
                now=now(),
                hours=settings().session_hours,
            )
        error = "" if opened else "That name and password do not match."
    except TooMany as busy:
        opened, error = None, str(busy)
    if opened is None:
        page = render_template("accounts/sign_in.html", next=target, error=error, name=name)
        return page, 401
    return _into(opened, target)


def _into(opened: accounts.NewSession, target: str) -> Response:
    session.clear()  # a form token from before signing in must not outlive it
    response = redirect(target, code=303)
    set_session_cookie(response, opened.secret)
    return response


@blueprint.post("/sign-out")
@allow(Permission.PUBLIC)
def sign_out() -> Response:
    """End this session."""
    with writing() as db:
        accounts.sign_out(db, secret=request.cookies.get(cookie_name(), ""))
    session.clear()
    response = redirect(url_for("accounts.sign_in"), code=303)
    drop_session_cookie(response)
    return response


@blueprint.get("/link/<secret>")
@allow(Permission.PUBLIC)
def link(secret: str) -> str:
    """Show whose link this is. Opening it consumes nothing: mail scanners open links too."""
    return _link_page(secret, "")


def _link_page(secret: str, error: str) -> str:
    with reading() as db:
        name = accounts.look_up_link(db, secret=secret, now=now()).name
    return render_template("accounts/link.html", name=name, secret=secret, error=error)


@blueprint.post("/link/<secret>")
@allow(Permission.PUBLIC)
def use_link(secret: str) -> Response | tuple[str, int]:
    """Consume the link: set a password and sign in."""
    try:
        with writing() as db:
            opened = accounts.use_link(
                db,
                secret=secret,
                password=request.form.get("password", ""),
                now=now(),
                hours=settings().session_hours,
            )
    except Invalid as error:
        return _link_page(secret, error.problems[0].message), 422
    return _into(opened, "/")


@blueprint.get("/settings/people")
@allow(Permission.ADMIN)
def people() -> str:
    """All accounts."""
    with reading() as db:
        users = accounts.list_users(db)
    return render_template(
        "accounts/people.html",
        users=users,
        roles=Role,
        problems=(),
        form={},
        link="",
        here="people",
    )


@blueprint.post("/settings/people")
@allow(Permission.ADMIN)
def add_person() -> str | tuple[str, int]:
    """Make an account and show its one-time link once."""
    form = request.form
    try:
        with writing() as db:
            role = Role(form["role"]) if form.get("role") in Role.values() else Role.VIEWER
            user = accounts.create_user(
                db,
                actor=viewer(),
                name=form.get("name", ""),
                display_name=form.get("display_name", "").strip()[:240],
                role=role,
                now=now(),
            )
            secret = accounts.make_link(db, actor=viewer(), name=user.name, now=now())
        problems, made = (), url_for("accounts.link", secret=secret, _external=True)
    except Invalid as error:
        problems, made = error.problems, ""  # type: ignore[assignment]
    with reading() as db:
        users = accounts.list_users(db)
    page = render_template(
        "accounts/people.html",
        users=users,
        roles=Role,
        problems=problems,
        form=form if problems else {},
        link=made,
        here="people",
    )
    return (page, 422) if problems else page


@blueprint.post("/settings/people/<name>")
@allow(Permission.ADMIN)
def change_person(name: str) -> Response:
    """Change a role, disable, enable, or make a new link."""
    act = request.form.get("act", "")
    with writing() as db:
        if act == "role" and request.form.get("role") in Role.values():
            accounts.set_role(
                db, actor=viewer(), name=name, role=Role(request.form["role"]), now=now()
            )
            flash(f"{name} is now {Role(request.form['role']).label.lower()}.", "done")
        elif act in ("enable", "disable"):
            accounts.set_active(db, actor=viewer(), name=name, active=act == "enable", now=now())
            flash(f"{name} is {act}d.", "done")
        elif act == "link":
            secret = accounts.make_link(db, actor=viewer(), name=name, now=now())
            address = url_for("accounts.link", secret=secret, _external=True)
            flash(f"One-time link for {name}, 30 minutes: {address}", "done")
    return redirect(url_for("accounts.people"), code=303)
