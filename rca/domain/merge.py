"""Three-way merge of two edits of one postmortem: nothing that either person typed is dropped.

Works on plain data (``PostmortemContent.model_dump(mode="json")``). Rows are matched by id, or by
what identifies them. Where both sides changed one value differently there is a :class:`Clash`,
and until somebody chooses, the stored side stays.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any

_KEYS: dict[str, tuple[str, ...]] = {
    "times": ("milestone",),
    "ai_influences": ("surface",),
    "participants": ("role", "name"),
    "related": ("reference", "relation"),
    "changes": ("change_key",),
}
_JOINABLE = frozenset(
    {
        "summary",
        "what_happened",
        "response",
        "external_summary",
        "external_what_happened",
        "external_what_we_do",
        "imported_text",
        "impact_summary",
        "time_note",
        "text",
        "note",
        "evidence",
        "conditions_note",
        "counterfactual",
        "status_reason",
    }
)


class Choice(StrEnum):
    """How a person settles a clash."""

    MINE = "mine"
    THEIRS = "theirs"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Clash:
    """One value that both sides changed. A side that removed the row has None there."""

    path: str
    base: Any
    mine: Any
    theirs: Any

    @property
    def joinable(self) -> bool:
        """Whether both texts can stand one after the other."""
        words = isinstance(self.mine, str) and isinstance(self.theirs, str)
        return words and self.path.rpartition("/")[2] in _JOINABLE


@dataclass(frozen=True, slots=True)
class Merge:
    """The merged values, the clashes (settled or not), and which paths came from the other side."""

    values: dict[str, Any]
    clashes: tuple[Clash, ...]
    open: tuple[Clash, ...]
    taken: tuple[str, ...]


@dataclass
class _Work:
    choices: Mapping[str, str]
    clashes: list[Clash] = field(default_factory=list)
    open: list[Clash] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)

    def settle(self, clash: Clash, undecided: Any) -> Any:
        """The value of a clash: what was chosen, else ``undecided``."""
        self.clashes.append(clash)
        choice = self.choices.get(clash.path)
        if choice == Choice.BOTH and clash.joinable:
            return joined(clash.base or "", clash.mine, clash.theirs)
        if choice == Choice.MINE:
            return clash.mine
        if choice == Choice.THEIRS:
            return clash.theirs
        self.open.append(clash)
        return undecided


def merge(
    base: Mapping[str, Any],
    mine: Mapping[str, Any],
    theirs: Mapping[str, Any],
    *,
    fields: Sequence[str],
    choices: Mapping[str, str] | None = None,
) -> Merge:
    """Merge ``fields`` of two edits that both began at ``base``.

    ``choices`` maps a clash's path to a :class:`Choice`; unsettled clashes keep ``theirs``.
    """
    work = _Work(choices or {})
    values = {
        name: _value(work, name, name, base.get(name), mine.get(name), theirs.get(name))
        for name in fields
    }
    return Merge(values, tuple(work.clashes), tuple(work.open), tuple(work.taken))


_WORD = re.compile(r"\S+\s*|\s+")
_KEPT = 0.25
_SHARED = 0.7


def joined(base: str, mine: str, theirs: str) -> str:
    """Both texts as one: what both sides kept stands once, what each added stands beside it.

    Texts that were mostly rewritten stand one after the other instead.
    """
    sides = [_WORD.findall(text) for text in (base, mine, theirs)]
    kept = _kept_words(*sides)
    if len(kept) < _KEPT * len(sides[0]) or not sides[0]:
        return _union(theirs, mine) or f"{theirs}\n\n{mine}"
    return "".join(_stretches(sides, kept))


def _kept_words(base: list[str], mine: list[str], theirs: list[str]) -> list[tuple[int, int, int]]:
    """Places of the words of ``base`` that both sides kept: in base, in mine, in theirs."""
    in_mine, in_theirs = _places(base, mine), _places(base, theirs)
    return [(i, in_mine[i], in_theirs[i]) for i in sorted(in_mine.keys() & in_theirs.keys())]


def _places(base: list[str], other: list[str]) -> dict[int, int]:
    # The last word of a text has no space after it; it is the same word all the same.
    one, two = [word.strip() for word in base], [word.strip() for word in other]
    blocks = SequenceMatcher(None, one, two, autojunk=False).get_matching_blocks()
    return {block.a + k: block.b + k for block in blocks for k in range(block.size)}


def _stretches(sides: list[list[str]], kept: list[tuple[int, int, int]]) -> Iterator[str]:
    before = (-1, -1, -1)
    end = (len(sides[0]), len(sides[1]), len(sides[2]))
    for place in (*kept, end):
        base, mine, theirs = (
            "".join(side[start + 1 : stop])
            for side, start, stop in zip(sides, before, place, strict=True)
        )
        yield _stretch(base, mine, theirs)
        if place[0] < len(sides[0]):
            words = [side[at] for side, at in zip(sides, place, strict=True)]
            yield words[0].rstrip() + _space(*(word[len(word.rstrip()) :] for word in words))
        before = place


def _space(base: str, mine: str, theirs: str) -> str:
    """What stands after a kept word: the side that changed it wins; two words never touch."""
    changed = theirs if mine == base else mine if theirs == base else ""
    return changed or max(mine, theirs, key=len)


def _stretch(base: str, mine: str, theirs: str) -> str:
    if mine == base or mine.strip() == theirs.strip():
        return theirs
    if theirs == base:
        return mine
    return _union(theirs, mine) or _beside(theirs, mine)


def _beside(theirs: str, mine: str) -> str:
    space = "" if not theirs.strip() or theirs[-1].isspace() else " "
    return f"{theirs}{space}{mine}"


def _union(theirs: str, mine: str) -> str:
    """Both sides of a stretch with what they share once; empty when they share too little for
    that to read well.
    """
    one, two = _WORD.findall(theirs), _WORD.findall(mine)
    places = _places(one, two)
    if not places or len(places) < _SHARED * min(len(one), len(two)):
        return ""
    parts, here, there = [], 0, 0
    for place in sorted(places):
        added = "".join(two[there : places[place]])
        own = "".join(one[here:place])
        parts.append(_beside(own, added) if added else own)
        parts.append(max(one[place], two[places[place]], key=len))
        here, there = place + 1, places[place] + 1
    own, added = "".join(one[here:]), "".join(two[there:])
    return "".join(parts) + (_beside(own, added) if added else own)


def rebased(
    base: Mapping[str, Any], mine: Mapping[str, Any], saved: Mapping[str, Any]
) -> dict[str, Any]:
    """``base`` moved on to what this side saved since, where ``mine`` still holds all of it.

    An answer can be lost on the way: the page then goes on from the older text although its words
    are stored already, and without this they would look like two people's.
    """
    return {name: _moved_on(base.get(name), mine.get(name), saved.get(name)) for name in saved}


def _moved_on(base: Any, mine: Any, saved: Any) -> Any:
    if isinstance(saved, str) and isinstance(mine, str):
        return saved if _holds(mine, saved) else base
    rows = (base or [], mine, saved)
    if all(isinstance(side, list) and all(_is_row(row) for row in side) for side in rows):
        return _rows_moved_on(*rows)
    return base


def _is_row(row: Any) -> bool:
    return isinstance(row, dict) and "id" in row


def _rows_moved_on(base: list[Any], mine: list[Any], saved: list[Any]) -> list[Any]:
    before, ours = {row["id"]: row for row in base}, {row["id"]: row for row in mine}
    found = {row["id"]: row for row in base}
    for row in saved:
        own = ours.get(row["id"])
        if own is None:
            continue
        if row["id"] in before:
            old = before[row["id"]]
            found[row["id"]] = {k: _moved_on(old.get(k), own.get(k), row[k]) for k in row}
        elif all(_holds(own.get(k), v) for k, v in row.items() if isinstance(v, str)):
            found[row["id"]] = row
    return list(found.values())


def _holds(mine: Any, saved: str) -> bool:
    """Whether every word of ``saved`` stands in ``mine``, in the same order."""
    rest = iter(str(mine or "").split())
    return all(word in rest for word in saved.split())


def _value(work: _Work, name: str, path: str, base: Any, mine: Any, theirs: Any) -> Any:
    if mine == theirs or theirs == base:
        return mine
    if mine == base:
        work.taken.append(path)
        return theirs
    sides = (base or [], mine, theirs)
    if all(isinstance(side, list) for side in sides):
        if all(isinstance(item, str) for side in sides for item in side):
            return _names(*sides)
        if name in _KEYS or all("id" in row for side in sides for row in side):
            return _rows(work, name, path, sides)
    return work.settle(Clash(path, base, mine, theirs), theirs)


def _names(base: Sequence[str], mine: Sequence[str], theirs: Sequence[str]) -> list[str]:
    """A name stays unless one side took it away; both sides' additions are in."""
    gone = (set(base) - set(mine)) | (set(base) - set(theirs))
    return [name for name in dict.fromkeys([*mine, *theirs]) if name not in gone]


def _keyed(name: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Rows by what identifies them; a repeated key gets an ordinal, so that no row is lost."""
    found: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        plain = "+".join(str(row.get(part, "")) for part in _KEYS.get(name, ("id",)))
        key, ordinal = plain, 1
        while key in found:
            ordinal += 1
            key = f"{plain}~{ordinal}"
        found[key] = row
    return found


def _rows(
    work: _Work, name: str, path: str, sides: tuple[Sequence[Any], Sequence[Any], Sequence[Any]]
) -> list[Any]:
    base, mine, theirs = (_keyed(name, side) for side in sides)
    kept: dict[str, Any] = {}
    for key in _order(list(base), list(mine), list(theirs)):
        row = _row(work, f"{path}/{key}", base.get(key), mine.get(key), theirs.get(key))
        if row is not None:
            kept[key] = row
    return list(kept.values())


def _row(work: _Work, path: str, base: Any, mine: Any, theirs: Any) -> Any:
    if mine is not None and theirs is not None:
        return _fields(work, path, base or {}, mine, theirs)
    survivor = mine if mine is not None else theirs
    if base is None:
        if mine is None:
            work.taken.append(path)
        return survivor
    if survivor == base or survivor is None:
        return None
    # One side removed what the other rewrote: the words stay until somebody decides.
    return work.settle(Clash(path, base, mine, theirs), survivor)


def _fields(work: _Work, path: str, base: Any, mine: Any, theirs: Any) -> dict[str, Any]:
    merged = {
        name: _value(work, name, f"{path}/{name}", base.get(name), mine.get(name), theirs[name])
        for name in theirs
        if name != "id"
    }
    return {**({"id": theirs["id"]} if "id" in theirs else {}), **merged}


def _order(base: list[str], mine: list[str], theirs: list[str]) -> list[str]:
    """The order of the side that moved rows; the other side's new rows follow their neighbour."""
    common = set(mine) & set(theirs) & set(base)

    def moved(keys: list[str]) -> bool:
        return [k for k in keys if k in common] != [k for k in base if k in common]

    first, second = (mine, theirs) if moved(mine) or not moved(theirs) else (theirs, mine)
    ordered = list(first)
    for place, key in enumerate(second):
        if key not in ordered:
            before = second[place - 1] if place else None
            ordered.insert(ordered.index(before) + 1 if before in ordered else len(ordered), key)
    return ordered
