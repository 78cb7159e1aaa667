"""The appendix: every incident in one line, what is missing, and what the words mean."""

from importlib.metadata import version

from rca import __version__
from rca.domain.durations import durations
from rca.domain.vocabulary import Milestone
from rca.reports.value import Cell, Column, Section, Sheet
from rca.services.quarter.compare import PUBLISH_DAYS
from rca.services.quarter.records import SMALL_CELL, Scope, Window
from rca.services.quarter.volume import severity_word

MOST_ROWS = 200
"""Rows of one printed table: the PDF engine's time grows with the square of them."""

DEFINITIONS = (
    ("Incident", "A record of kind incident that is published and open to everyone who signs in. "
     "Near misses and drills are counted apart."),
    ("Interval", "95%, two-sided. Shares: Wilson; with no case, the rule of three. Counts: exact "
     "Poisson. Medians: bootstrap of 4,000 resamples with a fixed seed."),
    ("Cannot distinguish from no change", "The interval of the difference includes none, or the p "
     "value, adjusted for all comparisons of this review, is above 5%. When nothing changed, at "
     "most one review in twenty says that something did. It does not mean that nothing changed."),
    ("Time to detect, mitigate, resolve", "From the start of impact. Time to understand: from "
     "detection. Times known only to the day, and unconfirmed ones, are left out."),
    ("Compared within severities", "Durations are compared severity by severity, so that a "
     "different mix of severities is not read as a change."),
    ("In time", "Finished on the due date or before. Declined and superseded actions are left "
     "out of the share and counted beside it."),
    ("AI influence of an incident", "The most that any surface of its work says. Unconfirmed "
     "rows count as unknown; blank is not asked, which is not unknown."),
    ("Confidence", "High from 30 incidents with nine in ten published; moderate from 10 with "
     "seven in ten; low otherwise."),
    ("People", "No figure is about a person or ranks teams."),
)  # fmt: skip


def appendix(now: Window, scope: Scope) -> Section:
    """Incident list and data quality."""
    says = [
        f"Restricted records are left out of every figure. In this {now.noun} there were "
        f"{restricted_words(now.restricted)}.",
    ]
    if now.waiting:
        says.append(
            f"{len(now.waiting)} of {now.known} incidents are not published yet and appear only "
            "in that count."
        )
    if now.not_required:
        says.append(f"{now.not_required} incidents were judged not to need a postmortem.")
    if scope.words:
        says.append(f"Scope: {scope.words}.")
    if scope.narrowed:
        says.append("Guardrails and what gates reported are those of the whole organisation.")
    return Section(
        "appendix", "Appendix", tuple(says), sheets=(_quality(now), _versions(), _listing(now))
    )


def restricted_words(count: int) -> str:
    """A count of restricted records; small ones, none among them, are not told apart."""
    return str(count) if count >= SMALL_CELL else f"fewer than {SMALL_CELL}"


def _listing(now: Window) -> Sheet:
    rows = tuple(
        (
            i.reference,
            i.title,
            severity_word(i.severity),
            f"{i.occurred_at:%Y-%m-%d}" if i.occurred_at else "",
            i.minutes("impact"),
            ", ".join(i.content.services[:3]),
        )
        for i in sorted(now.incidents, key=lambda i: (str(i.occurred_at or ""), i.reference))
    )
    columns = (
        Column("reference", "Reference"),
        Column("title", "Incident"),
        Column("severity", "Severity"),
        Column("on", "On"),
        Column("impact", "Impact", "minutes"),
        Column("services", "Services"),
    )
    note = f"The first {MOST_ROWS} of {len(rows)} are printed." if len(rows) > MOST_ROWS else ""
    return Sheet("incidents", f"Incidents of the {now.noun}", columns, rows, note)


def _quality(now: Window) -> Sheet:
    n = len(now.incidents)

    def count(name: str, k: int) -> tuple[Cell, ...]:
        return name, k, n, k / n if n else None

    def without(milestone: Milestone) -> int:
        return sum(i.content.instant(milestone) is None for i in now.incidents)

    rough = sum(any(d.approximate for d in durations(i.content)) for i in now.incidents)
    rows = (
        count("Severity unknown", sum(i.severity is None for i in now.incidents)),
        count("Start of impact unknown or blank", without(Milestone.IMPACT_STARTED)),
        count("Detection unknown or blank", without(Milestone.DETECTED)),
        count("Mitigation unknown or blank", without(Milestone.MITIGATED)),
        count("A time that is only approximate", rough),
        count("Way of detection blank", sum(not i.content.detection_method for i in now.incidents)),
        count("No contributing factor", sum(not i.content.factors for i in now.incidents)),
        count("AI influence not asked", sum(not i.content.ai_influences for i in now.incidents)),
        count("Holds values nobody confirmed", now.unconfirmed),
    )
    columns = (
        Column("what", "What is missing"),
        Column("k", "Incidents", "count"),
        Column("n", "of", "count"),
        Column("share", "Share", "share"),
    )
    return Sheet("data-quality", "Data quality", columns, rows)


def _versions() -> Sheet:
    names = ("numpy", "scipy", "statsmodels", "altair", "weasyprint")
    rows: list[tuple[Cell, ...]] = [
        ("Published in time", f"within {PUBLISH_DAYS} days"),
        ("Throughline", __version__),
    ]
    for name in names:
        try:
            rows.append((name, version(name)))
        except ModuleNotFoundError:
            rows.append((name, "not installed"))
    columns = (Column("what", "Method"), Column("version", "Version"))
    return Sheet("versions", "Method and versions", columns, tuple(rows))
