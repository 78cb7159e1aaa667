"""Columns that several tables of a review and of the briefs share."""

from rca.reports.value import Column

SHARE_COLUMNS = (
    Column("k", "Incidents", "count"),
    Column("n", "of", "count"),
    Column("value", "Share", "share"),
    Column("low", "95% from", "share"),
    Column("high", "to", "share"),
)
"""After the name of what is counted: cases of how many, their share and its limits."""


def rate_columns(name: str, per: str) -> tuple[Column, ...]:
    """Counts over days and the rate ``per`` some time with its limits, as charts of rates take."""
    return (
        Column("label", name),
        Column("k", "Incidents", "count"),
        Column("days", "Days", "number"),
        Column("value", per, "number"),
        Column("low", "95% from", "number"),
        Column("high", "to", "number"),
    )
