"""What was waved away in the wording review, and what an organisation keeps. No column says who."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from rca.store.tables.metadata import Table, instant, row_id, words


class WordingDismissal(Table, table=True):
    """One hint that was read and left: a rule on a sentence, or a rule muted in one postmortem.

    ``sentence_key`` is empty for a muted rule; ``postmortem_id`` is empty when the sentence is
    left as it is wherever it stands. Counts over these rows are per rule, never per person.
    """

    __tablename__ = "wording_dismissal"

    id: str = row_id()
    rule: str = Field(max_length=60, index=True)
    sentence_key: str = Field(default="", max_length=64, index=True)
    postmortem_id: str | None = Field(
        default=None, foreign_key="postmortem.id", ondelete="CASCADE", index=True, max_length=32
    )
    reason: str = words()
    at: datetime = instant()


class WordingAllowed(Table, table=True):
    """A phrase that the organisation looked at and keeps, for one rule or (``*``) for all.

    Who kept it, and when, stands in the audit and not here.
    """

    __tablename__ = "wording_allowed"
    __table_args__ = (UniqueConstraint("rule", "phrase"),)

    id: str = row_id()
    rule: str = Field(default="*", max_length=60)
    phrase: str = Field(max_length=200)
    reason: str = words()
    updated_at: datetime = instant()
