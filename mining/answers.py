"""What each record answered, question by question, ready to be compared.

Three states stay apart: an answer, *unknown* as an answer of its own, and no answer at all. Only
the first takes part in a comparison; the other two are counted beside it and never as no.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from mining.mitigation import kinds
from mining.records import IncidentRecord

UNKNOWN = "unknown"
DIMENSIONS = {
    "service": "Service",
    "tier": "Tier",
    "trigger": "Trigger",
    "detection_method": "Found by",
    "detection_gap": "Detection gap",
    "mitigation": "Mitigation",
    "factor_role": "Factor role",
    "severity": "Severity",
    "ai": "AI influence",
}
LINKED_BY = frozenset({"service", "trigger", "detection_method", "detection_gap"})
"""Questions whose answers draw incidents into one pattern: comparing a pattern with them would
find again what made it. They stand among a pattern's reasons instead."""
FROM_TEXT = frozenset({"mitigation"})
"""Questions answered by reading where the form has no answer."""
_SINGLE = ("tier", "trigger", "detection_method", "detection_gap")
_SEVERAL = ("factor_role", "mitigation")

# Answers that say the same as a cause in other words: comparing them would find only that.
_SAME_WORDS: Mapping[str, frozenset[tuple[str, str]]] = {
    cause: frozenset((dimension, value) for dimension, values in said.items() for value in values)
    for cause, said in {
        "config_change": {"trigger": ["config_push", "feature_flag"]},
        "code_defect": {"trigger": ["binary_push"]},
        "deploy_upgrade_migration": {"trigger": ["binary_push", "schema_or_data_migration"]},
        "capacity_overload_exhaustion": {"trigger": ["capacity", "performance_decay"]},
        "cascade_retry_storm": {"trigger": ["capacity"], "factor_role": ["amplified"]},
        "datastore": {"trigger": ["schema_or_data_migration"]},
        "expiry_credential_lifecycle": {"trigger": ["cert_or_secret_expiry"]},
        "hardware_power": {"trigger": ["hardware"]},
        "operator_action": {"trigger": ["manual_operation"]},
        "security": {"trigger": ["security_event"], "detection_method": ["security_tool"]},
        "third_party_dependency": {
            "trigger": ["service_provider_change"],
            "detection_method": ["third_party"],
        },
        "recovery_failover_failure": {"factor_role": ["delayed_recovery"]},
        "monitoring_gap": {
            "detection_gap": [
                "none",
                "no_monitor",
                "monitor_bug",
                "telemetry_missing",
                "threshold_wrong",
                "signal_lost_in_noise",
                "not_monitorable",
            ],
            "factor_role": ["delayed_detection", "hid"],
        },
    }.items()
}


def same_words(cause: str, dimension: str, value: str) -> bool:
    """Whether an answer says what the cause says already."""
    if dimension == "mitigation" and value in kinds():
        return cause in kinds()[value].near
    return (dimension, value) in _SAME_WORDS.get(cause, ())


@dataclass
class Asked:
    """The answers to one question by record id, and the ids that answered *unknown*."""

    given: dict[str, frozenset[str]] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)

    def take(self, identifier: str, values: Sequence[str]) -> None:
        """Keep what a record said; an empty list is no answer."""
        if not values:
            return
        known = frozenset(value for value in values if value and value != UNKNOWN)
        if known:
            self.given[identifier] = known
        else:
            self.unknown.add(identifier)


def answers_of(
    records: Sequence[IncidentRecord],
    mitigations_of: Callable[[str], Collection[str]] | None = None,
) -> dict[str, Asked]:
    """What each record answered, by question.

    With ``mitigations_of`` a record without that answer is asked for by its id: what its text says.
    """
    found = {name: Asked() for name in DIMENSIONS}
    for record in records:
        key, fields = record.id, record.fields
        found["service"].take(key, record.services)
        if record.severity:
            found["severity"].take(key, [record.severity])
        if record.ai_state:
            found["ai"].take(key, [record.ai_state])
        for name in _SINGLE:
            if fields.get(name):
                found[name].take(key, [fields[name]])
        for name in _SEVERAL:
            if fields.get(name):
                found[name].take(key, [v for v in fields[name].split("; ") if v])
        if mitigations_of and not fields.get("mitigation"):
            found["mitigation"].take(key, sorted(mitigations_of(key)))
    return found
