"""A small review with every kind of chart, made by hand so that print needs no database."""

from rca.reports.value import (
    Chart,
    Column,
    Coverage,
    Decision,
    Discussion,
    PatternCard,
    Review,
    Section,
    Sheet,
    Tile,
)

QUARTERS = ("2026-Q1", "2026-Q2", "2026-Q3")
_SHARES = (
    Column("label", "Class"),
    Column("k", "Incidents", "count"),
    Column("n", "of", "count"),
    Column("value", "Share", "share"),
    Column("low", "95% from", "share"),
    Column("high", "to", "share"),
)


def _three(*names: str) -> tuple[Column, ...]:
    first, second = names
    return (
        Column(first, first.title()),
        Column(second, second.title()),
        Column("incidents", "Incidents", "count"),
    )


def charts() -> tuple[Chart, ...]:
    """One chart of each kind, each with two rows or more."""
    months = ("2026-04", "2026-05", "2026-06", "2026-07", "2026-08", "2026-09")
    steps = ((7.0, 0.8, 0.6, 0.9, 20), (30.0, 0.4, 0.2, 0.6, 12))
    rows: dict[str, tuple[tuple[Column, ...], tuple[tuple[object, ...], ...]]] = {
        "stack": (
            _three("month", "severity"),
            tuple((m, s, n) for m in months for s, n in (("SEV-1", 1), ("SEV-3", 2))),
        ),
        "control": (
            (
                Column("month", "Month"),
                Column("incidents", "Incidents", "count"),
                Column("centre", "Centre", "number"),
                Column("low", "Lower limit", "number"),
                Column("high", "Upper limit", "number"),
                Column("signal", "Outside"),
            ),
            tuple((m, 3, 3.0, 0.0, 9.0, "no") for m in months),
        ),
        "bars": (
            (Column("label", "Incident"), Column("value", "Lasted", "minutes")),
            (("INC-1 Checkout <b>refused</b> & more", 90.0), ("INC-2", 12.5)),
        ),
        "shares": (
            _SHARES,
            (("Configuration", 3, 9, 0.33, 0.12, 0.65), ("Capacity", 0, 9, 0.0, 0.0, 0.33)),
        ),
        "rates": (
            (
                Column("label", "Guardrail"),
                Column("k", "Incidents", "count"),
                Column("days", "Days", "number"),
                Column("value", "Per 90 days", "number"),
                Column("low", "95% from", "number"),
                Column("high", "to", "number"),
            ),
            (
                ("Staged, before", 6, 180.0, 3.0, 1.1, 6.5),
                ("Staged, after", 0, 60.0, 0.0, 0.0, 5.5),
            ),
        ),
        "dots": (
            (
                Column("phase", "Phase"),
                Column("n", "n", "count"),
                Column("median", "Median", "minutes"),
                Column("low", "95% from", "minutes"),
                Column("high", "to", "minutes"),
                Column("earlier", "Median before", "minutes"),
                Column("earlier_n", "n before", "count"),
                Column("seen", "Visible from", "ratio"),
                Column("say", "Compared"),
            ),
            (
                ("Detect", 9, 11.0, 7.0, 18.0, 12.0, 8, 2.1, "Cannot distinguish from no change"),
                ("Mitigate", 3, 50.0, None, None, None, 0, None, "Not enough data to compare"),
            ),
        ),
        "parts": (
            _three("label", "answer"),
            tuple(
                (s, a, n)
                for s in ("Design", "Code")
                for a, n in (("Confirmed", 2), ("None", 5), ("Unknown", 2))
            ),
        ),
        "step": (
            (
                Column("at", "Days", "number"),
                Column("share", "Still open", "share"),
                Column("low", "95% from", "share"),
                Column("high", "to", "share"),
                Column("at_risk", "Followed", "count"),
            ),
            steps,
        ),
        "smalls": (
            _three("pattern", "quarter"),
            tuple((p, q, 1) for p in ("Retry storms", "Expired certificates") for q in QUARTERS),
        ),
    }
    points = Sheet(
        "every",
        "Every duration",
        (Column("phase", "Phase"), Column("minutes", "Minutes", "minutes")),
        (("Detect", 4.0), ("Detect", 30.0), ("Mitigate", 50.0)),
    )
    return tuple(
        Chart(
            name=f"chart-{kind}",
            kind=kind,
            title=f"Finding of {kind}",
            alt=f"What the {kind} chart shows.",
            sheet=Sheet(f"sheet-{kind}", f"Numbers of {kind}", columns, values),  # type: ignore[arg-type]
            points=points if kind == "dots" else None,
        )
        for kind, (columns, values) in rows.items()
    )


def _tile(name: str) -> Tile:
    return Tile(name, "26%", "9 of 34", 0.26, 0.15, 0.43, 0.3, 1.0, "95% 15–43%, was 8 of 28",
                "Cannot distinguish from no change", False)  # fmt: skip


def review(**changes: object) -> Review:
    """The review; ``changes`` replace fields."""
    card = PatternCard(
        "P-01", "Retry storms", "proposed", "strong", 1, 3, tuple((q, 1) for q in QUARTERS),
        ("checkout",), (("SEV-2", 3),), (("The client retried at once.", "INC-1"),), 1, 2,
        "Suggested, to be decided", 0.8, 0,
    )  # fmt: skip
    values: dict[str, object] = {
        "quarter": "2026-Q3",
        "previous": "2026-Q2",
        "period": "July to September 2026",
        "organisation": "Fernwick Home & Garden",
        "scope": "",
        "as_of": "2026-10-05",
        "headline": "No change in reliability can be told from 2026-Q2.",
        "lede": "Low confidence, from 9 of 10 incidents.",
        "coverage": Coverage(9, 10, 0, 1, "fewer than 5", "Low", False),
        "tiles": tuple(_tile(n) for n in ("Incidents", "Time to mitigate", "Customer", "Actions")),
        "patterns": (card,),
        "unassigned": "8 of 9 incidents belong to no pattern.",
        "decisions": (
            Decision("Accept or reject the guardrail.", "It answers 3.", by="30 October"),
        ),
        "better": (("Certificates", "None expired."),),
        "sections": (
            Section("volume", "Volume and severity", ("9 incidents.",), charts(), cards=(card,)),
            Section(
                "appendix",
                "Appendix",
                ("Restricted records are left out.",),
                sheets=(
                    Sheet("list", "Incidents", (Column("reference", "Reference"),), (("INC-1",),)),
                ),
            ),
        ),
        "agenda": (Discussion("INC-1", "Checkout refused", "SEV-1", "SEV-1"),),
        "in_full": "",
        "definitions": (("Incident", "A published record."),),
    }
    return Review(**{**values, **changes})  # type: ignore[arg-type]
