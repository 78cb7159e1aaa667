"""What shipped when at the sample company, and what had shipped before an incident."""

import random
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from rca.domain.vocabulary import LinkMethod, Milestone, TimePrecision
from rca.services.sample_files import SamplePostmortem, row_id_of, stable_id

TOGETHER = 7_200
DAY = timedelta(hours=24)
Rows = list[dict[str, Any]]


def deployments_of(changes: Sequence[Mapping[str, Any]], draw: random.Random) -> tuple[Rows, Rows]:
    """Deployments, and the links that tie each change to the one it shipped with.

    What a service shipped within the same two hours shipped together.
    """
    groups: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
    for change in changes:
        slot = int(change["deployed_at"].timestamp()) // TOGETHER
        groups.setdefault((change["service"], slot), []).append(change)
    deployments: Rows = []
    links: Rows = []
    for (service, slot), parts in sorted(groups.items()):
        row = _deployment(service, f"{service}/{slot}", parts, draw)
        deployments.append(row)
        links += [_shipped(part["key"], row["key"], row["finished_at"]) for part in parts]
    return deployments, links


def _deployment(
    service: str, key: str, parts: Sequence[Mapping[str, Any]], draw: random.Random
) -> dict[str, Any]:
    end = max(part["deployed_at"] for part in parts)
    return {
        "id": stable_id("deployment", key),
        "key": key,
        "service": service,
        "environment": "production",
        "started_at": end - timedelta(minutes=draw.randint(2, 12)),
        "finished_at": end,
        "result": draw.choices(("success", "failed"), (98, 2))[0],
        "ref": parts[-1]["key"].rpartition("@")[2],
    }


def _link(way: tuple[str, str, str, str], at: datetime, **said: Any) -> dict[str, Any]:
    from_kind, from_id, to_kind, to_id = way
    return {
        "id": stable_id("link", from_id, to_id),
        "from_kind": from_kind,
        "from_id": from_id,
        "to_kind": to_kind,
        "to_id": to_id,
        "relation": None,
        "by_id": None,
        "at": at,
        **said,
    }


def _shipped(change: str, deployment: str, at: datetime) -> dict[str, Any]:
    way = ("change", change, "deployment", deployment)
    return _link(way, at, method=LinkMethod.SHA.value, confidence="strong", note="")


def links_by_time(
    items: Sequence[SamplePostmortem], deployments: Sequence[Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    """The last deployment of the service within a day before each incident whose start is known
    to the minute: shipped before it, and no more than that.
    """
    shipped: dict[str, list[tuple[datetime, str]]] = {}
    for row in sorted(deployments, key=lambda row: (row["finished_at"], row["key"])):
        shipped.setdefault(row["service"], []).append((row["finished_at"], row["key"]))
    for item in items:
        start = _start(item)
        found = shipped.get(item.content.services[0], ())
        place = bisect_right(found, (start, "~")) if start else 0
        if start and place and found[place - 1][0] >= start - DAY:
            yield _before(item.reference, *found[place - 1])


def _start(item: SamplePostmortem) -> datetime | None:
    mark = item.content.mark(Milestone.IMPACT_STARTED)
    precise = (TimePrecision.EXACT, TimePrecision.MINUTE)
    return mark.value if mark and mark.precision in precise else None


def _before(reference: str, at: datetime, deployment: str) -> dict[str, Any]:
    way = ("deployment", deployment, "postmortem", row_id_of(reference))
    note = "Last deployment of the service within a day before."
    return _link(way, at, method=LinkMethod.TEMPORAL.value, confidence="weak", note=note)
