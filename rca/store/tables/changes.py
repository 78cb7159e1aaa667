"""The change ledger: the denominator of every question about changes."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field

from rca.domain import vocabulary as v
from rca.store.tables.metadata import Table, instant, optional_instant, row_id, words
from rca.store.types import Json, one_of


class Change(Table, table=True):
    """A merged change. ``facts`` holds what gates evaluate; a fact that is absent is unknown."""

    __tablename__ = "change"
    __table_args__ = (
        one_of("ai_state", v.ChangeAI),
        Index("ix_change_service_merged", "service", "merged_at"),
        Index("ix_change_merged", "merged_at", "key"),
        Index("ix_change_deployed", "deployed_at"),
    )

    id: str = row_id()
    key: str = Field(max_length=400, unique=True)
    organisation: str = Field(default="own", max_length=240)
    repo: str = Field(default="", max_length=400)
    service: str = Field(default="", max_length=240)
    title: str = words()
    merged_at: datetime = instant()
    deployed_at: datetime | None = optional_instant()
    kinds: list[Any] = Field(default_factory=list, sa_type=Json)
    paths: list[Any] = Field(default_factory=list, sa_type=Json)
    labels: list[Any] = Field(default_factory=list, sa_type=Json)
    files: int | None = None
    lines_added: int | None = None
    lines_deleted: int | None = None
    ai_state: str = Field(default="unknown", max_length=16, index=True)
    ai_evidence: str = words()
    label_source: str = Field(default="", max_length=240)
    reverted_30d: bool | None = None
    facts: dict[str, Any] = Field(default_factory=dict, sa_type=Json)


class Deployment(Table, table=True):
    """Something shipped to an environment."""

    __tablename__ = "deployment"

    id: str = row_id()
    key: str = Field(max_length=400, unique=True)
    service: str = Field(default="", max_length=240, index=True)
    environment: str = Field(default="", max_length=120)
    started_at: datetime | None = optional_instant()
    finished_at: datetime | None = optional_instant(index=True)
    result: str = Field(default="", max_length=60)
    ref: str = Field(default="", max_length=400)


class Link(Table, table=True):
    """An explicit link between a change, a deployment and a postmortem.

    ``method`` says how it became known; a temporal link is never called a cause.
    """

    __tablename__ = "link"
    __table_args__ = (
        one_of("method", v.LinkMethod),
        one_of("relation", v.ChangeRelation),
        Index("ix_link_to", "to_kind", "to_id"),
        Index("ix_link_from", "from_kind", "from_id"),
    )

    id: str = row_id()
    from_kind: str = Field(max_length=16)
    from_id: str = Field(max_length=400)
    to_kind: str = Field(max_length=16)
    to_id: str = Field(max_length=400)
    method: str = Field(max_length=16)
    relation: str | None = Field(default=None, max_length=16)
    confidence: str = Field(default="", max_length=16)
    note: str = words()
    by_id: str | None = Field(default=None, foreign_key="user_account.id")
    at: datetime = instant()
