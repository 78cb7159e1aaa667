"""What people write in a reliability review, part by part: verdict, decisions, agenda, comments."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from rca.domain.text import clean_text

VERDICT, DECISIONS, AGENDA = "verdict", "decisions", "agenda"
COMMENTED: dict[str, str] = {
    "volume": "Volume and severity",
    "impact": "Impact",
    "durations": "Durations",
    "detection": "How we found out",
    "patterns": "Recurring patterns",
    "ai": "AI influence",
    "follow-through": "Follow-through",
    "guardrails": "Guardrails",
    "learning": "Learning health",
    "appendix": "Appendix",
}
"""Sections that carry a commentary: key and title."""
PARTS: dict[str, str] = {
    VERDICT: "Verdict",
    DECISIONS: "Decisions requested",
    AGENDA: "Incidents to discuss",
    **{key: f"Commentary: {title}" for key, title in COMMENTED.items()},
}
MOST_ROWS = 12


class _Words(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    @field_validator("*", mode="before")
    @classmethod
    def _clean(cls, value: Any) -> Any:
        return clean_text(value) if isinstance(value, str) else value


class Text(_Words):
    """A commentary, in Markdown."""

    text: str = Field(default="", max_length=6_000)


class VerdictText(_Words):
    """The sentence at the head of the review; blank leaves it to the figures."""

    text: str = Field(default="", max_length=300)


class DecisionWords(_Words):
    """One decision that is asked for. ``owner`` is a role or team."""

    title: str = Field(default="", max_length=300)
    detail: str = Field(default="", max_length=1_000)
    owner: str = Field(default="", max_length=120)
    cost: str = Field(default="", max_length=120)
    by: date | None = None

    @field_validator("by", mode="before")
    @classmethod
    def _blank_is_none(cls, value: Any) -> Any:
        return value or None


class Decisions(_Words):
    """The decisions in order; rows without a title are left away."""

    rows: list[DecisionWords] = Field(default_factory=list, max_length=MOST_ROWS)

    @field_validator("rows", mode="after")
    @classmethod
    def _titled(cls, rows: list[DecisionWords]) -> list[DecisionWords]:
        return [row for row in rows if row.title or row.detail]


class Topic(_Words):
    """One incident for the meeting: why, and whether a person chose it."""

    reference: str = Field(default="", max_length=240)
    why: str = Field(default="", max_length=300)
    by_hand: bool = True


class Agenda(_Words):
    """The incidents in the order of the meeting, each once."""

    rows: list[Topic] = Field(default_factory=list, max_length=MOST_ROWS)

    @field_validator("rows", mode="after")
    @classmethod
    def _once(cls, rows: list[Topic]) -> list[Topic]:
        found: dict[str, Topic] = {}
        for row in rows:
            if row.reference:
                found.setdefault(row.reference, row)
        return list(found.values())


_MODELS: dict[str, type[_Words]] = {
    VERDICT: VerdictText, DECISIONS: Decisions, AGENDA: Agenda,
}  # fmt: skip


def checked(part: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The body of ``part`` as it is stored. Raises pydantic's ValidationError."""
    return _MODELS.get(part, Text).model_validate(dict(body)).model_dump(mode="json")
