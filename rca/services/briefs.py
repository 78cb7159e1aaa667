"""Briefs to hand over: one recurring cause, one guardrail, each as a PDF of a page or two."""

from datetime import datetime

from sqlmodel import Session

from rca.reports import words
from rca.reports.paper import print_html
from rca.reports.value import Chart, Sheet, digest_of
from rca.services import guardrail_reading
from rca.services.causes import cause_name
from rca.services.guardrail_reading import GuardrailPage
from rca.services.pattern_view import PatternView, view_pattern
from rca.services.quarter.columns import rate_columns
from rca.services.report_pdf import Document, check_paper

_DAYS = 90.0
_MOST_QUARTERS = 10


def pattern_document(
    session: Session, *, identifier: str, now: datetime, organisation: str, paper: str = "a4"
) -> Document:
    """The brief of a recurring cause, from open published records. Raises NotFound, Invalid."""
    check_paper(paper)
    pattern = view_pattern(session, identifier=identifier, now=now)
    charts = tuple(chart for chart in (_trend(pattern),) if chart)
    as_of = now.date().isoformat()
    digest = digest_of([identifier, _plain(pattern), [chart.sheet.rows for chart in charts]])
    html = print_html(
        "pattern.html",
        paper=paper,
        pattern=pattern,
        item=pattern.item,
        why=pattern.why,
        quotes=_quotes(pattern),
        causes=[cause_name(cause) for cause in pattern.cause_ids],
        charts=charts,
        organisation=organisation,
        banner="Internal",
        as_of=as_of,
        run=_run(organisation, f"Pattern {identifier}", as_of, digest),
        digest=digest,
    )
    return Document(f"pattern-{identifier}.pdf", html, charts)


def guardrail_document(
    session: Session, *, identifier: str, now: datetime, organisation: str, paper: str = "a4"
) -> Document:
    """The brief of a guardrail with what speaks for and against it. Raises NotFound, Invalid."""
    check_paper(paper)
    page = guardrail_reading.guardrail_page(session, guardrail_id=identifier, now=now)
    as_of = now.date().isoformat()
    digest = digest_of([page.text, page.item.decision, page.item.reason, page.version])
    html = print_html(
        "guardrail.html",
        paper=paper,
        page=page,
        item=page.item,
        tried=_tried(page),
        organisation=organisation,
        banner="Internal",
        as_of=as_of,
        run=_run(organisation, f"Guardrail {identifier}", as_of, digest),
        digest=digest,
    )
    return Document(f"guardrail-{identifier}.pdf", html)


def _run(organisation: str, what: str, as_of: str, digest: str) -> str:
    parts = (organisation, f"{what}, as of {words.iso_day(as_of)}", f"data {digest[:12]}")
    return " · ".join(part for part in parts if part)


def _plain(pattern: PatternView) -> list[object]:
    item = pattern.item
    members = [[member.reference, member.title, member.quarter] for member in pattern.members]
    actions = [[a.title, a.status.value, a.overdue_days] for a in pattern.actions]
    return [item.name, item.state.value, item.size, item.reason, members, actions]


def _quotes(pattern: PatternView) -> list[tuple[str, str, str, str]]:
    """Quote, reference, title and a note: the most typical ones, then the least typical."""
    shown = [(member, "") for member in pattern.exemplars]
    if pattern.least_typical:
        shown.append((pattern.least_typical, "Least typical of them"))
    return [
        ("".join(part for part, _ in member.quote), member.reference, member.title, note)
        for member, note in shown
    ]


def _trend(pattern: PatternView) -> Chart | None:
    """Incidents a quarter with their Poisson limits; none when nothing is dated."""
    rows = tuple(
        (q.quarter, q.count, _DAYS, float(q.count), q.low, q.high)
        for q in pattern.trend[-_MOST_QUARTERS:]
    )
    if not any(row[1] for row in rows):
        return None
    columns = rate_columns("Quarter", "A quarter")
    return Chart(
        "pattern-trend",
        "rates",
        "Incidents of this cause by quarter",
        "; ".join(f"{row[0]}: {row[1]}" for row in rows) + ".",
        Sheet("pattern-trend", "Incidents by quarter", columns, rows),
        note=_said(pattern),
    )


def _said(pattern: PatternView) -> str:
    change = pattern.change
    if change is None or change.effect is None or change.low is None or change.high is None:
        return "Exact Poisson limits. Too few to compare the last two quarters."
    last, before = pattern.trend[-1].quarter, pattern.trend[-2].quarter
    said = (
        "a change that chance alone seldom makes"
        if change.excludes_neutral
        else "cannot distinguish from no change"
    )
    return (
        f"Exact Poisson limits. {last} against {before}: ratio {change.effect:.1f} "
        f"({change.low:.1f} to {change.high:.1f}), {said}."
    )


def _tried(page: GuardrailPage) -> list[tuple[str, str]]:
    """What trying the rule on recorded changes showed, as name and value."""
    history = page.history
    if not history:
        return []
    held = bool(history.get("split"))
    window = history["windows"]["holdout" if held else "whole"]
    if not window["evaluated"]:
        return []
    flagged, linked = window["flagged"], window["tp"]
    return [
        ("Verdict", str(history["verdict"])),
        ("Window", f"{window['start']} to {window['end']}" + (", held out" if held else "")),
        ("Changes judged", f"{window['evaluated']:,}"),
        ("Flagged", f"{flagged:,} ({100 * window['flag_rate']:.1f}%)"),
        ("Flagged and linked to an incident", f"{linked} of {flagged}"),
        ("Linked that it flags", f"{linked} of {window['linked']}"),
        ("Incidents caught", f"{window['caught']} of {window['incidents']}"),
        ("Cannot be judged", f"{window['unknown'] + window['unsure']:,} changes"),
    ]
