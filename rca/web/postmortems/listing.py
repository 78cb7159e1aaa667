"""The list of postmortems: search, filters, keyset paging."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import render_template, request, url_for

from rca.domain.access import Permission
from rca.domain.ai import SUMMARY_LABELS
from rca.domain.postmortem import OWN_ORGANISATION
from rca.domain.vocabulary import RecordKind, Severity, Status
from rca.services import listing
from rca.services.causes import cause_name, grouped
from rca.services.listing import ListFilter
from rca.web.access import allow
from rca.web.context import reading, viewer
from rca.web.filters import quarter_words
from rca.web.postmortems import blueprint

# Part of the filter -> its name in the address.
QUERY = {
    "text": "q",
    "severity": "severity",
    "status": "status",
    "service": "service",
    "quarter": "quarter",
    "ai": "ai",
    "factor_class": "factor",
    "kind": "kind",
    "organisation": "organisation",
}
LONGEST = 240


def filter_of(args: Mapping[str, str]) -> ListFilter:
    """The filter that an address asks for. PostgreSQL refuses NUL in text, so it goes."""
    values = {part: args.get(name, "").replace("\x00", "") for part, name in QUERY.items()}
    return ListFilter(**{part: value.strip()[:LONGEST] for part, value in values.items()})


def address(wanted: ListFilter, **more: Any) -> str:
    """The list's address under a filter."""
    query: dict[str, Any] = {QUERY[part]: value for part, value in wanted.active().items()}
    return url_for("postmortems.index", **query, **more)


@dataclass(frozen=True, slots=True)
class ActiveFilter:
    """A chip: what the list is narrowed by, and the address without it."""

    words: str
    href: str
    without: int


def words_of(part: str, value: str) -> str:
    """One filter in words, as chips and empty lists name it."""
    words = {
        "text": lambda: f"“{value}”",
        "severity": lambda: (
            "Severity unknown" if value == listing.BLANK else Severity.label_of(value)
        ),
        "status": lambda: Status.label_of(value),
        "quarter": lambda: quarter_words(value),
        "ai": lambda: SUMMARY_LABELS.get(value, value),
        "factor_class": lambda: cause_name(value),
        "kind": lambda: RecordKind.label_of(value),
        "organisation": lambda: organisation_words(value),
    }
    return words.get(part, lambda: value)()


def organisation_words(name: str) -> str:
    """An organisation's name; records written here are called so."""
    return "Our own" if name == OWN_ORGANISATION else name


def _chips(wanted: ListFilter, totals: Mapping[str, int]) -> list[ActiveFilter]:
    return [
        ActiveFilter(words_of(part, value), address(wanted.without(part)), totals.get(part, 0))
        for part, value in wanted.active().items()
    ]


def _tabs(wanted: ListFilter, counts: Mapping[str, int]) -> list[tuple[str, str, int, bool]]:
    everything = (
        address(wanted.without("status")),
        "All",
        sum(counts.values()),
        not wanted.status,
    )
    asked = {wanted.status: 0} if wanted.status in Status.values() else {}
    return [everything] + [
        (
            address(ListFilter(**{**wanted.active(), "status": name})),
            Status.label_of(name),
            count,
            wanted.status == name,
        )
        for name, count in sorted(
            {**asked, **counts}.items(), key=lambda pair: Status.values().index(pair[0])
        )
    ]


def _choices(facets: listing.Facets) -> dict[str, object]:
    """What each select offers: only values that occur, so that no choice leads nowhere."""
    return {
        "severities": [*Severity.choices(), (listing.BLANK, "Unknown")],
        "services": [(name, name) for name in facets.services],
        "quarters": [(name, quarter_words(name)) for name in facets.quarters],
        "answers": list(SUMMARY_LABELS.items()),
        "factors": grouped(facets.factor_classes),
        "kinds": [(kind, RecordKind.label_of(kind)) for kind in facets.kinds],
        "organisations": [(name, organisation_words(name)) for name in facets.organisations],
    }


@blueprint.get("/postmortems")
@allow(Permission.READ)
def index() -> str:
    """One page of the list."""
    wanted = filter_of(request.args)
    with reading() as session:
        page = listing.list_postmortems(
            session,
            viewer=viewer(),
            wanted=wanted,
            older_than=request.args.get("older", ""),
            newer_than=request.args.get("newer", ""),
        )
        counts = listing.counts_by_status(session, viewer=viewer(), wanted=wanted)
        facets = listing.facets(session, viewer=viewer())
        totals = {}
        if not page.total:
            totals = listing.totals_without(session, viewer=viewer(), wanted=wanted)
    return render_template(
        "postmortems/index.html",
        here="postmortems",
        page=page,
        wanted=wanted,
        tabs=_tabs(wanted, counts),
        chips=_chips(wanted, totals),
        choices=_choices(facets),
        clear=url_for("postmortems.index"),
        newer=address(wanted, newer=page.newer) if page.newer else "",
        older=address(wanted, older=page.older) if page.older else "",
        several=len(facets.organisations) > 1,
        own=OWN_ORGANISATION,
    )
