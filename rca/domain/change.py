"""A merged change as the ledger takes it in: the denominator of every question about changes."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from rca.domain.postmortem import OptionalInt, UtcTime
from rca.domain.text import Line, LongLine
from rca.domain.vocabulary import ChangeAI

MOST_PATHS = 5_000

PARTS_NOT_ON_THE_CHANGE = ("reviewer", "review-suggestion", "committer-only")
"""Parts of AI that leave the change's own content untouched: left out of risk comparisons."""


class ChangeRecord(BaseModel):
    """One change. Unknown stays None or ``unknown``; absence of a label is never "no AI".

    ``outcomes`` holds yes, no, or None for "not yet known", by name (``reverted_30d``).
    ``ai_part`` is the detectors' role (author, reviewer, committer-only ...), empty when unknown.
    """

    model_config = ConfigDict(extra="forbid")

    key: LongLine = Field(min_length=1)
    merged_at: UtcTime
    deployed_at: UtcTime = None
    repo: Line = ""
    service: Line = ""
    title: LongLine = ""
    kinds: list[Line] = Field(default_factory=list, max_length=50)
    paths: list[str] = Field(default_factory=list)
    labels: list[Line] = Field(default_factory=list, max_length=200)
    files: OptionalInt = None
    lines_added: OptionalInt = None
    lines_deleted: OptionalInt = None
    ai_state: ChangeAI = ChangeAI.UNKNOWN
    ai_part: Line = ""
    ai_evidence: LongLine = ""
    label_source: Line = ""
    outcomes: dict[str, bool | None] = Field(default_factory=dict)
    facts: dict[str, Any] = Field(default_factory=dict)

    @field_validator("merged_at")
    @classmethod
    def _merged_at_is_known(cls, value: UtcTime) -> UtcTime:
        if value is None:
            raise ValueError("A change needs the time at which it was merged.")
        return value

    @field_validator("paths")
    @classmethod
    def _not_too_many_paths(cls, value: list[str]) -> list[str]:
        """Vendored trees touch tens of thousands of files; the first thousands say enough."""
        return value[:MOST_PATHS]

    @property
    def lines(self) -> int | None:
        """Lines added and deleted together, or None when unknown."""
        if self.lines_added is None or self.lines_deleted is None:
            return None
        return self.lines_added + self.lines_deleted
