"""The first page after signing in."""

from flask import Blueprint, render_template

from rca.domain.access import Permission
from rca.web.access import allow

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
@allow(Permission.READ)
def index() -> str:
    """What waits, what recurs, what is known of AI influence."""
    return render_template("home/index.html", here="home")
