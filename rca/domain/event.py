"""What an outside system tells: changes, deployments, reviews and signals, in one shape for all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from rca.domain.change import ChangeRecord
from rca.domain.postmortem import UtcTime
from rca.domain.text import Line, LongLine
from rca.domain.tracker import TrackerSays
from rca.domain.vocabulary import Vocabulary


class DeliveryState(Vocabulary):
    """What became of a delivery. Each state but ``refused`` keeps the body."""

    APPLIED = "applied", "Applied"
    IGNORED = "ignored", "Nothing to record"
    UNKNOWN = "unknown", "Unknown event"
    MALFORMED = "malformed", "Could not be read"
    FAILED = "failed", "Failed"
    REFUSED = "refused", "Refused"


class DeploymentRecord(BaseModel):
    """Something shipped to an environment, with the keys of the changes in it."""

    model_config = ConfigDict(extra="forbid")

    key: LongLine = Field(min_length=1, max_length=400)
    service: Line = ""
    environment: str = Field(default="", max_length=120)
    started_at: UtcTime = None
    finished_at: UtcTime = None
    result: str = Field(default="", max_length=60)
    ref: str = Field(default="", max_length=400)
    changes: list[LongLine] = Field(default_factory=list, max_length=500)

    @field_validator("changes")
    @classmethod
    def _each_once(cls, keys: list[str]) -> list[str]:
        return sorted(set(keys))


class SignalRecord(BaseModel):
    """An alert or an incident of another tool. It is told, not judged: a postmortem is written
    by people.
    """

    model_config = ConfigDict(extra="forbid")

    key: LongLine = Field(min_length=1, max_length=400)
    source: Line
    kind: Literal["alert", "incident"]
    title: LongLine = ""
    service: Line = ""
    environment: str = Field(default="", max_length=120)
    urgency: str = Field(default="", max_length=60)
    started_at: UtcTime = None
    ended_at: UtcTime = None
    url: LongLine = ""


@dataclass(frozen=True, slots=True)
class ReportedChange:
    """A change with the words that detectors look at. Who is behind it is not kept."""

    record: ChangeRecord
    message: str = ""
    branch: str = ""
    author_name: str = ""
    author_email: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Review:
    """A review of a change that may not have landed yet: whether it approved, and by a bot."""

    subject: str
    approved: bool
    bot: bool


@dataclass(frozen=True, slots=True)
class IssueMove:
    """What a tracker says became of an issue. Who moved it is not kept."""

    url: str
    says: TrackerSays
    at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """A delivery as read. ``ignored`` says why there is nothing to record."""

    kind: str
    changes: tuple[ReportedChange, ...] = ()
    deployments: tuple[DeploymentRecord, ...] = ()
    signals: tuple[SignalRecord, ...] = ()
    reviews: tuple[Review, ...] = ()
    issues: tuple[IssueMove, ...] = ()
    ignored: str = ""
    unknown: bool = False
    last_deployment_before: bool = False
    """The source ties an incident to the last deployment before it: by time alone."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What arrived: its headers in lower case, and the body as JSON."""

    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
