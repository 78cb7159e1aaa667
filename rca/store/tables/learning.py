"""What mining found and what people decided about it."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from rca.domain import vocabulary as v
from rca.store.tables.metadata import Table, instant, of_postmortem, optional_instant, row_id, words
from rca.store.types import Json, one_of


class MiningRun(Table, table=True):
    """One immutable run: options, seed, digest of its data, and what it said."""

    __tablename__ = "mining_run"

    id: str = row_id()
    started_at: datetime = instant()
    finished_at: datetime = instant()
    seed: int = 0
    options: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    data_digest: str = Field(max_length=80)
    versions: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    records: int = 0
    restricted_left_out: int = 0
    result: dict[str, Any] = Field(default_factory=dict, sa_type=Json)


class PatternRow(Table, table=True):
    """A recurring cause. Keeps its id, name and history across runs."""

    __tablename__ = "pattern"
    __table_args__ = (one_of("state", v.PatternState),)

    id: str = Field(primary_key=True, max_length=64)
    organisation: str = Field(default="own", max_length=240)
    kind: str = Field(max_length=16)
    name: str = Field(max_length=400)
    named_by_human: bool = False
    state: str = Field(max_length=16)
    reason: str = words()
    causes: list[Any] = Field(default_factory=list, sa_type=Json)
    strength: str = Field(default="", max_length=16)
    size: int = 0
    payload: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    first_run_id: str = Field(foreign_key="mining_run.id")
    last_run_id: str = Field(foreign_key="mining_run.id", index=True)
    decided_by: str | None = Field(default=None, foreign_key="user_account.id")
    decided_at: datetime | None = optional_instant()


class PatternMember(Table, table=True):
    """A postmortem in a pattern, with the sentence that put it there."""

    __tablename__ = "pattern_member"

    pattern_id: str = Field(foreign_key="pattern.id", ondelete="CASCADE", primary_key=True)
    postmortem_id: str = of_postmortem(primary_key=True)
    quote: str = words()
    position: int = 0


class SimilarPostmortem(Table, table=True):
    """A neighbour of a postmortem by the newest run, with the words and answers that they share."""

    __tablename__ = "similar_postmortem"

    postmortem_id: str = of_postmortem(primary_key=True)
    other_id: str = of_postmortem(primary_key=True)
    position: int = 0
    score: float = 0.0
    why: dict[str, Any] = Field(default_factory=dict, sa_type=Json)


class GuardrailRow(Table, table=True):
    """A guardrail: the native document with what people decided about it."""

    __tablename__ = "guardrail"
    __table_args__ = (one_of("decision", v.GuardrailDecision),)

    id: str = Field(primary_key=True, max_length=64)
    family: str = Field(max_length=60, index=True)
    template: str = Field(default="", max_length=120)
    title: str = Field(max_length=400)
    decision: str = Field(max_length=16, index=True)
    status: str = Field(max_length=16)
    mode: str = Field(max_length=16)
    pattern_id: str | None = Field(default=None, foreign_key="pattern.id", index=True)
    document: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    suggestion: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    history: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    identity: str = Field(max_length=80)
    evidence_count: int = 0
    rejected_evidence_count: int = 0
    reason: str = words()
    version: int = 1
    decided_by: str | None = Field(default=None, foreign_key="user_account.id")
    decided_at: datetime | None = optional_instant()
    created_at: datetime = instant()
    updated_at: datetime = instant()
    review_by: date | None = None


class GuardrailEvidence(Table, table=True):
    """An incident that the guardrail answers."""

    __tablename__ = "guardrail_evidence"

    guardrail_id: str = Field(foreign_key="guardrail.id", ondelete="CASCADE", primary_key=True)
    postmortem_id: str = of_postmortem(primary_key=True)


class GuardrailRevision(Table, table=True):
    """A document as it stood after somebody decided or edited; its differences are the history."""

    __tablename__ = "guardrail_revision"

    guardrail_id: str = Field(foreign_key="guardrail.id", ondelete="CASCADE", primary_key=True)
    version: int = Field(primary_key=True)
    action: str = Field(max_length=16)
    reason: str = words()
    document: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    at: datetime = instant()
    by_id: str | None = Field(default=None, foreign_key="user_account.id")


class GuardrailOutcome(Table, table=True):
    """What a gate said of one change, posted back by it. Names the change, never a person."""

    __tablename__ = "guardrail_outcome"
    __table_args__ = (
        UniqueConstraint("guardrail_id", "repo", "ref"),
        CheckConstraint(
            "state IN ('violation', 'pass', 'excepted', 'unknown', 'not_applicable')",
            name="state_known",
        ),
    )

    id: str = row_id()
    guardrail_id: str = Field(foreign_key="guardrail.id", ondelete="CASCADE", index=True)
    at: datetime = instant()
    repo: str = Field(default="", max_length=400)
    ref: str = Field(default="", max_length=400)
    state: str = Field(max_length=16)
    mode: str = Field(default="audit", max_length=16)
    overridden: bool = False
    false_positive: bool = False
    reason: str = words()
