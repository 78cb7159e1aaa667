"""Print HTML of the small review and of one postmortem."""

from typing import Any

from rca.reports.paper import print_html
from rca.services.printing import printed
from tests.factories import rich
from tests.reports.values import review


def page(**changes: Any) -> str:
    """The print HTML of the small review."""
    return print_html(
        "quarter.html", review=review(**changes), incident=None, organisation="Fernwick",
        agenda_rule="Chosen by rule.",
        banner="Internal", as_of="2026-10-05", run="Fernwick · data abc", digest="abc",
    )  # fmt: skip


def record(paper: str = "a4", template: str = "postmortem.html", **changes: Any) -> str:
    """The print HTML of one postmortem."""
    content = rich(**changes)
    value = printed(content, reference="INC-2026-0001", state="revision 2", unconfirmed=1)
    return print_html(
        template, paper=paper, p=value, title="Checkout unavailable", organisation="Fernwick", banner="", as_of="2026-10-05",
        run="run", digest="abc",
    )  # fmt: skip
