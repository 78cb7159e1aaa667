"""Which fields each section of the form holds, so that sections save and conflict alone."""

import hashlib
import json

from rca.domain.postmortem import (
    ActionItem,
    AIInfluence,
    ContributingFactor,
    ImpactMeasure,
    LearningNote,
    PostmortemContent,
    TimelineEntry,
    TimeMark,
)
from rca.domain.vocabulary import Section, ValueSource

SECTION_FIELDS: dict[Section, tuple[str, ...]] = {
    Section.HEADER: (
        "title",
        "title_source",
        "tldr",
        "record_kind",
        "organisation",
        "severity",
        "severity_initial",
        "severity_peak",
        "visibility",
        "services",
        "functionalities",
        "environments",
        "regions",
        "teams",
        "participants",
        "source_url",
        "source_licence",
        "related",
    ),
    Section.TIMES: ("times", "time_note"),
    Section.TIMELINE: ("timeline",),
    Section.IMPACT: (
        "detection_method",
        "detection_gap",
        "cut_detection",
        "cut_mitigation",
        "impact_types",
        "impact_summary",
        "impact_measures",
        "responders_count",
        "teams_count",
        "tools_count",
        "person_hours",
    ),
    Section.FACTORS: ("trigger", "trigger_note", "factors", "changes"),
    Section.AI: ("ai_influences",),
    Section.ACTIONS: ("actions",),
    Section.LEARNING: ("notes",),
    Section.SUMMARY: (
        "summary",
        "what_happened",
        "response",
        "external_summary",
        "external_what_happened",
        "external_what_we_do",
        "imported_text",
    ),
}


def changed_sections(old: PostmortemContent, new: PostmortemContent) -> tuple[Section, ...]:
    """The sections in which the two differ."""
    return tuple(
        section
        for section, fields in SECTION_FIELDS.items()
        if any(getattr(old, field) != getattr(new, field) for field in fields)
    )


def content_hash(content: PostmortemContent) -> str:
    """SHA-256 of the content in one canonical form, as 64 hex digits."""
    data = content.model_dump(mode="json")
    canonical = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def unconfirmed_count(content: PostmortemContent) -> int:
    """How many values a machine proposed that no person confirmed yet."""
    rows: list[TimeMark | ImpactMeasure | TimelineEntry | ContributingFactor] = [
        *content.times,
        *content.impact_measures,
        *content.timeline,
        *content.factors,
    ]
    later: list[AIInfluence | ActionItem | LearningNote] = [
        *content.ai_influences,
        *content.actions,
        *content.notes,
    ]
    title = content.title_source is not ValueSource.TYPED
    return title + sum(not row.confirmed for row in rows) + sum(not row.confirmed for row in later)
