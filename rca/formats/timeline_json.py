"""Exports as JSON: Slack, PagerDuty log entries, Statuspage incidents, GitHub and GitLab issues."""

import html
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rca.formats import jsonl
from rca.formats.timeline_text import Message

Found = tuple[str, Sequence[Message], tuple[str, ...]]
_SLACK_LINK = re.compile(r"<([^<>|]+)(?:\|([^<>]*))?>")
_SKIPPED = frozenset(("channel_join", "channel_leave", "channel_topic", "channel_purpose"))


def messages(text: str) -> Found | None:
    """(source, messages, notes) of a known export; None when it is none that we know."""
    try:
        value = jsonl.load(text)
    except ValueError:
        return None
    for source, reads, is_it in _KINDS:
        items = is_it(value)
        if items is not None:
            found = [item for item in reads(items) if item.text]
            found.sort(key=lambda item: (item.instant is None, item.instant or _LAST))
            return source, [_numbered(n, item, source) for n, item in enumerate(found, 1)], ()
    return None


_LAST = datetime.max.replace(tzinfo=UTC)


def _numbered(number: int, item: Message, source: str) -> Message:
    item.line, item.source = number, source
    return item


def _instant(value: Any) -> datetime | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        return None
    try:
        if re.fullmatch(r"\d{9,13}(?:\.\d+)?", value.strip()):
            seconds = float(value)
            return datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC)
        found = datetime.fromisoformat(value.strip().replace(" UTC", "+00:00").replace(" ", "T", 1))
    except (ValueError, OverflowError, OSError):
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _words(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _name(value: Any) -> str:
    """A name out of ``"ana"`` or ``{"login": …}`` and its like."""
    if isinstance(value, Mapping):
        names = ("display_name", "real_name", "summary", "name", "login", "username")
        return next((found for name in names if (found := _words(value.get(name)))), "")
    return _words(value)


def _maps(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


# Slack -------------------------------------------------------------------------------------------


def _is_slack(value: Any) -> list[Mapping[str, Any]] | None:
    items = _maps(value.get("messages") if isinstance(value, Mapping) else value)
    return items if any("ts" in item and "text" in item for item in items) else None


def _slack(items: Sequence[Mapping[str, Any]]) -> Iterator[Message]:
    users = {str(item.get("user")): name for item in items
             if (name := _name(item.get("user_profile")))}  # fmt: skip
    for item in items:
        if item.get("subtype") in _SKIPPED:
            continue
        user = str(item.get("user") or "")
        author = users.get(user) or _name(item.get("username")) or _name(item.get("bot_profile"))
        author = author or user or ("bot" if item.get("bot_id") else "")
        text = _slack_text(_words(item.get("text")) or _attached(item), users)
        yield Message(0, text, author=author, instant=_instant(item.get("ts")),
                      edited="edited" in item)  # fmt: skip


def _attached(item: Mapping[str, Any]) -> str:
    parts = [
        _words(part.get("fallback")) or _words(part.get("text"))
        for part in _maps(item.get("attachments"))
    ]
    return "\n".join(part for part in parts if part)


def _slack_text(text: str, users: Mapping[str, str]) -> str:
    def written(match: re.Match[str]) -> str:
        target, label = match[1], match[2] or ""
        if target.startswith("@"):
            return "@" + (label or users.get(target[1:], "someone"))
        if target.startswith("#"):
            return "#" + (label or target[1:])
        if target.startswith("!"):
            return "@" + (label or target[1:].split("^")[0])
        return f"{label} ({target})" if label and label != target else target

    return html.unescape(_SLACK_LINK.sub(written, text)).strip()


# PagerDuty ---------------------------------------------------------------------------------------


def _is_pagerduty(value: Any) -> list[Mapping[str, Any]] | None:
    items = _maps(value.get("log_entries") if isinstance(value, Mapping) else value)
    return items if any("log_entry" in str(item.get("type", "")) for item in items) else None


def _pagerduty(items: Sequence[Mapping[str, Any]]) -> Iterator[Message]:
    for item in items:
        channel = item.get("channel")
        told = channel if isinstance(channel, Mapping) else {}
        note = _words(told.get("content")) or _words(told.get("note"))
        text = _words(item.get("summary"))
        if note and note not in text:
            text = f"{text}: {note}" if text else note
        agent = item.get("agent")
        kind = str(agent.get("type", "")) if isinstance(agent, Mapping) else ""
        author = "PagerDuty" if "user" not in kind else _name(agent)
        yield Message(0, text, author=author, instant=_instant(item.get("created_at")))


# Statuspage --------------------------------------------------------------------------------------


def _is_statuspage(value: Any) -> list[Mapping[str, Any]] | None:
    if isinstance(value, Mapping):
        inner = value.get("incident") or value.get("incidents") or value
        value = inner if isinstance(inner, list) else [inner]
    items = [item for item in _maps(value) if isinstance(item.get("incident_updates"), list)]
    return items or None


def _statuspage(items: Sequence[Mapping[str, Any]]) -> Iterator[Message]:
    for incident in items:
        for item in _maps(incident.get("incident_updates")):
            status = _words(item.get("status")).replace("_", " ").capitalize()
            body = _plain_html(_words(item.get("body")))
            text = f"Status page, {status}: {body}" if status else f"Status page: {body}"
            at = _instant(item.get("display_at")) or _instant(item.get("created_at"))
            yield Message(0, text if body else "", author="Statuspage", instant=at)


def _plain_html(text: str) -> str:
    return html.unescape(re.sub(r"<[^<>]{1,200}>", " ", text)).strip()


# GitHub and GitLab -------------------------------------------------------------------------------


def _is_issue(value: Any) -> list[Mapping[str, Any]] | None:
    items = [value] if isinstance(value, Mapping) else _maps(value)
    told = ("body", "description", "title", "event", "notes")
    found = [item for item in items if _when(item) and any(item.get(name) for name in told)]
    notes = [item for item in items if isinstance(item.get("notes"), list)]
    return found or notes or None


def _when(item: Mapping[str, Any]) -> datetime | None:
    for name in ("created_at", "createdAt", "submitted_at"):
        found = _instant(item.get(name))
        if found:
            return found
    return None


def _issue(items: Sequence[Mapping[str, Any]]) -> Iterator[Message]:
    for item in items:
        yield from _issue_item(item)
        for name in ("comments", "notes", "discussions", "timeline", "events"):
            yield from _issue(_maps(item.get(name)))


def _issue_item(item: Mapping[str, Any]) -> Iterator[Message]:
    at = _when(item)
    if at is None:
        return
    author = _name(item.get("user")) or _name(item.get("author")) or _name(item.get("actor"))
    body = _words(item.get("body")) or _words(item.get("description"))
    title, event = _words(item.get("title")), _words(item.get("event"))
    if title:
        body = f"{title}\n\n{body}".strip()
    elif event and not body:
        body = _event(item, event)
    changed = _instant(item.get("updated_at")) if not title else None
    edited = bool(changed and (changed - at).total_seconds() > 60 and item.get("body"))
    yield Message(0, body, author=author, instant=at, edited=edited)


def _event(item: Mapping[str, Any], event: str) -> str:
    label = _name(item.get("label"))
    return f"Issue {event.replace('_', ' ')}{f': {label}' if label else ''}."


_KINDS: tuple[
    tuple[
        str,
        Callable[[Sequence[Mapping[str, Any]]], Iterator[Message]],
        Callable[[Any], list[Mapping[str, Any]] | None],
    ],
    ...,
] = (
    ("slack", _slack, _is_slack),
    ("pagerduty", _pagerduty, _is_pagerduty),
    ("statuspage", _statuspage, _is_statuspage),
    ("issue", _issue, _is_issue),
)
