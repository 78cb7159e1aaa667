"""How near a change stands to an incident: a sum of stated points, each with its words.

The order only says where to look first. Time alone is never called a cause, and no weight looks
at who wrote a change or at whether AI had a part in it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

NEAR = ((timedelta(hours=1), 4), (timedelta(hours=6), 3), (timedelta(hours=24), 2))
LARGE, LARGER = 200, 1_000
_PATH = re.compile(r"(?<![\w/.-])(?:[\w.-]+/)+[\w.-]+|(?<![\w/.-])[\w-]{3,}\.[a-z]{2,5}\b")


@dataclass(frozen=True, slots=True)
class Weighed:
    """What is known of one landing, for ranking. ``hops`` is 0 for the incident's own service."""

    before: timedelta
    lines: int | None
    hops: int | None
    tier: int | None
    paths: Sequence[str]
    rolled_back: bool


@dataclass(frozen=True, slots=True)
class Reason:
    """One ground for the place in the order: its points and its words."""

    points: int
    words: str


@lru_cache(maxsize=2_000)
def _glob(pattern: str) -> re.Pattern[str]:
    """A path pattern as an expression: ``**`` crosses folders, ``*`` stays in one."""
    parts = re.split(r"(\*\*/?|\*|\?)", pattern.lstrip("/"))
    words = {"**/": r"(?:.*/)?", "**": r".*", "*": r"[^/]*", "?": r"[^/]"}
    return re.compile("".join(words.get(part, re.escape(part)) for part in parts) + r"\Z")


def matching(paths: Iterable[str], globs: Iterable[str]) -> list[str]:
    """The paths that some glob takes in."""
    tests = [_glob(glob) for glob in globs if glob]
    return [path for path in paths if any(test.match(path) for test in tests)]


def paths_in(text: str) -> frozenset[str]:
    """Words of a text that are paths or file names, as evidence quotes them."""
    return frozenset(match[0].strip("./").lower() for match in _PATH.finditer(text))


def named(paths: Iterable[str], mentioned: frozenset[str]) -> list[str]:
    """Paths that the text names, whole or by their last part."""
    return [
        path
        for path in paths
        if path.lower() in mentioned
        or path.lower().rpartition("/")[2] in mentioned
        or any(word and "/" in word and path.lower().endswith(f"/{word}") for word in mentioned)
    ]


def reasons(item: Weighed, *, globs: Sequence[str], mentioned: frozenset[str]) -> list[Reason]:
    """Every ground that applies, weightiest first."""
    found = [*_place(item), *_time(item), *_size(item)]
    overlap = named(item.paths, mentioned)
    if overlap:
        found.append(Reason(4, f"touches {_few(overlap)}, named in this postmortem"))
    elif globs and matching(item.paths, globs):
        found.append(Reason(1, "touches paths of the service"))
    if item.rolled_back:
        found.append(Reason(3, "rolled back or reverted later"))
    return sorted(found, key=lambda reason: -reason.points)


def _few(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - 2} more" if len(paths) > 2 else ""
    return ", ".join(paths[:2]) + more


def _place(item: Weighed) -> Iterable[Reason]:
    if item.hops == 0:
        yield Reason(3, "on a service of this incident")
    elif item.hops is not None:
        far = "a direct dependency" if item.hops == 1 else f"a dependency {item.hops} steps away"
        yield Reason(2 if item.hops == 1 else 1, f"on {far}")
    if item.tier == 0:
        yield Reason(1, "service of tier 0")


def _time(item: Weighed) -> Iterable[Reason]:
    for limit, points in NEAR:
        if timedelta(0) <= item.before <= limit:
            hours = int(limit.total_seconds() // 3_600)
            yield Reason(points, f"landed within {hours} h before impact")
            return


def _size(item: Weighed) -> Iterable[Reason]:
    if item.lines is not None and item.lines > LARGER:
        yield Reason(2, f"large: {item.lines:,} lines")
    elif item.lines is not None and item.lines > LARGE:
        yield Reason(1, f"{item.lines:,} lines")
