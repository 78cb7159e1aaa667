"""Jira: an issue whose status moved into, or out of, the category “done”.

The webhook has no address for people in it; it is made of the API's own and the issue's key.
"""

from typing import Any
from urllib.parse import urlsplit

from rca.domain.event import Delivery, Event, IssueMove
from rca.domain.tracker import TrackerSays
from rca.formats.events.fields import Malformed, instant, needed, rows, text, tree

# Resolutions that mean “not done”, as Jira names them from the start; sites add their own.
_NOT_DONE = ("won't do", "won't fix", "wont do", "wont fix", "duplicate", "declined",
             "cannot reproduce", "cancelled", "canceled", "not a bug", "obsolete")  # fmt: skip


def read(delivery: Delivery) -> Event:
    """One delivery; its kind is in the body."""
    body = tree(delivery.body, "body")
    kind = text(body.get("webhookEvent"), "webhookEvent")
    if kind != "jira:issue_updated":
        return Event(kind or "(no webhookEvent)", unknown=not kind.startswith("jira:"),
                     ignored="It moved no issue." if kind.startswith("jira:") else "")  # fmt: skip
    changed = rows(tree(body.get("changelog"), "changelog").get("items"), "changelog.items")
    names = {text(item.get("field"), "changelog.items.field") for item in changed}
    if not names & {"status", "resolution"}:
        return Event(kind, ignored="Neither its status nor its resolution changed.")
    return Event(kind, issues=(_move(body),))


def _move(body: dict[str, Any]) -> IssueMove:
    issue = tree(body.get("issue"), "issue")
    fields = tree(issue.get("fields"), "issue.fields")
    status = tree(fields.get("status"), "issue.fields.status")
    category = tree(status.get("statusCategory"), "issue.fields.status.statusCategory")
    name = text(status.get("name"), "issue.fields.status.name", 60)
    resolved = tree(fields.get("resolution"), "issue.fields.resolution")
    resolution = text(resolved.get("name"), "issue.fields.resolution.name", 60)
    done = needed(category.get("key"), "issue.fields.status.statusCategory.key") == "done"
    says = TrackerSays.OPEN
    if done:
        dropped = {name.casefold(), resolution.casefold()} & set(_NOT_DONE)
        says = TrackerSays.DROPPED if dropped else TrackerSays.DONE
    note = f"moved to {name or 'a status without a name'}"
    if done and resolution and resolution.casefold() != name.casefold():
        note += f", resolution {resolution}"
    return IssueMove(_address(issue), says, _at(body, fields), note)


def _at(body: dict[str, Any], fields: dict[str, Any]) -> Any:
    stamp = body.get("timestamp")
    if isinstance(stamp, int | float) and not isinstance(stamp, bool):
        found = instant(stamp / 1000, "timestamp")
    else:
        found = instant(fields.get("updated"), "issue.fields.updated")
    if found is None:
        raise Malformed("timestamp is missing")
    return found


def _address(issue: dict[str, Any]) -> str:
    key = needed(issue.get("key"), "issue.key")
    api = needed(issue.get("self"), "issue.self", 2_000)
    try:
        parts = urlsplit(api)
    except ValueError as error:
        raise Malformed("issue.self is not an address") from error
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise Malformed("issue.self is not an address")
    # A Jira of one's own may live below a path: what stands before /rest belongs to it.
    below = parts.path.partition("/rest/")[0].rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{below}/browse/{key}"
