"""What people decided about membership, kept by every later run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mining.prepare import Prepared


@dataclass(frozen=True, slots=True)
class Constraints:
    """What people decided, kept by every later run.

    ``together`` are sets of ids that belong to one pattern; ``apart`` names an id and the ids that
    it must never share a pattern with.
    """

    together: tuple[frozenset[str], ...] = ()
    apart: tuple[tuple[str, frozenset[str]], ...] = ()


Constrained = tuple[list[list[int]], list[frozenset[int]], list[bool]]
"""Groups, the members of each that stand there by decision, and whether people hold it together."""


def constrained(
    drafts: Sequence[Sequence[int]],
    constraints: Constraints,
    items: Sequence[Prepared],
    duplicates: Mapping[str, str],
) -> Constrained:
    """Groups as people corrected them.

    ``duplicates`` maps further reports of one incident to the one that stands for them, decisions
    about the former included. A group that people hold together is never hidden as unstable.
    """
    at = {item.id: position for position, item in enumerate(items) if item.id not in duplicates}
    at.update({late: at[kept] for late, kept in duplicates.items() if kept in at})
    groups = [set(members) for members in drafts]
    forced: list[set[int]] = [set() for _ in groups]
    held = [False for _ in groups]
    _part(groups, constraints, at)
    for ids in constraints.together:
        wanted = {at[i] for i in ids if i in at}
        if len(wanted) < 2:
            continue
        best = max(range(len(groups)), key=lambda g: len(groups[g] & wanted), default=None)
        if best is None or not groups[best] & wanted:
            groups.append(set())
            forced.append(set())
            held.append(False)
            best = len(groups) - 1
        forced[best] |= wanted - groups[best]
        groups[best] |= wanted
        held[best] = True
    _part(groups, constraints, at)
    _absorb(groups, held)
    found: dict[tuple[int, ...], tuple[frozenset[int], bool]] = {}
    for members, by_human, kept in zip(groups, forced, held, strict=True):
        key = tuple(sorted(members))
        if len(key) > 1:
            earlier = found.get(key, (frozenset(), False))
            found[key] = (earlier[0] | (by_human & members), earlier[1] or kept)
    return (
        [list(members) for members in found],
        [by_human for by_human, _ in found.values()],
        [kept for _, kept in found.values()],
    )


def _part(groups: list[set[int]], constraints: Constraints, at: Mapping[str, int]) -> None:
    """Take out of each group who must not be with others of it.

    Before sets are joined, so that both halves of a split may join their own, and once more after.
    """
    for identifier, others in constraints.apart:
        here = at.get(identifier)
        if here is None:
            continue
        strangers = {at[i] for i in others if i in at} - {here}
        for members in groups:
            if here in members and members & strangers:
                members.discard(here)


def _absorb(groups: list[set[int]], held: Sequence[bool]) -> None:
    """Empty each group that lies whole in one that people hold together.

    A pattern that was joined to another is that other one from then on, and no second one beside
    it. Groups that people hold themselves stay.
    """
    for place, members in enumerate(groups):
        if held[place]:
            continue
        whole = (kept and members < groups[other] for other, kept in enumerate(held))
        if any(whole):
            members.clear()
