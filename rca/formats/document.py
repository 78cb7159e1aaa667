"""A document without our marks: its head, what its headings say, and its whole text, verbatim."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from rca.domain.vocabulary import NoteKind, TimePrecision
from rca.formats import document_parts, timeline
from rca.formats.columns import target_of
from rca.formats.dates import read_date
from rca.formats.document_parts import Part, items, meaning, table_rows
from rca.formats.rows import Row, Sheet
from rca.formats.titles import shorten

_NOTES = {kind.value for kind in NoteKind}
_PAIRS = ("date", "severity", "services", "teams", "detected_at", "mitigated_at", "resolved_at",
          "impact_started_at", "organisation")  # fmt: skip
_SEVERITY = re.compile(r"(?:sev(?:erity)?|s)[\s_-]*([1-5])\b", re.IGNORECASE)
_TICK = re.compile(r"^\[([ xX])\]\s+")
_MOST_ROWS = 1_000


def read(text: str, *, head: Mapping[str, Any], name: str) -> Sheet:
    """One row: the head's values, what the headings say, and the whole text in ``imported_text``.

    Nothing is taken away from the text, so what was recognised can be checked against it.
    """
    text = text.strip("\n")
    found = document_parts.parts(text)
    values: dict[str, Any] = dict(head)
    known = {target_of(str(key)) for key in head}
    told, notes = _told(found)
    title = next((part.heading for part in found if part.level == 1), "")
    if not title and len(found) > 1 and found[1].level == 2 and not meaning(found[1].heading):
        title = found[1].heading
    told["title"] = title
    told.setdefault("date", _date_in(name))
    for target, value in told.items():
        if value and target not in known:
            values[target] = value
            known.add(target)
    if "date" not in known and (month := _month_in(text)):
        values["date"] = month
        known.add("date")
        notes.append(f"No date is told; {month} is the month of the first date in the text.")
    sections, left = _sections(found)
    for target, body in sections.items():
        if target not in known:
            values.update(_values(target, body, _day(values)))
    if left:
        listed = ", ".join(f"“{heading}”" for heading in left[:8])
        more = f" and {len(left) - 8} more" if len(left) > 8 else ""
        notes.append(f"Headings kept in the text only: {listed}{more}.")
    if text:
        values["imported_text"] = text
    return Sheet((Row(1, values),), notes=tuple(notes))


def _told(found: list[Part]) -> tuple[dict[str, str], list[str]]:
    """Key and value lines that can be read; others are noted and stay in the text."""
    told: dict[str, str] = {}
    notes: list[str] = []
    for key, value in document_parts.pairs(found):
        target = target_of(key)
        if target not in _PAIRS or target in told:
            continue
        readable = _readable(target, value)
        if readable:
            told[target] = readable
        else:
            notes.append(f"{key} “{value[:60]}” could not be read; it stays in the text.")
    return told, notes


def _readable(target: str, value: str) -> str:
    if target == "severity":
        match = _SEVERITY.search(value)
        return f"SEV{match[1]}" if match else ""
    if target in ("services", "teams", "organisation"):
        return value if len(value) <= 240 else ""
    try:
        read_date(value)
    except ValueError:
        match = re.search(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2})?", value)
        return match.group() if match and _is_date(match.group()) else ""
    return value


def _is_date(text: str) -> bool:
    try:
        return read_date(text).value is not None
    except ValueError:
        return False


def _date_in(name: str) -> str:
    """A date at the beginning of a file's name, the commonest way to file postmortems."""
    match = re.match(r"(\d{4}[-_.]?\d{2}[-_.]?\d{2})(?!\d)", re.split(r"[/\\]", name)[-1])
    text = re.sub(r"[_.]", "-", match[1]) if match else ""
    return text if _is_date(text) else ""


_WRITTEN = re.compile(
    r"(?<![\w/.-])(?:(?:19|20)\d{2}[-/](?:0\d|1[0-2])[-/][0-3]\d(?!\d)"
    r"|\d{1,2}(?:st|nd|rd|th)? [A-Z][a-z]{2,8}\.?,? (?:19|20)\d{2}"
    r"|[A-Z][a-z]{2,8}\.? \d{1,2}(?:st|nd|rd|th)?,? (?:19|20)\d{2})\b"
)


def _month_in(text: str) -> str:
    """The month of the first full date in a text: its day may be that of the report."""
    for match in _WRITTEN.finditer(text):
        if _is_date(match.group()):
            dated = read_date(match.group()).value
            return f"{dated:%Y-%m}" if dated else ""
    return ""


def _day(values: Mapping[str, Any]) -> date | None:
    for key, value in values.items():
        if target_of(str(key)) == "date" and isinstance(value, str) and _is_date(value):
            dated = read_date(value)
            fine = dated.precision not in (TimePrecision.YEAR, TimePrecision.MONTH)
            return dated.value.date() if dated.value and fine else None
    return None


def _sections(found: list[Part]) -> tuple[dict[str, str], list[str]]:
    """Meaning -> text, and the headings that mean nothing here."""
    bodies: dict[str, list[str]] = {}
    left: list[str] = []
    current, level = "", 99
    for part in found:
        own = meaning(part.heading)
        if own:
            current, level = own, part.level
            bodies.setdefault(own, []).append(part.text)
        elif current and part.level > level:
            bodies[current].append(part.whole)
        else:
            current, level = "", 99
            if part.level > 1:
                left.append(part.heading)
    joined = {name: "\n\n".join(text for text in texts if text) for name, texts in bodies.items()}
    return {name: text for name, text in joined.items() if text}, left


def _values(target: str, body: str, day: date | None) -> dict[str, Any]:
    if target in _NOTES:
        return {"notes": [{"kind": target, "text": item} for item in items(body)]}
    shape = _SHAPES.get(target)
    if shape is None:
        return {target: shorten(body, 2_000) if target == "trigger_note" else body}
    rows = shape(body, day)[:_MOST_ROWS]
    return {target: rows} if rows else {}


_ALL_TIMES = re.compile(
    r"^.{0,20}\btimes?\b.{0,30}\b(?:in|are)\b\s*:?\s*([A-Za-z]{1,4}\b|[A-Z]\w+/\w+).{0,20}$",
    re.M | re.I,
)
_AREAS = {
    "cet": "Europe/Paris", "cest": "Europe/Paris", "bst": "Europe/London", "et": "America/New_York",
    "est": "America/New_York", "edt": "America/New_York", "ct": "America/Chicago",
    "pt": "America/Los_Angeles", "pst": "America/Los_Angeles", "pdt": "America/Los_Angeles",
}  # fmt: skip


def _timeline(body: str, day: date | None) -> list[dict[str, Any]]:
    told = _ALL_TIMES.search(body[:2_000])
    zone = "UTC"
    if told:
        zone = _AREAS.get(told[1].lower(), told[1] if "/" in told[1] else "UTC")
        body = body.replace(told.group(), "", 1)
    try:
        rows = timeline.propose(body, day=day, zone=zone).rows
    except ValueError:
        rows = timeline.propose(body, day=day).rows
    return [
        {
            "at": row.at,
            "precision": row.precision.value,
            "text": row.text,
            "kind": row.kind.value,
            "actor_role": row.actor_role,
            "key": row.star,
        }
        for row in rows
    ]


def _factors(body: str, _day: date | None) -> list[dict[str, Any]]:
    return [
        {"statement": shorten(_flat(item), 240), "evidence": item if len(_flat(item)) > 240 else ""}
        for item in items(body)
    ][:200]


def _flat(item: str) -> str:
    return " ".join(re.sub(r"[*_`]{1,3}|!?\[([^\]]*)\]\([^)]*\)", r"\1", item).split())


def _actions(body: str, _day: date | None) -> list[dict[str, Any]]:
    rows = table_rows(body)
    found = [_table_action(row) for row in rows] if rows else [_list_action(i) for i in items(body)]
    return [action for action in found if action["title"]][:300]


def _list_action(item: str) -> dict[str, Any]:
    """An idea, unless it is ticked: an old list does not say that somebody still promises it."""
    tick = _TICK.match(item)
    words = _flat(_TICK.sub("", item))
    done = bool(tick and tick[1] in "xX")
    return {
        "title": shorten(words, 240),
        "kind": "commitment" if tick else "idea",
        "status": "done" if done else "open",
        "done_criterion": words[:2_000] if len(words) > 240 else "",
    }


_COLUMNS = {
    "title": ("action", "action item", "task", "title", "description", "item", "what", "todo"),
    "owner": ("owner", "assignee", "who", "responsible", "dri", "assigned to"),
    "due": ("due", "due date", "deadline", "by when", "target date", "eta"),
    "status": ("status", "state", "done"),
    "link": ("link", "ticket", "issue", "tracker", "jira", "bug", "tracking"),
}
_DONE = re.compile(r"\b(?:done|closed|complete[d]?|fixed|merged|shipped|yes|resolved)\b|✅|☑", re.I)


def _table_action(row: Mapping[str, str]) -> dict[str, Any]:
    cells = {
        name: next((row[n] for n in names if row.get(n)), "") for name, names in _COLUMNS.items()
    }
    link = re.search(r"https?://[^\s)>\]]+", cells["link"] or cells["title"])
    action: dict[str, Any] = {
        "title": shorten(_flat(cells["title"]), 240),
        "owner": shorten(_flat(cells["owner"]), 240),
        "kind": "commitment" if cells["owner"] or cells["due"] else "idea",
        "status": "done" if _DONE.search(cells["status"]) else "open",
    }
    if link:
        action["tracker_url"] = link.group()[:2_000]
    if _is_date(cells["due"]) and (due := read_date(cells["due"])).precision is TimePrecision.DAY:
        action["due"] = due.value.date() if due.value else None
    return action


_SHAPES: dict[str, Callable[[str, date | None], list[dict[str, Any]]]] = {
    "timeline": _timeline,
    "factors": _factors,
    "actions": _actions,
}
