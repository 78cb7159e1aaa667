"""Three-way merge of two edits of one postmortem: nothing that either person typed is dropped.

Works on plain data (``PostmortemContent.model_dump(mode="json")``). Rows are matched by id, or by
what identifies them. Where both sides changed one value differently there is a :class:`Clash`,
and until somebody chooses, the stored side stays.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from rca.domain.joining import joined

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
