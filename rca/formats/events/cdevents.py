"""CDEvents, bare or inside a CloudEvent: merged changes, deployments of services, incidents.

The version is part of the type, so types are read by their prefix. CDEvents has no field for AI;
ours is ``customData.throughline.ai`` = evidenced, attested_none or unknown.
"""

import re
from typing import Any

from rca.domain.change import ChangeRecord
from rca.domain.event import Delivery, DeploymentRecord, Event, ReportedChange, SignalRecord
from rca.domain.vocabulary import ChangeAI
from rca.formats.events.fields import (
    Malformed,
    instant,
    needed,
    needed_instant,
    repository,
    text,
    tree,
)

_TYPE = re.compile(r"^dev\.cdevents\.(\w+)\.(\w+)(?:\.\d[\w.-]*)?$")
_DEPLOYED = {"deployed": "success", "upgraded": "success", "rolledback": "rolled_back"}


def read(delivery: Delivery) -> Event:
    """One event in either envelope."""
    body = tree(delivery.body, "body")
    if "specversion" in body and "context" not in body:
        body = tree(body.get("data"), "data")
    context = tree(body.get("context"), "context")
    kind = needed(context.get("type"), "context.type")
    match = _TYPE.match(kind)
    subject = tree(body.get("subject"), "subject")
    content = tree(subject.get("content"), "subject.content")
    if match is None:
        return Event(kind[:120], unknown=True)
    noun, verb = match[1], match[2]
    short = f"{noun}.{verb}"
    at = context.get("timestamp")
    identity = needed(subject.get("id"), "subject.id", 300)
    if noun == "incident" and verb in ("detected", "reported", "resolved"):
        return Event(short, signals=(_incident(identity, verb, content, at),))
    if noun == "service" and verb in _DEPLOYED:
        return Event(short, deployments=(_deployment(context, identity, verb, content),))
    if noun == "change" and verb == "merged":
        return Event(short, changes=(_change(identity, subject, content, at, body),))
    return Event(short, unknown=True)


def _named(value: Any, path: str, most: int = 240) -> str:
    """The id of a reference such as ``{"id": "production"}``."""
    return text(tree(value, path).get("id"), f"{path}.id", most)


def _incident(identity: str, verb: str, content: dict[str, Any], at: Any) -> SignalRecord:
    when = needed_instant(at, "context.timestamp")
    return SignalRecord(
        key=f"cdevents:{identity}",
        source="cdevents",
        kind="incident",
        title=text(content.get("description"), "subject.content.description", 2_000),
        service=_named(content.get("service"), "subject.content.service"),
        environment=_named(content.get("environment"), "subject.content.environment", 120),
        started_at=None if verb == "resolved" else when,
        ended_at=when if verb == "resolved" else None,
        url=text(content.get("ticketURI"), "subject.content.ticketURI", 2_000),
    )


def _deployment(
    context: dict[str, Any], service: str, verb: str, content: dict[str, Any]
) -> DeploymentRecord:
    return DeploymentRecord(
        key=f"cdevents:{needed(context.get('id'), 'context.id', 380)}",
        service=service.rpartition("/")[2][:240],
        environment=_named(content.get("environment"), "subject.content.environment", 120),
        finished_at=instant(context.get("timestamp"), "context.timestamp"),
        result=_DEPLOYED[verb],
        ref=text(content.get("artifactId"), "subject.content.artifactId", 400),
    )


def _change(
    identity: str, subject: dict[str, Any], content: dict[str, Any], at: Any, body: dict[str, Any]
) -> ReportedChange:
    repo = repository(_named(content.get("repository"), "subject.content.repository", 400))
    repo = repo or text(subject.get("source"), "subject.source", 240)
    ours = tree(tree(body.get("customData"), "customData").get("throughline"), "throughline")
    state = text(ours.get("ai"), "customData.throughline.ai") or ChangeAI.UNKNOWN.value
    if state not in ChangeAI.values():
        raise Malformed(
            f"customData.throughline.ai is “{state}”; use {', '.join(ChangeAI.values())}"
        )
    record = ChangeRecord(
        key=f"{repo}@{identity}" if repo else identity,
        merged_at=needed_instant(at, "context.timestamp"),
        repo=repo[:240],
        title=text(content.get("description"), "subject.content.description", 2_000),
        ai_state=ChangeAI(state),
        label_source="CDEvents customData" if ours else "",
    )
    return ReportedChange(record)
