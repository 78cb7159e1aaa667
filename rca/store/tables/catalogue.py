"""What the organisation runs: teams, services, what they depend on, freezes and drills."""

from datetime import datetime
from typing import Any

from sqlmodel import Field

from rca.domain.vocabulary import YesNoUnknown
from rca.store.tables.metadata import Table, instant, optional_instant, row_id, words
from rca.store.types import Json, one_of


class Team(Table, table=True):
    """An owning team. Nothing is ever ranked by team."""

    __tablename__ = "team"

    id: str = row_id()
    name: str = Field(max_length=240, unique=True)


class Service(Table, table=True):
    """A service with tier and owner. ``tier`` 0 is the most critical; None is unknown."""

    __tablename__ = "service"
    __table_args__ = (
        one_of("data_store", YesNoUnknown),
        one_of("deletion_protected", YesNoUnknown),
    )

    id: str = row_id()
    name: str = Field(max_length=240, unique=True)
    description: str = words()
    tier: int | None = None
    owning_team_id: str | None = Field(default=None, foreign_key="team.id", index=True)
    kill_switch_url: str = Field(default="", max_length=2000)
    kill_switch_tested_at: datetime | None = optional_instant()
    data_store: str = Field(default="unknown", max_length=16)
    deletion_protected: str = Field(default="unknown", max_length=16)
    path_globs: list[Any] = Field(default_factory=list, sa_type=Json)
    version: int = 1


class ServiceDependency(Table, table=True):
    """``service`` needs ``depends_on`` to work."""

    __tablename__ = "service_dependency"

    service_id: str = Field(foreign_key="service.id", ondelete="CASCADE", primary_key=True)
    depends_on_id: str = Field(foreign_key="service.id", ondelete="CASCADE", primary_key=True)


class FreezeWindow(Table, table=True):
    """A span in which the named kinds of change wait."""

    __tablename__ = "freeze_window"

    id: str = row_id()
    name: str = Field(max_length=240)
    starts_at: datetime = instant()
    ends_at: datetime = instant()
    kinds: list[Any] = Field(default_factory=list, sa_type=Json)
    services: list[Any] = Field(default_factory=list, sa_type=Json)
    reason: str = words()
    version: int = 1


class Drill(Table, table=True):
    """A planned exercise. Time to recover is derived from its two ends, never typed."""

    __tablename__ = "drill"

    id: str = row_id()
    service_id: str | None = Field(default=None, foreign_key="service.id", index=True)
    planned_at: datetime | None = optional_instant()
    scenario: str = words()
    started_at: datetime | None = optional_instant()
    recovered_at: datetime | None = optional_instant()
    evidence: str = words()
    version: int = 1
