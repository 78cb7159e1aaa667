"""The summary's first sentence, made from typed answers: a suggestion that an author rewrites."""

from rca.domain.durations import durations
from rca.domain.postmortem import PostmortemContent
from rca.domain.vocabulary import DetectionMethod, Milestone, RecordKind, TimePrecision, Trigger

_FOUND_BY = {
    DetectionMethod.ALERT_SLO: "an alert on an SLO",
    DetectionMethod.ALERT_THRESHOLD: "an alert on a threshold",
    DetectionMethod.SYNTHETIC: "a synthetic check",
    DetectionMethod.CUSTOMER_REPORT: "a customer’s report",
    DetectionMethod.INTERNAL_REPORT: "a colleague’s report",
    DetectionMethod.DEPLOY_GATE: "a deploy gate",
    DetectionMethod.ANOMALY: "anomaly detection",
    DetectionMethod.THIRD_PARTY: "a third party",
    DetectionMethod.BY_CHANCE: "chance",
    DetectionMethod.SECURITY_TOOL: "a security tool",
}
_SET_OFF = {
    Trigger.BINARY_PUSH: "a code deploy",
    Trigger.CONFIG_PUSH: "a config change",
    Trigger.USER_BEHAVIOR: "a change in user behaviour",
    Trigger.PIPELINE: "a processing pipeline",
    Trigger.PROVIDER: "a provider’s change",
    Trigger.DECAY: "slow performance decay",
    Trigger.CAPACITY: "a capacity limit",
    Trigger.HARDWARE: "hardware",
    Trigger.EXPIRY: "an expired certificate or secret",
    Trigger.MIGRATION: "a schema or data migration",
    Trigger.FLAG: "a feature flag",
    Trigger.MANUAL: "a manual operation",
    Trigger.SECURITY: "a security event",
}


def sentence(content: PostmortemContent) -> str:
    """One to three sentences from what is known; empty while there is too little to say.

    Unknown values are left out, never guessed.
    """
    if not content.title:
        return ""
    parts = [_what(content), _found(content), _trigger(content)]
    return " ".join(part for part in parts if part)


def _join(names: list[str]) -> str:
    head, last = names[:-1], names[-1:]
    return " and ".join([", ".join(head), *last]) if head else "".join(last)


def _when(content: PostmortemContent) -> str:
    mark = content.mark(Milestone.IMPACT_STARTED)
    if mark is None or mark.value is None:
        return ""
    shapes = {
        TimePrecision.YEAR: f"In {mark.value:%Y}",
        TimePrecision.MONTH: f"In {mark.value:%B %Y}",
    }
    return shapes.get(mark.precision, f"On {mark.value.day} {mark.value:%B %Y}")


def _what(content: PostmortemContent) -> str:
    spans = {span.key: span for span in durations(content)}
    # Without an end of impact its span is about that to mitigation, which is known better.
    keys = ("impact", "mitigate") if content.mark(Milestone.IMPACT_ENDED) else ("mitigate",)
    span = next((spans[k] for k in keys if spans[k].value is not None), None)
    verb = (
        "came close to trouble" if content.record_kind is RecordKind.NEAR_MISS else "was affected"
    )
    subject = _join(list(content.services)) or "a service"
    if len(content.services) > 1:
        verb = verb.replace("was", "were")
    when = _when(content)
    lasted = f" for {span.text}" if span else ""
    opening = f"{when}, {subject}" if when else subject[0].upper() + subject[1:]
    return f"{opening} {verb}{lasted}: {content.title.rstrip('.')}."


def _found(content: PostmortemContent) -> str:
    spans = {span.key: span for span in durations(content)}
    by = _FOUND_BY.get(content.detection_method) if content.detection_method else None
    after = spans["detect"].text if spans["detect"].value is not None else ""
    if by and after:
        return f"It was detected by {by} after {after}."
    if by:
        return f"It was detected by {by}."
    return f"It was detected after {after}." if after else ""


def _trigger(content: PostmortemContent) -> str:
    words = _SET_OFF.get(content.trigger) if content.trigger else None
    return f"It was set off by {words}." if words else ""
