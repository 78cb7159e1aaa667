"""The first page after signing in."""

from flask import Blueprint, render_template

from rca.domain.access import Permission
from rca.domain.quarters import Quarter
from rca.services.dashboard import dashboard
from rca.web.access import allow
from rca.web.context import now, reading, viewer

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
@allow(Permission.READ)
def index() -> str:
    """What waits, what recurs, what is known of AI influence; a start when nothing is there."""
    with reading() as session:
        board = dashboard(session, viewer=viewer(), now=now())
    if board.fresh:
        return render_template("home/fresh.html", here="home")
    running = Quarter.of(now())
    return render_template(
        "home/index.html",
        here="home",
        board=board,
        today=now(),
        quarter_day=(now() - running.start).days + 1,
    )
