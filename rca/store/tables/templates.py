"""Templates that admins wrote or changed. Those that come with the program are files."""

from datetime import datetime
from typing import Any

from sqlmodel import Field

from rca.store.tables.metadata import Table, instant, words
from rca.store.types import Json


class TemplateRow(Table, table=True):
    """A template that somebody made, changed or retired; its words are in its versions."""

    __tablename__ = "postmortem_template"

    id: str = Field(primary_key=True, max_length=40)
    retired: bool = False
    changed_at: datetime = instant()


class TemplateVersion(Table, table=True):
    """One version, never changed: records name it."""

    __tablename__ = "template_version"

    template_id: str = Field(foreign_key="postmortem_template.id", primary_key=True, max_length=40)
    version: int = Field(primary_key=True)
    document: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    note: str = words()
    created_at: datetime = instant()
    created_by: str | None = Field(default=None, foreign_key="user_account.id")


class TemplateChoice(Table, table=True):
    """Which template is the usual one for a severity, or for a kind of record."""

    __tablename__ = "template_choice"

    occasion: str = Field(primary_key=True, max_length=32)
    template_id: str = Field(max_length=40)
