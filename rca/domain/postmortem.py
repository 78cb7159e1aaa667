"""The structured postmortem: one place of truth for what it may hold.

Every form, import, API call and export goes through :class:`PostmortemContent`. Errors that
pydantic raises carry the path of the field (``timeline.3.at``), which forms map back to inputs.
Blank is ``None`` or an empty list; *unknown* is a value of its own.
"""

from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import uuid4

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from rca.domain.text import Line, LongLine, Paragraphs
from rca.domain.vocabulary import (
    ActionControl,
    ActionKind,
    ActionStatus,
    ActionStrength,
    AIAutonomy,
    AIEffect,
    AIEvidenceBasis,
    AIPart,
    AIState,
    AISurface,
    AISystemCondition,
    ChangeRelation,
    Confidence,
    DetectionGap,
    DetectionMethod,
    EstimateKind,
    EvidenceStrength,
    FactorLayer,
    FactorRole,
    ImpactMeasureKind,
    ImpactType,
    Milestone,
    NoteKind,
    PersonRole,
    Priority,
    RecordKind,
    Relation,
    Severity,
    TimelineKind,
    TimePrecision,
    Trigger,
    ValueSource,
    Verification,
    Visibility,
    YesNoUnknown,
)

OWN_ORGANISATION = "own"
"""The organisation of records that were written here; imports may name others."""


def new_id() -> str:
    """A fresh row id: 32 hex digits, random."""
    return uuid4().hex


def _blank_to_none(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _as_utc(value: Any) -> Any:
    """Read ISO text or a datetime as aware UTC; text without an offset is UTC by our convention."""
    value = _blank_to_none(value)
    if isinstance(value, str):
        text = value.strip().replace(" ", "T", 1)
        try:
            value = datetime.fromisoformat(text)
        except ValueError as error:
            raise ValueError(
                f"“{value.strip()}” is not a time. Write it like 2026-08-14 09:30."
            ) from error
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    if isinstance(value, datetime):
        value = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return value


UtcTime = Annotated[datetime | None, BeforeValidator(_as_utc)]
OptionalDate = Annotated[date | None, BeforeValidator(_blank_to_none)]
OptionalInt = Annotated[
    Annotated[int, Field(ge=0, le=2_147_483_647)] | None, BeforeValidator(_blank_to_none)
]
OptionalNumber = Annotated[
    Annotated[float, Field(ge=0, le=1e15)] | None, BeforeValidator(_blank_to_none)
]


class _Part(BaseModel):
    """Shared manners: unknown keys are refused, so nobody sets a column by guessing its name."""

    model_config = ConfigDict(extra="forbid", validate_assignment=False, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _blank_choices_are_none(cls, data: Any) -> Any:
        """An untouched select sends an empty string; that is blank, not a wrong value."""
        if not isinstance(data, dict):
            return data
        optional = {name for name, info in cls.model_fields.items() if info.default is None}
        return {
            key: None if key in optional and isinstance(value, str) and not value.strip() else value
            for key, value in data.items()
        }


class _Row(_Part):
    """A repeating row. ``id`` survives edits; ``source`` tells who proposed the row."""

    id: str = Field(default_factory=new_id, pattern=r"^[0-9a-f]{32}$")
    source: ValueSource = ValueSource.TYPED
    source_detail: LongLine = ""
    confirmed: bool = True

    @model_validator(mode="after")
    def _typed_is_confirmed(self) -> "_Row":
        """What a person typed needs no second confirmation."""
        if self.source is ValueSource.TYPED:
            self.confirmed = True
        return self


class TimeMark(_Part):
    """One milestone's instant with how exactly, and from where, it is known."""

    milestone: Milestone
    value: UtcTime = None
    precision: TimePrecision = TimePrecision.MINUTE
    entry_tz: Line = "UTC"
    source: ValueSource = ValueSource.TYPED
    source_detail: LongLine = ""
    confirmed: bool = True
    evidence_url: LongLine = ""
    note: Paragraphs = ""

    @model_validator(mode="after")
    def _unknown_has_no_value(self) -> "TimeMark":
        if self.precision is TimePrecision.UNKNOWN:
            self.value = None
        return self


class ImpactMeasure(_Row):
    """A number of harm. ``unknown`` keeps the row and leaves the number empty."""

    kind: ImpactMeasureKind
    value: OptionalNumber = None
    denominator: OptionalNumber = None
    unit: Line = ""
    estimate: EstimateKind = EstimateKind.ESTIMATED
    note: LongLine = ""


class TimelineEntry(_Row):
    """What happened, when, seen by which role. Names stay out unless a person opts in."""

    at: UtcTime = None
    precision: TimePrecision = TimePrecision.MINUTE
    text: Paragraphs = ""
    kind: TimelineKind = TimelineKind.EVENT
    actor_role: Line = ""
    key: bool = False
    evidence_url: LongLine = ""


class ContributingFactor(_Row):
    """A condition of the system that contributed, never a person's doing."""

    statement: Line = ""
    factor_class: Line = ""
    role: FactorRole | None = None
    layer: FactorLayer | None = None
    confidence: Confidence | None = None
    known_before: YesNoUnknown | None = None
    backlog_url: LongLine = ""
    evidence: Paragraphs = ""
    timeline_ids: list[str] = Field(default_factory=list, max_length=200)


class AIEvidence(_Part):
    """One item that tells how we know of an AI influence."""

    basis: AIEvidenceBasis
    locator: LongLine = ""
    quote: Paragraphs = ""
    strength: EvidenceStrength = EvidenceStrength.MEDIUM


class AIClaim(_Part):
    """What one party says. Claims that conflict stand side by side."""

    party: Line
    statement: Paragraphs
    source: LongLine = ""
    on: OptionalDate = None


class AIInfluence(_Row):
    """What is known of AI influence on one surface of the work. No row means not answered.

    Presence (``state``) and what it did (``effect``) are separate answers. ``contributed`` needs
    at least one item of evidence and one system condition; :func:`problems` says so in words.
    """

    surface: AISurface
    state: AIState
    part: AIPart | None = None
    effect: AIEffect | None = None
    autonomy: AIAutonomy | None = None
    tool: Line = ""
    model: Line = ""
    session_ref: LongLine = ""
    session_sha256: Line = ""
    extent: LongLine = ""
    change_ref: LongLine = ""
    evidence: list[AIEvidence] = Field(default_factory=list, max_length=50)
    reviewed: YesNoUnknown | None = None
    review_kind: LongLine = ""
    reviewer_role: Line = ""
    guardrail_expected: LongLine = ""
    guardrail_fired: YesNoUnknown | None = None
    conditions: list[AISystemCondition] = Field(default_factory=list)
    conditions_note: Paragraphs = ""
    claims: list[AIClaim] = Field(default_factory=list, max_length=20)
    counterfactual: Paragraphs = ""
    note: Paragraphs = ""

    def problems(self) -> list[str]:
        """What keeps this row from being a finished answer, in words for its author."""
        found = []
        if self.effect is AIEffect.CONTRIBUTED:
            if not self.evidence:
                found.append("“Contributed” needs at least one item of evidence.")
            if not self.conditions:
                found.append(
                    "“Contributed” needs at least one system condition: what around the AI "
                    "let it have this effect?"
                )
        if self.state is AIState.RULED_OUT and not self.evidence:
            found.append("“None”, ruled out, needs the evidence that ruled it out.")
        return found


class LearningNote(_Row):
    """Something worth keeping that is not a factor."""

    kind: NoteKind
    text: Paragraphs = ""


class ActionItem(_Row):
    """Work that follows, or an idea kept until it earns weight."""

    title: Line = ""
    kind: ActionKind = ActionKind.COMMITMENT
    control: ActionControl | None = None
    strength: ActionStrength | None = None
    owner: Line = ""
    team: Line = ""
    priority: Priority | None = None
    due: OptionalDate = None
    status: ActionStatus = ActionStatus.OPEN
    status_reason: Paragraphs = ""
    approver: Line = ""
    done_criterion: LongLine = ""
    done_at: UtcTime = None
    tracker_url: LongLine = ""
    verified: Verification = Verification.PENDING
    verified_on: OptionalDate = None
    verified_evidence: LongLine = ""
    factor_ids: list[str] = Field(default_factory=list, max_length=50)
    guardrail_family: Line = ""


class Participant(_Part):
    """Who took part in which role. For access and sign-off; no statistic ever reads it."""

    role: PersonRole
    name: Line
    user_id: str | None = None


class RelatedPostmortem(_Part):
    """A link to another postmortem, by its reference."""

    reference: Line
    relation: Relation
    rationale: LongLine = ""


class ChangeLink(_Part):
    """A change that a person judged to belong to this incident, by its key."""

    change_key: LongLine
    relation: ChangeRelation
    note: LongLine = ""


class PostmortemContent(_Part):
    """Everything an author can write. Every field may be left blank in a draft."""

    title: Line = ""
    tldr: LongLine = ""
    title_source: ValueSource = ValueSource.TYPED
    record_kind: RecordKind = RecordKind.INCIDENT
    organisation: Line = OWN_ORGANISATION
    severity: Severity | None = None
    severity_initial: Severity | None = None
    severity_peak: Severity | None = None
    visibility: Visibility = Visibility.OPEN
    services: list[Line] = Field(default_factory=list, max_length=100)
    functionalities: list[Line] = Field(default_factory=list, max_length=100)
    environments: list[Line] = Field(default_factory=list, max_length=20)
    regions: list[Line] = Field(default_factory=list, max_length=50)
    teams: list[Line] = Field(default_factory=list, max_length=50)
    participants: list[Participant] = Field(default_factory=list, max_length=200)

    times: list[TimeMark] = Field(default_factory=list, max_length=len(Milestone))
    time_note: Paragraphs = ""

    detection_method: DetectionMethod | None = None
    detection_gap: DetectionGap | None = None
    cut_detection: LongLine = ""
    cut_mitigation: LongLine = ""
    impact_types: list[ImpactType] = Field(default_factory=list)
    impact_summary: Paragraphs = ""
    impact_measures: list[ImpactMeasure] = Field(default_factory=list, max_length=50)
    responders_count: OptionalInt = None
    teams_count: OptionalInt = None
    tools_count: OptionalInt = None
    person_hours: OptionalNumber = None

    trigger: Trigger | None = None
    trigger_note: LongLine = ""
    factors: list[ContributingFactor] = Field(default_factory=list, max_length=200)
    ai_influences: list[AIInfluence] = Field(default_factory=list, max_length=100)
    timeline: list[TimelineEntry] = Field(default_factory=list, max_length=2_000)
    actions: list[ActionItem] = Field(default_factory=list, max_length=300)
    notes: list[LearningNote] = Field(default_factory=list, max_length=300)

    summary: Paragraphs = ""
    what_happened: Paragraphs = ""
    response: Paragraphs = ""
    external_summary: Paragraphs = ""
    external_what_happened: Paragraphs = ""
    external_what_we_do: Paragraphs = ""
    imported_text: Paragraphs = ""
    source_url: LongLine = ""
    source_licence: Line = ""

    related: list[RelatedPostmortem] = Field(default_factory=list, max_length=50)
    changes: list[ChangeLink] = Field(default_factory=list, max_length=200)

    @field_validator("services", "functionalities", "environments", "regions", "teams")
    @classmethod
    def _drop_blank_and_repeated(cls, values: list[str]) -> list[str]:
        return list(dict.fromkeys(value for value in values if value))

    @field_validator("times")
    @classmethod
    def _one_mark_per_milestone(cls, marks: list[TimeMark]) -> list[TimeMark]:
        """Blank marks go (blank is no answer); a milestone given twice is refused."""
        marks = [m for m in marks if m.value or m.precision is TimePrecision.UNKNOWN]
        seen: set[Milestone] = set()
        for mark in marks:
            if mark.milestone in seen:
                raise ValueError(f"“{mark.milestone.label}” is given twice. Keep one.")
            seen.add(mark.milestone)
        order = list(Milestone)
        return sorted(marks, key=lambda mark: order.index(mark.milestone))

    @field_validator("changes")
    @classmethod
    def _one_link_per_change(cls, links: list[ChangeLink]) -> list[ChangeLink]:
        kept = {link.change_key: link for link in links if link.change_key}
        return [kept[key] for key in sorted(kept)]

    @field_validator("related")
    @classmethod
    def _one_link_per_relation(cls, links: list[RelatedPostmortem]) -> list[RelatedPostmortem]:
        kept = {(link.reference, link.relation): link for link in links if link.reference}
        return list(kept.values())

    @model_validator(mode="after")
    def _row_ids_are_unique(self) -> "PostmortemContent":
        for rows in (self.factors, self.timeline, self.actions, self.notes, self.ai_influences):
            ids = [row.id for row in rows]
            if len(ids) != len(set(ids)):
                raise ValueError("Two rows carry the same id. Reload the page and try again.")
        return self

    @model_validator(mode="after")
    def _links_point_at_rows(self) -> "PostmortemContent":
        """Drop links to rows that are gone, and put the others in one order."""
        entries = {entry.id for entry in self.timeline}
        factors = {factor.id for factor in self.factors}
        for factor in self.factors:
            factor.timeline_ids = sorted(set(factor.timeline_ids) & entries)
        for action in self.actions:
            action.factor_ids = sorted(set(action.factor_ids) & factors)
        return self

    def mark(self, milestone: Milestone) -> TimeMark | None:
        """The mark of ``milestone`` when it was answered, known or unknown."""
        return next((mark for mark in self.times if mark.milestone is milestone), None)

    def instant(self, milestone: Milestone) -> datetime | None:
        """The instant of ``milestone`` in UTC, or None when blank or unknown."""
        mark = self.mark(milestone)
        return mark.value if mark else None
