"""What other systems send: deliveries, signals in them, and answers kept per idempotency key."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from rca.domain.event import DeliveryState
from rca.store.tables.metadata import Table, instant, optional_instant, row_id, words
from rca.store.types import Json, one_of


class WebhookDelivery(Table, table=True):
    """One signed delivery: its body without secrets, and what became of it.

    The two unique pairs make a delivery count once, whoever sends it how often and in parallel.
    """

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        one_of("state", DeliveryState),
        UniqueConstraint("source", "delivery_id"),
        UniqueConstraint("source", "body_sha256"),
        Index("ix_webhook_delivery_newest", "received_at", "id"),
    )

    id: str = row_id()
    source: str = Field(max_length=32)
    delivery_id: str = Field(max_length=240)
    body_sha256: str = Field(max_length=64)
    event: str = Field(default="", max_length=120)
    subject: str = Field(default="", max_length=400, index=True)
    state: str = Field(max_length=16, index=True)
    error: str = words()
    headers: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    body: str = words()
    result: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    attempts: int = 1
    received_at: datetime = instant()
    applied_at: datetime | None = optional_instant()


class Signal(Table, table=True):
    """An alert or incident of another tool; a postmortem may follow from it."""

    __tablename__ = "signal"

    id: str = row_id()
    key: str = Field(max_length=400, unique=True)
    source: str = Field(max_length=240)
    kind: str = Field(max_length=16)
    title: str = words()
    service: str = Field(default="", max_length=240)
    environment: str = Field(default="", max_length=120)
    urgency: str = Field(default="", max_length=60)
    started_at: datetime | None = optional_instant(index=True)
    ended_at: datetime | None = optional_instant()
    url: str = words()


class IdempotencyKey(Table, table=True):
    """The answer to a request that named a key: the same request again gets the same answer."""

    __tablename__ = "idempotency_key"

    account: str = Field(primary_key=True, max_length=120)
    key: str = Field(primary_key=True, max_length=120)
    request_sha256: str = Field(max_length=64)
    status: int
    body: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    at: datetime = instant()
