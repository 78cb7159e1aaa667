"""Sign in, sign out, one-time links, and the admin's list of accounts."""

from urllib.parse import urlsplit

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from rca.domain.access import Permission
from rca.domain.vocabulary import Role
from rca.errors import Invalid, Problem, TooMany
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
def healthz() -> Response:
    """Whether this process answers; says nothing about data."""
    return Response("ok\n", mimetype="text/plain")


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
    except TooMany as busy:
        return _refused(name, target, str(busy)), busy.status
    if opened is None:
        return _refused(name, target, "That name and password do not match."), 401
    return _into(opened, target)


def _refused(name: str, target: str, error: str) -> str:
    return render_template("accounts/sign_in.html", next=target, error=error, name=name)


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


def _people(problems: tuple[Problem, ...] = (), link_for: str = "", secret: str = "") -> str:
    with reading() as db:
        users = accounts.list_users(db)
    return render_template(
        "accounts/people.html",
        here="people",
        users=users,
        roles=Role,
        problems=problems,
        form=request.form if problems else {},
        link=url_for("accounts.link", secret=secret, _external=True) if secret else "",
        link_for=link_for,
    )


def _role(default: Role | None = None) -> Role | None:
    given = request.form.get("role", "")
    return Role(given) if given in Role.values() else default


@blueprint.get("/settings/people")
@allow(Permission.ADMIN)
def people() -> str:
    """All accounts."""
    return _people()


@blueprint.post("/settings/people")
@allow(Permission.ADMIN)
def add_person() -> str | tuple[str, int]:
    """Make an account and show its one-time link once."""
    form = request.form
    try:
        with writing() as db:
            user = accounts.create_user(
                db,
                actor=viewer(),
                name=form.get("name", "").replace("\x00", ""),
                display_name=form.get("display_name", "").replace("\x00", "").strip()[:240],
                role=_role(Role.VIEWER) or Role.VIEWER,
                now=now(),
            )
            name = user.name
            secret = accounts.make_link(db, actor=viewer(), name=name, now=now())
    except Invalid as error:
        return _people(error.problems), 422
    return _people(link_for=name, secret=secret)


@blueprint.post("/settings/people/<name>")
@allow(Permission.ADMIN)
def change_person(name: str) -> Response | str | tuple[str, int]:
    """Change a role, disable, enable, or make a new link, which is shown once."""
    act, role = request.form.get("act", ""), _role()
    try:
        with writing() as db:
            if act == "link":
                secret = accounts.make_link(db, actor=viewer(), name=name, now=now())
                done = ""
            elif act in ("enable", "disable"):
                active = act == "enable"
                accounts.set_active(db, actor=viewer(), name=name, active=active, now=now())
                done = f"{name} is {act}d."
            elif role is not None:
                accounts.set_role(db, actor=viewer(), name=name, role=role, now=now())
                done = f"{name} is now {role.label.lower()}."
            else:
                raise Invalid([Problem("", "Choose what to change.")])
    except Invalid as error:
        return _people(error.problems), 422
    if act == "link":
        return _people(link_for=name, secret=secret)
    flash(done, "done")
    return redirect(url_for("accounts.people"), code=303)
