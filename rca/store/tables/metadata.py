"""The one metadata, its naming convention, and the column shapes that every table shares."""

from typing import Any

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from rca.domain.postmortem import new_id
from rca.store.types import UtcDateTime

# Named constraints, so that a later migration can drop them on both databases.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Table(SQLModel):
    """Base of the tables. Rows are built from validated domain values, never from requests."""


metadata = SQLModel.metadata


def row_id() -> Any:
    """A primary key of 32 hex digits."""
    return Field(default_factory=new_id, primary_key=True, max_length=32)


def instant() -> Any:
    """A required UTC instant."""
    return Field(sa_type=UtcDateTime)


def optional_instant(*, index: bool = False) -> Any:
    """A UTC instant that may be blank."""
    return Field(default=None, sa_type=UtcDateTime, nullable=True, index=index)


def words() -> Any:
    """Free text of any length; empty is blank."""
    return Field(default="", sa_type=Text)


def of_postmortem(*, primary_key: bool = False) -> Any:
    """The foreign key of a row that lives and dies with its postmortem."""
    return Field(
        foreign_key="postmortem.id",
        ondelete="CASCADE",
        index=not primary_key,
        primary_key=primary_key,
        max_length=32,
    )
