"""What people say about what they run: services, freeze windows, drills."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from rca.domain.postmortem import OptionalInt, UtcTime
from rca.domain.text import Line, LongLine, Paragraphs
from rca.domain.vocabulary import YesNoUnknown

TIERS = (
    (0, "Tier 0: everything stops without it"),
    (1, "Tier 1: a core journey stops without it"),
    (2, "Tier 2: customers notice"),
    (3, "Tier 3: colleagues notice"),
    (4, "Tier 4: nobody waits for it"),
)


def _lines(value: Any) -> Any:
    """A text area or a list of fields, as a list without blanks and repeats."""
    if isinstance(value, str):
        value = value.replace(",", "\n").splitlines()
    if isinstance(value, list):
        value = list(dict.fromkeys(v.strip() for v in value if isinstance(v, str) and v.strip()))
    return value


def _as_name(value: str) -> str:
    if not value:
        raise ValueError("Give it a name, as it appears in postmortems.")
    if "/" in value or value.lower() in ("new", "freezes", "drills"):
        raise ValueError("Another name, without a slash: it becomes part of an address.")
    return value


def _as_link(value: str) -> str:
    if value and not value.startswith(("https://", "http://")):
        raise ValueError("A link that begins with https:// or http://.")
    return value


Name = Annotated[Line, AfterValidator(_as_name)]
Link = Annotated[LongLine, AfterValidator(_as_link)]
Names = Annotated[list[Line], BeforeValidator(_lines), Field(max_length=200)]
Globs = Annotated[list[LongLine], BeforeValidator(_lines), Field(max_length=200)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ServiceEntry(_Entry):
    """A service as the catalogue holds it. ``tier`` None is unknown, and so are blanks below."""

    name: Name
    description: Paragraphs = ""
    tier: Annotated[OptionalInt, Field(default=None)] = None
    owning_team: Line = ""
    kill_switch_url: Link = ""
    kill_switch_tested_at: UtcTime = None
    data_store: YesNoUnknown = YesNoUnknown.UNKNOWN
    deletion_protected: YesNoUnknown = YesNoUnknown.UNKNOWN
    path_globs: Globs = []
    depends_on: Names = []

    @model_validator(mode="after")
    def _within_reason(self) -> "ServiceEntry":
        if self.tier is not None and self.tier > 4:
            raise ValueError("A tier from 0 to 4, or unknown.")
        if self.name in self.depends_on:
            raise ValueError("A service does not depend on itself.")
        return self


class FreezeEntry(_Entry):
    """A span in which the named kinds of change to the named services wait."""

    name: Name
    starts_at: UtcTime
    ends_at: UtcTime
    kinds: Names = []
    services: Names = []
    reason: Paragraphs = ""

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> "FreezeEntry":
        if self.starts_at is None or self.ends_at is None:
            raise ValueError("Give both its start and its end.")
        if self.ends_at <= self.starts_at:
            raise ValueError("It must end after it starts.")
        return self


class DrillEntry(_Entry):
    """A planned exercise. Time to recover comes from its two ends and is never typed."""

    service: Line = ""
    scenario: Paragraphs
    planned_at: UtcTime = None
    started_at: UtcTime = None
    recovered_at: UtcTime = None
    evidence: Paragraphs = ""

    @model_validator(mode="after")
    def _in_order(self) -> "DrillEntry":
        if not self.scenario.strip():
            raise ValueError("Say what is practised.")
        if self.recovered_at and not self.started_at:
            raise ValueError("A recovery needs a start.")
        if self.started_at and self.recovered_at and self.recovered_at < self.started_at:
            raise ValueError("Recovery comes after the start.")
        return self
