"""Which column of a foreign record means which field of ours. The table that a person may read."""

import re

from rca.domain.postmortem import PostmortemContent
from rca.domain.vocabulary import Milestone

NATIVE = frozenset(PostmortemContent.model_fields)

# Ours first, then what other tools and people call it. Compared in lower case with underscores.
_ALSO: dict[str, str] = {
    "id": "key incident_id external_id source_id number issue_key uid uuid",
    "date": "occurred occurred_at occurred_on incident_date started started_at start start_time "
    "start_date begin began_at when",
    "source": "origin",
    "imported_text": "text body description content postmortem post_mortem report details",
    "title": "name headline subject incident incident_title incident_name",
    "organisation": "company organization org customer",
    "severity": "sev severity_level incident_severity severity_final",
    "source_url": "url link permalink web_url html_url",
    "source_licence": "license licence source_license",
    "services": "service system systems affected_services components component product",
    "teams": "team owning_team team_name",
    "environments": "environment env",
    "regions": "region location locations",
    "record_kind": "kind record_type",
    "summary": "abstract overview executive_summary",
    "what_happened": "narrative story",
    "impact_summary": "impact customer_impact user_impact",
    "response": "resolution remediation mitigation recovery fix",
    "factors": "contributing_factors root_cause root_causes cause causes",
    "actions": "action_items followups follow_ups follow_up_actions corrective_actions",
    "timeline": "events chronology",
    "detection_method": "detection detected_by how_detected",
    "trigger_note": "trigger_description",
    "tldr": "tl_dr",
    "went_well": "what_went_well",
    "went_poorly": "what_went_wrong what_went_poorly",
    "got_lucky": "where_we_got_lucky lucky",
    "reference": "",
    "detected_at": "detected detection_time time_detected",
    "acknowledged_at": "acknowledged ack_at",
    "declared_at": "declared",
    "mitigated_at": "mitigated mitigation_time",
    "resolved_at": "resolved resolution_time ended end end_time ended_at closed_at",
    "impact_started_at": "impact_start impact_started",
    "impact_ended_at": "impact_end impact_ended",
}
NOTES = ("went_well", "went_poorly", "got_lucky")
MILESTONES = frozenset(Milestone.values())

# Known, and left out on purpose: what they say is not ours to take over.
NOT_USED = {
    "labels": "opinions of somebody else; causes are found here, or confirmed by people here",
    "format": "ours",
    "status": "imported records start as imported",
    "version": "ours",
}

_TARGETS = {
    name: target for target, names in _ALSO.items() for name in (target, *names.split())
} | {name: name for name in NATIVE | MILESTONES}


def plain_name(written: str) -> str:
    """``Root Cause(s)`` as ``root_causes``: how names are compared."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", written.strip())
    return re.sub(r"_+", "_", re.sub(r"[^\w]+", "_", name.replace("(s)", "s").lower())).strip("_")


def target_of(written: str) -> str | None:
    """Our field for a column's name, ``""`` when it is left out on purpose, None when unknown."""
    name = plain_name(written)
    if written == "$schema" or name in NOT_USED:
        return ""
    return _TARGETS.get(name)
