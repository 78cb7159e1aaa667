"""The reliability review as a record, the documents made for printing, and the company's look."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, LargeBinary
from sqlmodel import Field

from rca.domain import vocabulary as v
from rca.store.tables.metadata import Table, instant, optional_instant, row_id, words
from rca.store.types import Json, one_of


def _of_review(*, primary_key: bool = False) -> Any:
    return Field(
        foreign_key="review.id",
        ondelete="CASCADE",
        index=not primary_key,
        primary_key=primary_key,
        max_length=32,
    )


class ReviewRow(Table, table=True):
    """One version of the review of a period. ``snapshot`` is what freezing kept: the figures and
    the content of the incident printed in full.
    """

    __tablename__ = "review"
    __table_args__ = (one_of("state", v.ReviewState),)

    id: str = row_id()
    reference: str = Field(max_length=400, unique=True)
    period: str = Field(max_length=40, index=True)
    starts_on: date
    ends_on: date
    fiscal_start: int = 1
    organisation: str = Field(default="", max_length=240)
    team: str = Field(default="", max_length=240)
    tier: int | None = None
    number: int = 1
    state: str = Field(max_length=16, index=True)
    version: int = 1
    snapshot: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    digest: str = Field(default="", max_length=64)
    headline: str = words()
    replaces_id: str | None = Field(default=None, foreign_key="review.id")
    created_at: datetime = instant()
    created_by: str | None = Field(default=None, foreign_key="user_account.id")
    updated_at: datetime = instant()
    frozen_at: datetime | None = optional_instant()
    frozen_by: str | None = Field(default=None, foreign_key="user_account.id")
    published_at: datetime | None = optional_instant()
    published_by: str | None = Field(default=None, foreign_key="user_account.id")


class ReviewPart(Table, table=True):
    """What people wrote in one part of a review; each part has a version of its own."""

    __tablename__ = "review_part"

    review_id: str = _of_review(primary_key=True)
    part: str = Field(primary_key=True, max_length=40)
    body: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    version: int = 1
    updated_at: datetime = instant()
    updated_by: str | None = Field(default=None, foreign_key="user_account.id")


class ReviewPartRevision(Table, table=True):
    """A text as it was saved, or as it lost a conflict: nothing that was typed is lost."""

    __tablename__ = "review_part_revision"
    __table_args__ = (CheckConstraint("kind IN ('edit', 'conflict')", name="kind_known"),)

    id: str = row_id()
    review_id: str = _of_review()
    part: str = Field(max_length=40)
    kind: str = Field(max_length=16)
    body: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    at: datetime = instant()
    by_id: str | None = Field(default=None, foreign_key="user_account.id")


class ReviewAddendum(Table, table=True):
    """A dated correction of a published review."""

    __tablename__ = "review_addendum"

    id: str = row_id()
    review_id: str = _of_review()
    text: str = words()
    at: datetime = instant()
    by_id: str | None = Field(default=None, foreign_key="user_account.id")


class PrintedDocument(Table, table=True):
    """A PDF or a set of drawings, by the digest of everything that decides its bytes.

    ``request`` is there until it is made, ``data`` from then on. Lives in the database, so that a
    worker on another host can make what a web process asks for.
    """

    __tablename__ = "printed_document"

    key: str = Field(primary_key=True, max_length=64)
    kind: str = Field(max_length=16)
    name: str = Field(default="", max_length=400)
    restricted: bool = False
    request: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    data: bytes | None = Field(default=None, sa_type=LargeBinary, nullable=True)
    failed: str = words()
    asked_at: datetime = instant()
    made_at: datetime | None = optional_instant()


class CompanyLook(Table, table=True):
    """Name, colour and logo on pages and in print. One row."""

    __tablename__ = "company_look"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: int = Field(default=1, primary_key=True)
    name: str = Field(default="", max_length=120)
    accent: str = Field(default="", max_length=7)
    logo: bytes | None = Field(default=None, sa_type=LargeBinary, nullable=True)
    logo_type: str = Field(default="", max_length=16)
    logo_width: int = 0
    logo_height: int = 0
    version: int = 1
    updated_at: datetime = instant()
    updated_by: str | None = Field(default=None, foreign_key="user_account.id")
