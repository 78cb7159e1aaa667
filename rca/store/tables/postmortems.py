"""The postmortem and everything that lives and dies with it."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from rca.domain import vocabulary as v
from rca.store.tables.metadata import Table, instant, of_postmortem, optional_instant, row_id, words
from rca.store.types import Json, one_of


class PostmortemRow(Table, table=True):
    """The header, the single-valued answers, and what lists filter and sort by."""

    __tablename__ = "postmortem"
    __table_args__ = (
        one_of("record_kind", v.RecordKind),
        one_of("status", v.Status),
        one_of("severity", v.Severity),
        one_of("severity_initial", v.Severity),
        one_of("severity_peak", v.Severity),
        one_of("visibility", v.Visibility),
        one_of("detection_method", v.DetectionMethod),
        one_of("detection_gap", v.DetectionGap),
        one_of("trigger", v.Trigger),
        one_of("occurred_precision", v.TimePrecision),
        one_of("title_source", v.ValueSource),
        Index("ix_postmortem_newest", "sort_at", "id"),
    )

    id: str = row_id()
    reference: str = Field(max_length=240, unique=True)
    import_key: str | None = Field(default=None, max_length=400, unique=True)
    organisation: str = Field(max_length=240, index=True)
    title: str = Field(default="", max_length=240)
    title_source: str = Field(default="typed", max_length=16)
    tldr: str = words()
    record_kind: str = Field(max_length=32)
    status: str = Field(max_length=32, index=True)
    status_reason: str = words()
    severity: str | None = Field(default=None, max_length=8, index=True)
    severity_initial: str | None = Field(default=None, max_length=8)
    severity_peak: str | None = Field(default=None, max_length=8)
    visibility: str = Field(max_length=32)
    functionalities: list[Any] = Field(default_factory=list, sa_type=Json)
    environments: list[Any] = Field(default_factory=list, sa_type=Json)
    regions: list[Any] = Field(default_factory=list, sa_type=Json)
    time_note: str = words()
    detection_method: str | None = Field(default=None, max_length=32)
    detection_gap: str | None = Field(default=None, max_length=32)
    cut_detection: str = words()
    cut_mitigation: str = words()
    impact_types: list[Any] = Field(default_factory=list, sa_type=Json)
    impact_summary: str = words()
    responders_count: int | None = None
    teams_count: int | None = None
    tools_count: int | None = None
    person_hours: float | None = None
    trigger: str | None = Field(default=None, max_length=32)
    trigger_note: str = words()
    summary: str = words()
    what_happened: str = words()
    response: str = words()
    external_summary: str = words()
    external_what_happened: str = words()
    external_what_we_do: str = words()
    imported_text: str = words()
    source_url: str = words()
    source_licence: str = Field(default="", max_length=240)

    occurred_at: datetime | None = optional_instant()
    occurred_precision: str = Field(default="unknown", max_length=16)
    quarter: str = Field(default="undated", max_length=8, index=True)
    sort_at: datetime = instant()
    ai_summary: str = Field(default="unanswered", max_length=16, index=True)
    unconfirmed: int = 0

    template_id: str = Field(default="", max_length=40)
    template_version: int = 0
    template_by_hand: bool = False

    version: int = 1
    content_hash: str = Field(default="", max_length=64)
    seen_number: int = 0
    approved_hash: str = Field(default="", max_length=64)
    approved_at: datetime | None = optional_instant()
    approved_by: str | None = Field(default=None, foreign_key="user_account.id")
    submitted_by: str | None = Field(default=None, foreign_key="user_account.id")
    published_at: datetime | None = optional_instant()
    published_number: int | None = None
    created_by: str | None = Field(default=None, foreign_key="user_account.id")
    created_at: datetime = instant()
    updated_at: datetime = instant()


class Proposed(Table):
    """Columns of rows that a machine may propose."""

    source: str = Field(default="typed", max_length=16)
    source_detail: str = words()
    confirmed: bool = True


class PostmortemService(Table, table=True):
    """A service that the incident touched, by name; it need not be in the catalogue."""

    __tablename__ = "postmortem_service"

    postmortem_id: str = of_postmortem(primary_key=True)
    name: str = Field(primary_key=True, max_length=240, index=True)
    position: int = 0


class PostmortemTeam(Table, table=True):
    """A team that took part, by name."""

    __tablename__ = "postmortem_team"

    postmortem_id: str = of_postmortem(primary_key=True)
    name: str = Field(primary_key=True, max_length=240)
    position: int = 0


class ParticipantRow(Table, table=True):
    """Who took part in which role; with ``user_id`` it also grants reading a restricted record."""

    __tablename__ = "participant"
    __table_args__ = (one_of("role", v.PersonRole),)

    id: str = row_id()
    postmortem_id: str = of_postmortem()
    role: str = Field(max_length=32)
    name: str = Field(default="", max_length=240)
    user_id: str | None = Field(default=None, foreign_key="user_account.id", index=True)
    position: int = 0


class TimeMarkRow(Table, table=True):
    """One milestone's instant."""

    __tablename__ = "time_mark"
    __table_args__ = (
        one_of("milestone", v.Milestone),
        one_of("precision", v.TimePrecision),
        one_of("source", v.ValueSource),
    )

    postmortem_id: str = of_postmortem(primary_key=True)
    milestone: str = Field(primary_key=True, max_length=32)
    value: datetime | None = optional_instant()
    precision: str = Field(max_length=16)
    entry_tz: str = Field(default="UTC", max_length=240)
    source: str = Field(default="typed", max_length=16)
    source_detail: str = words()
    confirmed: bool = True
    evidence_url: str = words()
    note: str = words()


class ImpactMeasureRow(Proposed, table=True):
    """A number of harm."""

    __tablename__ = "impact_measure"
    __table_args__ = (one_of("kind", v.ImpactMeasureKind), one_of("estimate", v.EstimateKind))

    id: str = row_id()
    postmortem_id: str = of_postmortem()
    position: int = 0
    kind: str = Field(max_length=32)
    value: float | None = None
    denominator: float | None = None
    unit: str = Field(default="", max_length=240)
    estimate: str = Field(max_length=16)
    note: str = words()


class TimelineEntryRow(Proposed, table=True):
    """One line of the timeline."""

    __tablename__ = "timeline_entry"
    __table_args__ = (one_of("kind", v.TimelineKind), one_of("precision", v.TimePrecision))

    id: str = row_id()
    postmortem_id: str = of_postmortem()
    position: int = 0
    at: datetime | None = optional_instant()
    precision: str = Field(default="minute", max_length=16)
    text: str = words()
    kind: str = Field(default="event", max_length=32)
    actor_role: str = Field(default="", max_length=240)
    key: bool = False
    evidence_url: str = words()


class ContributingFactorRow(Proposed, table=True):
    """A condition of the system that contributed."""

    __tablename__ = "contributing_factor"
    __table_args__ = (
        one_of("role", v.FactorRole),
        one_of("layer", v.FactorLayer),
        one_of("confidence", v.Confidence),
        one_of("known_before", v.YesNoUnknown),
    )

    id: str = row_id()
    postmortem_id: str = of_postmortem()
    position: int = 0
    statement: str = Field(default="", max_length=240)
    factor_class: str = Field(default="", max_length=240, index=True)
    role: str | None = Field(default=None, max_length=32)
    layer: str | None = Field(default=None, max_length=32)
    confidence: str | None = Field(default=None, max_length=32)
    known_before: str | None = Field(default=None, max_length=16)
    backlog_url: str = words()
    evidence: str = words()


class FactorTimeline(Table, table=True):
    """A factor is seen in a timeline entry."""

    __tablename__ = "factor_timeline"

    factor_id: str = Field(
        foreign_key="contributing_factor.id", ondelete="CASCADE", primary_key=True
    )
    timeline_id: str = Field(foreign_key="timeline_entry.id", ondelete="CASCADE", primary_key=True)


class AIInfluenceRow(Proposed, table=True):
    """What is known of AI influence on one surface. No column here names a person."""

    __tablename__ = "ai_influence"
    __table_args__ = (
        one_of("surface", v.AISurface),
        one_of("state", v.AIState),
        one_of("part", v.AIPart),
        one_of("effect", v.AIEffect),
        one_of("autonomy", v.AIAutonomy),
        one_of("reviewed", v.YesNoUnknown),
        one_of("guardrail_fired", v.YesNoUnknown),
    )

    id: str = row_id()
    postmortem_id: str = of_postmortem()
    position: int = 0
    surface: str = Field(max_length=32, index=True)
    state: str = Field(max_length=32, index=True)
    part: str | None = Field(default=None, max_length=32)
    effect: str | None = Field(default=None, max_length=32)
    autonomy: str | None = Field(default=None, max_length=32)
    tool: str = Field(default="", max_length=240)
    model: str = Field(default="", max_length=240)
    session_ref: str = words()
    session_sha256: str = Field(default="", max_length=240)
    extent: str = words()
    change_ref: str = words()
    reviewed: str | None = Field(default=None, max_length=16)
    review_kind: str = words()
    reviewer_role: str = Field(default="", max_length=240)
    guardrail_expected: str = words()
    guardrail_fired: str | None = Field(default=None, max_length=16)
    conditions: list[Any] = Field(default_factory=list, sa_type=Json)
    conditions_note: str = words()
    counterfactual: str = words()
    note: str = words()


class AIEvidenceRow(Table, table=True):
    """One item that tells how we know."""

    __tablename__ = "ai_evidence"
    __table_args__ = (one_of("basis", v.AIEvidenceBasis), one_of("strength", v.EvidenceStrength))

    id: str = row_id()
    influence_id: str = Field(foreign_key="ai_influence.id", ondelete="CASCADE", index=True)
    position: int = 0
    basis: str = Field(max_length=32)
    locator: str = words()
    quote: str = words()
    strength: str = Field(max_length=16)


class AIClaimRow(Table, table=True):
    """What one party says; claims that conflict stand side by side."""

    __tablename__ = "ai_claim"

    id: str = row_id()
    influence_id: str = Field(foreign_key="ai_influence.id", ondelete="CASCADE", index=True)
    position: int = 0
    party: str = Field(default="", max_length=240)
    statement: str = words()
    source: str = words()
    on: date | None = None


class LearningNoteRow(Proposed, table=True):
    """Something worth keeping that is not a factor."""

    __tablename__ = "learning_note"
    __table_args__ = (one_of("kind", v.NoteKind),)

    id: str = row_id()
    postmortem_id: str = of_postmortem()
    position: int = 0
    kind: str = Field(max_length=32)
    text: str = words()


class ActionItemRow(Proposed, table=True):
    """Work that follows, or an idea."""

    __tablename__ = "action_item"
    __table_args__ = (
        one_of("kind", v.ActionKind),
        one_of("control", v.ActionControl),
        one_of("strength", v.ActionStrength),
        one_of("priority", v.Priority),
        one_of("status", v.ActionStatus),
        one_of("verified", v.Verification),
    )

    id: str = row_id()
    postmortem_id: str = of_postmortem()
    position: int = 0
    title: str = Field(default="", max_length=240)
    kind: str = Field(max_length=16)
    control: str | None = Field(default=None, max_length=16)
    strength: str | None = Field(default=None, max_length=16)
    owner: str = Field(default="", max_length=240)
    team: str = Field(default="", max_length=240)
    priority: str | None = Field(default=None, max_length=8)
    due: date | None = None
    status: str = Field(max_length=16, index=True)
    status_reason: str = words()
    approver: str = Field(default="", max_length=240)
    done_criterion: str = words()
    done_at: datetime | None = optional_instant()
    tracker_url: str = words()
    verified: str = Field(max_length=16)
    verified_on: date | None = None
    verified_evidence: str = words()
    guardrail_family: str = Field(default="", max_length=240)


class ActionFactor(Table, table=True):
    """An action answers a factor."""

    __tablename__ = "action_factor"

    action_id: str = Field(foreign_key="action_item.id", ondelete="CASCADE", primary_key=True)
    factor_id: str = Field(
        foreign_key="contributing_factor.id", ondelete="CASCADE", primary_key=True
    )


class RelatedPostmortemRow(Table, table=True):
    """A link to another postmortem, by reference, so that it may be written before the other."""

    __tablename__ = "related_postmortem"
    __table_args__ = (one_of("relation", v.Relation),)

    postmortem_id: str = of_postmortem(primary_key=True)
    reference: str = Field(primary_key=True, max_length=240, index=True)
    relation: str = Field(primary_key=True, max_length=32)
    rationale: str = words()
    position: int = 0


class SectionVersion(Table, table=True):
    """The version of one section; autosave builds on it."""

    __tablename__ = "section_version"
    __table_args__ = (one_of("section", v.Section),)

    postmortem_id: str = of_postmortem(primary_key=True)
    section: str = Field(primary_key=True, max_length=16)
    version: int = 1
    updated_at: datetime = instant()
    updated_by: str | None = Field(default=None, foreign_key="user_account.id")


class Revision(Table, table=True):
    """The whole content at one moment. Never updated; published ones are what readers see.

    Autosaves of one account in one ``section`` may stand in one row: ``saves`` of them, the first
    at ``begun_at``. Their rule is :func:`rca.services.revisions.keep_autosave`.
    """

    __tablename__ = "revision"
    __table_args__ = (
        one_of("kind", v.RevisionKind),
        UniqueConstraint("postmortem_id", "number"),
    )

    id: str = row_id()
    postmortem_id: str = of_postmortem()
    number: int
    kind: str = Field(max_length=16)
    content: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    content_hash: str = Field(max_length=64)
    reason: str = words()
    actor_id: str | None = Field(default=None, foreign_key="user_account.id")
    created_at: datetime = instant()
    section: str = Field(default="", max_length=16)
    begun_at: datetime | None = optional_instant()
    saves: int = 1


class Presence(Table, table=True):
    """Who has which section open now. Forgotten within a minute; nothing is ever counted of it."""

    __tablename__ = "presence"

    postmortem_id: str = of_postmortem(primary_key=True)
    user_id: str = Field(
        foreign_key="user_account.id", ondelete="CASCADE", primary_key=True, max_length=32
    )
    section: str = Field(default="", max_length=16)
    at: datetime = instant()


class Comment(Table, table=True):
    """A remark anchored to a field or row."""

    __tablename__ = "comment"

    id: str = row_id()
    postmortem_id: str = of_postmortem()
    anchor: str = Field(default="", max_length=240)
    body: str = words()
    author_id: str | None = Field(default=None, foreign_key="user_account.id")
    created_at: datetime = instant()
    resolved_at: datetime | None = optional_instant()
    resolved_by: str | None = Field(default=None, foreign_key="user_account.id")
