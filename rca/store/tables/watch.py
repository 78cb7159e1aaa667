"""What follows an accepted guardrail: duties of people, exports made, thresholds of its gates."""

from datetime import date, datetime
from typing import Any

from sqlmodel import Field, UniqueConstraint

from rca.store.tables.metadata import Table, instant, row_id, words
from rca.store.types import Json


class GuardrailDuty(Table, table=True):
    """What only people can do for a guardrail, with a date and the evidence of each time.

    ``done`` holds ``{"on", "evidence"}``, oldest first. Who did it is not kept here.
    """

    __tablename__ = "guardrail_duty"
    __table_args__ = (UniqueConstraint("guardrail_id", "position"),)

    id: str = row_id()
    guardrail_id: str = Field(foreign_key="guardrail.id", ondelete="CASCADE", max_length=64)
    position: int = 0
    action: str = words()
    every_days: int = 90
    fact: str = Field(default="", max_length=60)
    due_on: date
    done: list[Any] = Field(default_factory=list, sa_type=Json)
    drill_id: str | None = Field(default=None, foreign_key="drill.id", ondelete="SET NULL")
    version: int = 1


class GuardrailExport(Table, table=True):
    """The files of a target as they were last taken away, for the next export to compare."""

    __tablename__ = "guardrail_export"

    target: str = Field(primary_key=True, max_length=16)
    at: datetime = instant()
    digest: str = Field(max_length=80)
    files: dict[str, Any] = Field(default_factory=dict, sa_type=Json)


class GuardrailGate(Table, table=True):
    """A threshold of the promotion gates that the organisation set; the others keep our default."""

    __tablename__ = "guardrail_gate"

    name: str = Field(primary_key=True, max_length=40)
    value: float
    updated_at: datetime = instant()
