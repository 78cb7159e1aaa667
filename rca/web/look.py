"""The company's look: its settings page, its logo, and its colour as a style sheet."""

import base64

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from rca.domain.access import Permission
from rca.domain.colour import PETROL, contrast
from rca.errors import Invalid, NotFound, Problem
from rca.services import look as looks
from rca.services.look import Look
from rca.web.access import allow
from rca.web.context import now, reading, settings, viewer, writing

blueprint = Blueprint("look", __name__)


def current() -> Look:
    """The look as it is set."""
    with reading() as session:
        return looks.current(session)


def worn() -> tuple[str, int, bool]:
    """Name, version and whether there is a logo, for every page."""
    with reading() as session:
        return looks.worn(session)


@blueprint.get("/look.css")
@allow(Permission.PUBLIC)
def css() -> Response:
    """The company's colour in place of the product's; an empty sheet without one."""
    found = current()
    text = ""
    if found.accent:
        light, dark = found.accent, found.dark_accent
        pair = f"light-dark({light}, {dark})"
        names = ("--accent", "--accent-strong", "--focus", "--chart-1")
        text = ":root {" + "".join(f" {name}: {pair};" for name in names) + " }\n"
    response = Response(text, mimetype="text/css")
    response.headers["Cache-Control"] = "no-cache"
    response.set_etag(f"look-{found.version}")
    return response


@blueprint.get("/look/logo")
@allow(Permission.PUBLIC)
def logo() -> Response:
    """The logo. Raises NotFound without one."""
    found = current()
    if not found.logo:
        raise NotFound("No logo is set.")
    response = Response(found.logo, mimetype="image/png")
    response.headers["Cache-Control"] = "no-cache"
    response.set_etag(f"logo-{found.version}")
    return response


@blueprint.get("/settings/look")
@allow(Permission.ADMIN)
def edit() -> str:
    """Name, colour and logo."""
    return _page(current(), ())


def _page(found: Look, problems: tuple[Problem, ...]) -> str:
    form = request.form if request.method == "POST" else {}
    accent = str(form.get("accent", found.accent) or PETROL)
    shown = found.accent or PETROL
    return render_template(
        "look/edit.html",
        here="look",
        look=found,
        name=form.get("name", found.name),
        accent=accent,
        ratios=(contrast(shown, "#fafaf7"), contrast(found.dark_accent or "#6fc7c5", "#101514")),
        default_name=settings().organisation,
        problems=problems,
        picture=base64.b64encode(found.logo).decode() if found.logo else "",
    )


@blueprint.post("/settings/look")
@allow(Permission.ADMIN)
def save() -> WerkzeugResponse | tuple[str, int]:
    """Store it. A picture is decoded and written anew; anything else is refused kindly."""
    upload = request.files.get("logo")
    data = upload.read(looks.MOST_BYTES + 1) if upload and upload.filename else None
    version = request.form.get("version", "")
    try:
        if not version.isdigit():
            raise Invalid([Problem("version", "This form has no version. Reload the page.")])
        with writing() as session:
            looks.save(
                session,
                viewer=viewer(),
                name=request.form.get("name", ""),
                accent=request.form.get("accent", ""),
                base_version=int(version),
                now=now(),
                logo=data,
                drop_logo=bool(request.form.get("drop_logo")),
            )
    except Invalid as error:
        return _page(current(), error.problems), 422
    flash("Saved. Pages and PDFs use it from now on.", "done")
    return redirect(url_for("look.edit"), code=303)
