"""Ways to say "seen, and it stays": comments in the text and an organisation's allow-list."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from rca.blameless.finding import Finding

EVERY_RULE = "*"

_COMMENT = re.compile(
    r"<!--\s{0,20}blameless-(ignore|mute)\s{1,20}([\w*-]{1,60})\s{0,20}(?::([^>]{0,400}))?-->"
)

_GAP = re.compile(r"\n[ \t]{0,200}\n")


class AllowListError(ValueError):
    """An allow-list can't be read; says which entry."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """A phrase that an organisation has looked at and keeps, for one rule or for all."""

    rule: str
    phrase: str
    reason: str = ""

    def covers(self, finding: Finding) -> bool:
        """Whether the finding rests on this phrase."""
        if self.rule not in (EVERY_RULE, finding.rule, finding.category):
            return False
        phrase, excerpt = _plain(self.phrase), _plain(finding.excerpt)
        return bool(phrase) and (phrase in excerpt or excerpt in phrase)


@dataclass(frozen=True, slots=True)
class Comments:
    """Inline comments: rules muted in the whole text, and stretches with one ignored rule."""

    muted: frozenset[str] = frozenset()
    stretches: tuple[tuple[int, int, str], ...] = ()

    def covers(self, finding: Finding) -> bool:
        """Whether a comment speaks of this finding's rule here."""
        names = {EVERY_RULE, "all", finding.rule, finding.category}
        if names & self.muted:
            return True
        return any(
            start <= finding.start < end and rule in names for start, end, rule in self.stretches
        )


def read_comments(text: str) -> Comments:
    """``<!-- blameless-ignore RULE: reason -->`` for its paragraph or, alone on its line, the
    next one; ``<!-- blameless-mute RULE: reason -->`` for the whole text.
    """
    if "<!--" not in text:
        return Comments()
    muted, stretches = set(), []
    edges = [0, *(found.end() for found in _GAP.finditer(text)), len(text) + 1]
    for match in _COMMENT.finditer(text):
        if match.group(1) == "mute":
            muted.add(match.group(2))
        else:
            stretches.append((*_paragraph(text, edges, match), match.group(2)))
    return Comments(frozenset(muted), tuple(stretches))


def _paragraph(text: str, edges: list[int], match: re.Match[str]) -> tuple[int, int]:
    """Bounds of the paragraph of a comment; of the next one too when it stands alone."""
    place = bisect.bisect_right(edges, match.start())
    begin, end = edges[place - 1], edges[place]
    alone = end - begin < 600 and not _COMMENT.sub("", text[begin:end]).strip()
    return begin, edges[min(place + 1, len(edges) - 1)] if alone else end


def read_allow_list(data: bytes | str) -> tuple[Allowed, ...]:
    """Entries ``{rule, phrase, reason}`` of a YAML list. Raises AllowListError."""
    try:
        entries = yaml.safe_load(data) or []
    except yaml.YAMLError as error:
        raise AllowListError(f"not YAML: {error}") from error
    if isinstance(entries, Mapping):
        entries = entries.get("allow", [])
    if not isinstance(entries, list):
        raise AllowListError("wants a list of entries, or a mapping with the key allow")
    return tuple(_entry(item, number) for number, item in enumerate(entries, start=1))


def _entry(item: Any, number: int) -> Allowed:
    if isinstance(item, str):
        item = {"phrase": item}
    if not isinstance(item, Mapping) or not str(item.get("phrase", "")).strip():
        raise AllowListError(f"entry {number} has no phrase")
    rule = str(item.get("rule", EVERY_RULE))
    return Allowed(rule, str(item["phrase"]), str(item.get("reason", "")))


def allow_list(entries: Iterable[Mapping[str, str]]) -> tuple[Allowed, ...]:
    """Entries that are already values."""
    return tuple(_entry(item, number) for number, item in enumerate(entries, start=1))


def _plain(text: str) -> str:
    return " ".join(text.lower().split())
