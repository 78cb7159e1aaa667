"""What keeps the service honest: audit trail, jobs, import batches."""

from datetime import datetime
from typing import Any

from sqlalchemy import LargeBinary
from sqlmodel import Field

from rca.domain import vocabulary as v
from rca.store.tables.metadata import Table, instant, optional_instant, row_id, words
from rca.store.types import Json, one_of


class AuditEvent(Table, table=True):
    """One act, chained by hash. Holds no text of a postmortem, only hashes of it."""

    __tablename__ = "audit_event"

    seq: int | None = Field(default=None, primary_key=True)
    at: datetime = instant()
    actor: str = Field(max_length=240)
    action: str = Field(max_length=120, index=True)
    object_kind: str = Field(max_length=60)
    object_id: str = Field(max_length=400, index=True)
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    before_hash: str = Field(default="", max_length=64)
    after_hash: str = Field(default="", max_length=64)
    prev_hash: str = Field(default="", max_length=64)
    hash: str = Field(max_length=64, unique=True)


class Job(Table, table=True):
    """Background work. The row is the truth; the queue only wakes a worker."""

    __tablename__ = "job"
    __table_args__ = (one_of("state", v.JobState),)

    id: str = row_id()
    kind: str = Field(max_length=60)
    key: str = Field(max_length=400, index=True)
    state: str = Field(max_length=16, index=True)
    payload: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    result: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    error: str = words()
    attempts: int = 0
    created_at: datetime = instant()
    run_at: datetime = instant()
    lease_until: datetime | None = optional_instant()
    heartbeat_at: datetime | None = optional_instant()
    finished_at: datetime | None = optional_instant()


class ImportBatch(Table, table=True):
    """One import: what came in and what was refused."""

    __tablename__ = "import_batch"

    id: str = row_id()
    name: str = Field(max_length=400)
    at: datetime = instant()
    by_id: str | None = Field(default=None, foreign_key="user_account.id")
    counts: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    problems: list[Any] = Field(default_factory=list, sa_type=Json)


class ImportUpload(Table, table=True):
    """A file between its preview and somebody's yes. Deleted with either, and after a day."""

    __tablename__ = "import_upload"

    id: str = Field(primary_key=True, max_length=64)
    position: int = Field(primary_key=True)
    name: str = Field(max_length=400)
    kind: str = Field(default="", max_length=16)
    options: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    data: bytes = Field(sa_type=LargeBinary)
    by_id: str | None = Field(default=None, foreign_key="user_account.id", index=True)
    at: datetime = instant()
