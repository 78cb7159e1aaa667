"""Which moves a postmortem may make, and what each severity asks before review."""

from dataclasses import dataclass

from rca.domain.postmortem import PostmortemContent
from rca.domain.vocabulary import (
    DEFAULT_AI_SURFACES,
    ActionKind,
    Milestone,
    RecordKind,
    Section,
    Severity,
    Status,
)

MOVES: dict[Status, tuple[Status, ...]] = {
    Status.DRAFT: (Status.IN_REVIEW, Status.NOT_REQUIRED),
    Status.IN_REVIEW: (Status.APPROVED, Status.CHANGES_REQUESTED, Status.DRAFT),
    Status.CHANGES_REQUESTED: (Status.IN_REVIEW, Status.NOT_REQUIRED),
    Status.APPROVED: (Status.PUBLISHED, Status.CHANGES_REQUESTED),
    Status.PUBLISHED: (Status.ARCHIVED, Status.CHANGES_REQUESTED),
    Status.ARCHIVED: (),
    Status.NOT_REQUIRED: (Status.DRAFT,),
}
EDITABLE = (Status.DRAFT, Status.IN_REVIEW, Status.CHANGES_REQUESTED, Status.APPROVED)


def may_move(current: Status, target: Status) -> bool:
    """Whether ``target`` can follow ``current``."""
    return target in MOVES[current]


def status_after_edit(current: Status) -> Status:
    """An edit after approval asks for a new approval; other states stay."""
    return Status.IN_REVIEW if current is Status.APPROVED else current


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing that review needs. ``anchor`` is the field that the checklist jumps to."""

    section: Section
    anchor: str
    text: str
    met: bool


_LIGHT = (Severity.SEV4, Severity.SEV5)


def _is_light(content: PostmortemContent) -> bool:
    return content.severity in _LIGHT or content.record_kind is not RecordKind.INCIDENT


def _header(content: PostmortemContent) -> list[Requirement]:
    return [
        Requirement(Section.HEADER, "title", "A title that names the symptom", bool(content.title)),
        Requirement(Section.HEADER, "severity", "A severity", content.severity is not None),
        Requirement(Section.HEADER, "services", "At least one service", bool(content.services)),
        Requirement(
            Section.TIMES,
            "times-impact_started_at",
            "When impact started, or that it is unknown",
            content.mark(Milestone.IMPACT_STARTED) is not None,
        ),
        Requirement(Section.SUMMARY, "summary", "A summary", bool(content.summary.strip())),
        Requirement(
            Section.FACTORS,
            "factors",
            "At least one contributing factor",
            any(row.statement for row in content.factors),
        ),
    ]


def _ai(content: PostmortemContent) -> list[Requirement]:
    answered = {row.surface for row in content.ai_influences}
    missing = [s.label for s in DEFAULT_AI_SURFACES if s not in answered]
    text = "AI influence answered for design, code, config, review and response"
    if missing and len(missing) < len(DEFAULT_AI_SURFACES):
        text += f" (open: {', '.join(missing)})"
    rows = [Requirement(Section.AI, "ai", text, not missing)]
    rows += [
        Requirement(Section.AI, f"ai-{row.surface}", f"{row.surface.label}: {problem}", False)
        for row in content.ai_influences
        for problem in row.problems()
    ]
    return rows


def _full(content: PostmortemContent) -> list[Requirement]:
    commitments = [a for a in content.actions if a.kind is ActionKind.COMMITMENT and a.title]
    return [
        Requirement(
            Section.TIMES,
            "times-detected_at",
            "When it was detected, or that it is unknown",
            content.mark(Milestone.DETECTED) is not None,
        ),
        Requirement(
            Section.TIMES,
            "times-mitigated_at",
            "When it was mitigated, or that it is unknown",
            content.mark(Milestone.MITIGATED) is not None,
        ),
        Requirement(
            Section.TIMELINE,
            "timeline",
            "A timeline of at least three entries",
            sum(bool(row.text.strip()) for row in content.timeline) >= 3,
        ),
        Requirement(
            Section.IMPACT,
            "detection_method",
            "How it was detected",
            content.detection_method is not None,
        ),
        Requirement(
            Section.IMPACT,
            "impact_summary",
            "The impact in words or numbers",
            bool(content.impact_summary.strip() or content.impact_measures),
        ),
        Requirement(Section.FACTORS, "trigger", "The trigger", content.trigger is not None),
        Requirement(
            Section.ACTIONS,
            "actions",
            "At least one commitment with owner, due date and done criterion",
            any((a.owner or a.team) and a.due and a.done_criterion for a in commitments),
        ),
    ]


def requirements(content: PostmortemContent) -> list[Requirement]:
    """What this record needs before review: short for SEV-4, SEV-5 and near misses."""
    asked = _header(content) + _ai(content)
    if not _is_light(content):
        asked += _full(content)
        if content.severity in (Severity.SEV1, Severity.SEV2):
            factors = sum(bool(row.statement) for row in content.factors)
            asked.append(
                Requirement(
                    Section.FACTORS,
                    "factors",
                    "At least two contributing factors: one alone is rarely the story",
                    factors >= 2,
                )
            )
    order = list(Section)
    return sorted(asked, key=lambda item: order.index(item.section))


def unmet(content: PostmortemContent) -> list[Requirement]:
    """The requirements still open."""
    return [item for item in requirements(content) if not item.met]


@dataclass(frozen=True, slots=True)
class SectionProgress:
    """How far one section is: ``met`` of ``asked`` requirements (both 0 when nothing is asked)."""

    section: Section
    met: int
    asked: int


def progress(content: PostmortemContent) -> list[SectionProgress]:
    """Completeness per section, for the rail of the editor."""
    asked = requirements(content)
    return [
        SectionProgress(
            section,
            sum(item.met for item in asked if item.section is section),
            sum(item.section is section for item in asked),
        )
        for section in Section
    ]


def asked_sections(content: PostmortemContent) -> frozenset[Section]:
    """Sections of which this severity asks something; the others may stay closed."""
    return frozenset(item.section for item in requirements(content))
