"""What was waved away by the wording review. No column says by whom, on purpose."""

from datetime import datetime

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
