"""D7: git notes. Authorship logs (``refs/notes/ai``) and Agent Trace records, read line by line.

Lines under no key are unknown, not human. A share of lines says where AI wrote, never whether the
change was risky.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rca.provenance.finding import Finding
from rca.provenance.tools import UNSPECIFIED, catalogue, model_of

_RANGE = re.compile(r"^\d+(?:-\d+)?$")
_FIXTURES = {"mock_ai", "test", "fake"}


@dataclass(frozen=True, slots=True)
class Attested:
    """Lines that a note gives to one contributor. ``kind`` is ai, human or unknown."""

    kind: str
    key: str
    lines: int
    tool: str = ""
    model_raw: str = ""
    session_ref: str = ""


def _count(ranges: str) -> int:
    total = 0
    for part in ranges.split(","):
        part = part.strip()
        if _RANGE.match(part):
            first, _, last = part.partition("-")
            total += max(int(last or first) - int(first) + 1, 0)
    return total


def _attestations(text: str) -> Iterator[tuple[str, int]]:
    """(key, lines) of the part above ``---``; file lines stand unindented."""
    for line in text.splitlines():
        if line[:1] in (" ", "\t"):
            key, _, ranges = line.strip().partition(" ")
            yield key, _count(ranges)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _agent(meta: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    session = key.partition("::")[0]
    entry = _mapping(meta.get("sessions")).get(session) or _mapping(meta.get("prompts")).get(
        session
    )
    return _mapping(_mapping(entry).get("agent_id"))


def authorship_log(text: str) -> list[Attested]:
    """What an authorship log attests, one item a key. Unreadable logs attest nothing."""
    head, split, tail = text.partition("\n---\n")
    if not split:
        return []
    try:
        meta = json.loads(tail)
    except ValueError:
        return []
    if not isinstance(meta, Mapping):
        return []
    totals: dict[str, int] = {}
    for key, lines in _attestations(head):
        totals[key] = totals.get(key, 0) + lines
    return [_attested(meta, key, lines) for key, lines in sorted(totals.items())]


def _attested(meta: Mapping[str, Any], key: str, lines: int) -> Attested:
    if key.startswith("h_"):
        return Attested("human", key, lines)
    agent = _agent(meta, key)
    return Attested(
        "ai", key, lines,
        tool=str(agent.get("tool") or ""),
        model_raw=str(agent.get("model") or ""),
        session_ref=str(agent.get("id") or key.partition("::")[0]),
    )  # fmt: skip


def agent_trace(text: str) -> list[Attested]:
    """What an Agent Trace record (0.1.0) attests: contributors of its conversations."""
    try:
        record = _mapping(json.loads(text))
    except ValueError:
        return []
    tool = str(_mapping(record.get("tool")).get("name") or "")
    return [
        _conversation(_mapping(talk), tool)
        for file in record.get("files") or []
        for talk in _mapping(file).get("conversations") or []
    ]


def _conversation(talk: Mapping[str, Any], tool: str) -> Attested:
    who = _mapping(talk.get("contributor"))
    kind = str(who.get("type") or "unknown")
    lines = sum(
        max(int(one.get("end_line", 0)) - int(one.get("start_line", 0)) + 1, 0)
        for one in talk.get("ranges") or []
        if isinstance(one, Mapping)
    )
    url = str(talk.get("url") or "")
    return Attested("ai" if kind in ("ai", "mixed") else kind, url, lines, tool,
                    str(who.get("model_id") or ""), url)  # fmt: skip


def _finding(one: Attested) -> Finding:
    tool = catalogue().of_words(one.tool)
    return Finding(
        detector="D7",
        says="ai",
        role="author",
        strength="strong",
        quote=f"{one.lines} lines, {one.key}",
        where="note",
        tool=tool.id if tool else one.tool or UNSPECIFIED,
        model=model_of(one.model_raw.replace("-", " ")) or model_of(one.model_raw),
        model_raw=one.model_raw,
        session_ref=one.session_ref,
    )


def findings(note: str) -> list[Finding]:
    """Findings of a note of either kind; fixtures of test suites are left out."""
    if not note.strip():
        return []
    attested = agent_trace(note) if note.lstrip().startswith("{") else authorship_log(note)
    return [
        _finding(one)
        for one in attested
        if one.kind == "ai" and one.lines and one.tool.lower() not in _FIXTURES
    ]
