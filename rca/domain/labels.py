"""The words for each field of a postmortem, once: form, conflict, history and errors use them."""

from rca.domain.vocabulary import AISurface, Milestone, Section

FIELD_LABELS: dict[str, str] = {
    "title": "Title",
    "tldr": "In one sentence",
    "title_source": "Where the title came from",
    "record_kind": "Kind",
    "organisation": "Organisation",
    "severity": "Severity",
    "severity_initial": "Severity at first",
    "severity_peak": "Severity at its worst",
    "visibility": "Who may read it",
    "services": "Services",
    "functionalities": "What customers could not do",
    "environments": "Environments",
    "regions": "Regions",
    "teams": "Teams",
    "participants": "People and roles",
    "source_url": "Source",
    "source_licence": "Licence of the source",
    "related": "Related postmortems",
    "times": "Times",
    "time_note": "Note on the order of times",
    "timeline": "Timeline",
    "detection_method": "How it was detected",
    "detection_gap": "Why monitoring did not see it sooner",
    "cut_detection": "What would have halved the time to detect",
    "cut_mitigation": "What would have halved the time to mitigate",
    "impact_types": "What was harmed",
    "impact_summary": "Impact in words",
    "impact_measures": "Impact in numbers",
    "responders_count": "People who responded",
    "teams_count": "Teams who responded",
    "tools_count": "Tools used",
    "person_hours": "Hours of work",
    "trigger": "Trigger",
    "trigger_note": "About the trigger",
    "factors": "Contributing factors",
    "changes": "Changes linked by hand",
    "ai_influences": "AI influence",
    "actions": "Action items",
    "notes": "Learning",
    "summary": "Summary",
    "what_happened": "What happened",
    "response": "How the response went",
    "external_summary": "For customers: summary",
    "external_what_happened": "For customers: what happened",
    "external_what_we_do": "For customers: what we do",
    "imported_text": "Imported text",
}

ROW_LABELS: dict[str, str] = {
    "at": "Time",
    "value": "Value",
    "precision": "How exact",
    "entry_tz": "Time zone",
    "text": "Text",
    "kind": "Kind",
    "actor_role": "Role",
    "key": "Key moment for the PDF",
    "evidence_url": "Evidence",
    "statement": "Statement",
    "factor_class": "Class",
    "role": "Role",
    "layer": "Layer",
    "confidence": "Confidence",
    "known_before": "Known before",
    "backlog_url": "Backlog item",
    "evidence": "Evidence",
    "timeline_ids": "Seen in the timeline",
    "surface": "Surface",
    "state": "State",
    "answer": "Answer",
    "part": "Part it had",
    "effect": "Effect",
    "autonomy": "Autonomy",
    "tool": "Tool",
    "model": "Model",
    "session_ref": "Session reference",
    "session_sha256": "Session hash",
    "extent": "Extent",
    "change_ref": "Change",
    "reviewed": "Reviewed by a person",
    "review_kind": "Kind of review",
    "reviewer_role": "Role of the reviewer",
    "guardrail_expected": "Check that should see it",
    "guardrail_fired": "Did the check fire",
    "conditions": "System conditions",
    "conditions_note": "About the conditions",
    "claims": "Claims",
    "counterfactual": "The same change by hand",
    "note": "Note",
    "title": "Title",
    "control": "What it changes",
    "strength": "Strength",
    "owner": "Owner",
    "team": "Team",
    "priority": "Priority",
    "due": "Due",
    "status": "State",
    "status_reason": "Reason",
    "approver": "Agreed by",
    "done_criterion": "Done when",
    "done_at": "Done at",
    "tracker_url": "Tracker",
    "verified": "Verified",
    "verified_on": "Verified on",
    "verified_evidence": "How it was verified",
    "factor_ids": "Answers factors",
    "guardrail_family": "Guardrail family",
    "denominator": "Out of",
    "unit": "Unit",
    "estimate": "How sure",
    "basis": "How we know",
    "locator": "Where",
    "quote": "Quote",
    "party": "Who says it",
    "on": "Date",
    "name": "Name",
    "user_id": "Account",
    "reference": "Reference",
    "relation": "Relation",
    "rationale": "Why",
    "change_key": "Change",
    "milestone": "Milestone",
    "source": "Source",
    "source_detail": "Detail of the source",
    "confirmed": "Confirmed",
}

ROW_NAMES: dict[str, str] = {
    "timeline": "timeline row",
    "factors": "factor",
    "actions": "action",
    "notes": "note",
    "impact_measures": "number",
    "ai_influences": "AI influence",
    "participants": "person",
    "related": "related postmortem",
    "changes": "change",
    "times": "time",
    "evidence": "item of evidence",
    "claims": "claim",
}

SECTION_HEADINGS: dict[Section, str] = {
    Section.HEADER: "Basics",
    Section.TIMES: "Times",
    Section.TIMELINE: "Timeline",
    Section.IMPACT: "Impact and detection",
    Section.FACTORS: "Contributing factors",
    Section.AI: "AI influence",
    Section.ACTIONS: "Actions",
    Section.LEARNING: "Learning",
    Section.SUMMARY: "Summary",
}

SHORT_HEADINGS: dict[Section, str] = {
    **SECTION_HEADINGS,
    Section.IMPACT: "Impact",
    Section.FACTORS: "Factors",
}


def label_of_path(path: str) -> str:
    """Words for a dotted path: ``timeline.3.at`` is ``Timeline 4: time``."""
    parts = path.split(".")
    words = FIELD_LABELS.get(parts[0], parts[0] or "The form")
    for part in parts[1:]:
        if part.isdigit():
            words += f" {int(part) + 1}"
        else:
            words += f": {ROW_LABELS.get(part, part).lower()}"
    return words


def name_of_key(field: str, key: str) -> str:
    """Words for a row's key where the key itself says something."""
    if field == "times" and key in Milestone.values():
        return Milestone(key).label
    if field == "ai_influences" and key.partition("~")[0] in AISurface.values():
        return AISurface(key.partition("~")[0]).label
    return ""
