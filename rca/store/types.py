"""Column types and constraints that behave the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, DateTime, Dialect
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

from rca.domain.vocabulary import Vocabulary


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant in UTC. A naive one is refused, since SQLite would store it as if UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive values and turn the others to UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime can't be stored; give it a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back an aware value whatever the database kept."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Json: Any = JSON().with_variant(JSONB(), "postgresql")
"""A JSON document; JSONB where PostgreSQL offers it."""


def one_of(column: str, vocabulary: type[Vocabulary]) -> CheckConstraint:
    """A CHECK that ``column`` holds a value of ``vocabulary`` (NULL passes, as in SQL)."""
    listed = ", ".join(f"'{value}'" for value in vocabulary.values())
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")
