"""The AI influence page: what is known, and whether AI-assisted changes are riskier."""

from typing import cast

from flask import Blueprint, render_template, request

from mining.exposure import Grouping
from rca.domain.access import Permission
from rca.services.influence import ANSWERS, influence_page
from rca.services.risk import OUTCOMES
from rca.web.access import allow
from rca.web.context import reading

blueprint = Blueprint("ai", __name__)
GROUPINGS = {"service": "Service", "repo": "Repository", "quarter": "Quarter", "size": "Size"}
SHORT = {
    "reverted_30d": "Reverted in 30 days",
    "incident": "Linked incident",
    "reverted_ever": "Reverted ever",
    "regression_cited": "Cited by a fix",
}


@blueprint.get("/ai-influence")
@allow(Permission.READ)
def index() -> str:
    """Exposure, risk by stratum with intervals, and AI influence in the incidents."""
    outcome = request.args.get("outcome", "reverted_30d")
    by = request.args.get("by", "service")
    outcome = outcome if outcome in OUTCOMES else "reverted_30d"
    by = by if by in GROUPINGS else "service"
    with reading() as session:
        page = influence_page(session, outcome=outcome, by=cast(Grouping, by))
    return render_template(
        "ai/index.html",
        here="ai",
        page=page,
        report=page.report,
        outcomes=SHORT,
        groupings=GROUPINGS,
        answers=ANSWERS,
    )
