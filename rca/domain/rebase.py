"""What a page was filled from, moved on to what its own account stored since.

An answer can be lost on the way, and a page can go on typing while its words are merged into what
somebody else saved: it then builds on an older text although its words are stored already. A merge
over that older text would take them for two people's and keep them twice.
"""

import re
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

_WORD = re.compile(r"\S+\s*|\s+")
Values = Mapping[str, Any]


def words_of(text: str) -> list[str]:
    """The words of a text, each with the space after it."""
    return _WORD.findall(text)


def places(one: Sequence[str], two: Sequence[str]) -> dict[int, int]:
    """Where words of ``one`` stand in ``two``, in the same order; spaces do not count."""
    # The last word of a text has no space after it; it is the same word all the same.
    first, second = [word.strip() for word in one], [word.strip() for word in two]
    blocks = SequenceMatcher(None, first, second, autojunk=False).get_matching_blocks()
    return {block.a + k: block.b + k for block in blocks for k in range(block.size)}


def rebased(base: Values, mine: Values, saves: Sequence[tuple[Values, Values]]) -> dict[str, Any]:
    """``base`` with what ``mine`` holds of this account's own ``saves`` since.

    Each save is what was stored before it and after it. Only what a save itself brought in moves
    the base on: a word of somebody else that ``mine`` happens to hold too stays an addition.
    """
    found = dict(base)
    for before, after in saves:
        for name in after:
            found[name] = _moved_on(
                found.get(name), mine.get(name), before.get(name), after.get(name)
            )
    return found


def _moved_on(base: Any, mine: Any, before: Any, after: Any) -> Any:
    if after == before or mine == base:
        return base
    if mine == after:
        return after
    if isinstance(mine, str) and isinstance(after, str):
        if _typed_on(after, mine):
            return after
        return _grown(str(base or ""), mine, str(before or ""), after)
    sides = (base or [], mine, before or [], after)
    if all(isinstance(side, list) and all(_is_row(row) for row in side) for side in sides):
        return _rows(*sides)
    return base


def _is_row(row: Any) -> bool:
    return isinstance(row, dict) and "id" in row


def _rows(base: list[Any], mine: list[Any], before: list[Any], after: list[Any]) -> list[Any]:
    ours, earlier = {row["id"]: row for row in mine}, {row["id"]: row for row in before}
    found = {row["id"]: row for row in base}
    for row in after:
        key = row["id"]
        own = ours.get(key)
        if own is None or (key not in found and key in earlier):
            continue
        old, was = found.get(key), earlier.get(key, {})
        found[key] = {
            name: value if old is None and not isinstance(value, str)
            else _moved_on((old or {}).get(name, ""), own.get(name), was.get(name, ""), value)
            for name, value in row.items()
        } | {"id": key}  # fmt: skip
    return list(found.values())


def _typed_on(saved: str, mine: str) -> bool:
    """Whether ``mine`` is ``saved`` with more typed at the end of one of its words."""
    saved = saved.rstrip()
    pairs = enumerate(zip(saved, mine, strict=False))
    head = next((at for at, (one, two) in pairs if one != two), min(len(saved), len(mine)))
    rest = saved[head:]
    return bool(saved) and mine[head:].endswith(rest) and not rest[:1].strip()


def _grown(base: str, mine: str, before: str, after: str) -> str:
    """``base`` and, between its words, those that ``mine`` added and the save brought in."""
    ours, stored = words_of(mine), words_of(after)
    known = places(words_of(base), ours)
    there = set(places(words_of(before), stored).values())
    own = {
        place
        for place, at in places(ours, stored).items()
        if at not in there and place not in set(known.values())
    }
    if not own:
        return base
    grown, here = [], 0
    for number, word in enumerate(words_of(base)):
        if number in known:
            grown += [ours[place] for place in range(here, known[number]) if place in own]
            here = known[number] + 1
        grown.append(word)
    grown += [ours[place] for place in range(here, len(ours)) if place in own]
    text = _spaced(grown)
    return next((side for side in (after, mine) if side.split() == text.split()), text)


def _spaced(words: Sequence[str]) -> str:
    return "".join(word if word[-1].isspace() else f"{word} " for word in words).rstrip()
