"""Prometheus Alertmanager's webhook of version 4: alerts are signals, not incidents."""

from typing import Any

from rca.domain.event import Delivery, Event, SignalRecord
from rca.formats.events.fields import Malformed, instant, needed, needed_instant, rows, text, tree


def read(delivery: Delivery) -> Event:
    """One group of alerts."""
    body = tree(delivery.body, "body")
    version = text(body.get("version"), "version")
    if version != "4":
        return Event(f"alerts of version {version or '(none)'}", unknown=True)
    if not isinstance(body.get("alerts"), list):
        raise Malformed("alerts is missing")
    found = tuple(_signal(row) for row in rows(body["alerts"], "alerts"))
    return Event(f"alerts.{text(body.get('status'), 'status')}", signals=found)


def _signal(row: dict[str, Any]) -> SignalRecord:
    labels = tree(row.get("labels"), "alerts.labels")
    notes = tree(row.get("annotations"), "alerts.annotations")
    start = needed_instant(row.get("startsAt"), "alerts.startsAt")
    mark = needed(row.get("fingerprint"), "alerts.fingerprint")
    resolved = text(row.get("status"), "alerts.status") == "resolved"
    title = notes.get("summary") or labels.get("alertname")
    return SignalRecord(
        # The same rule on the same labels fires again later: its start tells the two apart.
        key=f"alertmanager:{mark}@{start:%Y-%m-%dT%H:%M:%SZ}",
        source="alertmanager",
        kind="alert",
        title=text(title, "alerts.annotations.summary", 2_000),
        service=text(labels.get("service") or labels.get("job"), "alerts.labels.service"),
        environment=text(labels.get("environment") or labels.get("env"), "environment", 120),
        urgency=text(labels.get("severity"), "alerts.labels.severity", 60),
        started_at=start,
        ended_at=instant(row.get("endsAt"), "alerts.endsAt") if resolved else None,
        url=text(row.get("generatorURL"), "alerts.generatorURL", 2_000),
    )
