"""PagerDuty's webhooks of version 3: incidents, as signals. Names in them are left alone."""

from rca.domain.event import Delivery, Event, SignalRecord
from rca.formats.events.fields import Malformed, instant, needed, text, tree


def read(delivery: Delivery) -> Event:
    """One event."""
    event = tree(tree(delivery.body, "body").get("event"), "event")
    if not event:
        raise Malformed("event is missing; webhooks of version 1 and 2 have ended")
    kind = needed(event.get("event_type"), "event.event_type")
    if kind == "pagey.ping":
        return Event(kind, ignored="PagerDuty says hello; the webhook works.")
    if not kind.startswith("incident."):
        return Event(kind, unknown=True)
    data = tree(event.get("data"), "event.data")
    if text(data.get("type"), "event.data.type") not in ("", "incident"):
        return Event(kind, ignored="It is about a part of an incident, such as a note.")
    at = instant(event.get("occurred_at"), "event.occurred_at")
    priority = tree(data.get("priority"), "event.data.priority").get("summary")
    signal = SignalRecord(
        key=f"pagerduty:{needed(data.get('id'), 'event.data.id')}",
        source="pagerduty",
        kind="incident",
        title=text(data.get("title"), "event.data.title", 2_000),
        service=text(tree(data.get("service"), "event.data.service").get("summary"), "service"),
        urgency=text(priority or data.get("urgency"), "event.data.urgency", 60),
        started_at=instant(data.get("created_at"), "event.data.created_at"),
        ended_at=at if kind == "incident.resolved" else None,
        url=text(data.get("html_url"), "event.data.html_url", 2_000),
    )
    return Event(kind, signals=(signal,))
