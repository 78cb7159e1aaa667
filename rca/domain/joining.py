"""Two edits of one text as one text that says nothing twice.

What both sides kept of the text that they began with stands once, what either side took out is
out, and what each added stands where it was added. A word can therefore stand twice only when both
sides wrote it anew.
"""

from collections.abc import Sequence

from rca.domain.rebase import places, words_of

REWRITTEN = 0.5
COMMON = 0.25
_SHARED = 0.7


def joined(base: str, mine: str, theirs: str) -> str:
    """Both edits of ``base`` as one text.

    When both sides rewrote most of it (each kept less than :data:`REWRITTEN`, and less than
    :data:`COMMON` is left in both) their texts stand one after the other, each whole: woven into
    one another neither could be read.
    """
    begun, one, two = words_of(base), words_of(mine), words_of(theirs)
    in_mine, in_theirs = places(begun, one), places(begun, two)
    most = max(len(in_mine), len(in_theirs))
    both = len(in_mine.keys() & in_theirs.keys())
    if not begun or (most < REWRITTEN * len(begun) and both < COMMON * len(begun)):
        return _union(theirs, mine) or f"{theirs}\n\n{mine}"
    ends = any(side != side.rstrip() for side in (mine, theirs))
    text = _woven(begun, (one, in_mine), (two, in_theirs))
    return text if ends else text.rstrip()


_Side = tuple[Sequence[str], dict[int, int]]


def _woven(base: Sequence[str], mine: _Side, theirs: _Side) -> str:
    parts: list[str] = []
    ours, others = _additions(len(base), *mine), _additions(len(base), *theirs)
    for place in range(len(base) + 1):
        _put(parts, _together(others.get(place, ""), ours.get(place, "")))
        if place in mine[1] and place in theirs[1]:
            words = (base[place], mine[0][mine[1][place]], theirs[0][theirs[1][place]])
            _put(parts, words[0].rstrip() + _space(*(word[len(word.rstrip()) :] for word in words)))
    return "".join(parts)


def _additions(length: int, words: Sequence[str], kept: dict[int, int]) -> dict[int, str]:
    """What a side added, by the place in the base that it stands before."""
    found, at, here = {}, 0, 0
    for place, there in (*sorted(kept.items()), (length, len(words))):
        if there > here:
            found[at] = "".join(words[here:there])
        at, here = place + 1, there + 1
    return found


def _put(parts: list[str], text: str) -> None:
    if text and parts and not parts[-1][-1].isspace():
        parts.append(" ")
    if text:
        parts.append(text)


def _together(theirs: str, mine: str) -> str:
    if not mine.strip() or mine.strip() == theirs.strip():
        return theirs or mine
    return _union(theirs, mine) or _beside(theirs, mine)


def _space(base: str, mine: str, theirs: str) -> str:
    """What stands after a kept word: the side that changed it wins; two words never touch."""
    changed = theirs if mine == base else mine if theirs == base else ""
    return changed or max(mine, theirs, key=len)


def _beside(theirs: str, mine: str) -> str:
    space = "" if not theirs.strip() or theirs[-1].isspace() else " "
    return f"{theirs}{space}{mine}"


def _union(theirs: str, mine: str) -> str:
    """Both sides of an addition with what they share once; empty when they share too little for
    that to read well.
    """
    one, two = words_of(theirs), words_of(mine)
    shared = places(one, two)
    if not shared or len(shared) < _SHARED * min(len(one), len(two)):
        return ""
    parts, here, there = [], 0, 0
    for place, other in sorted(shared.items()):
        added = "".join(two[there:other])
        own = "".join(one[here:place])
        parts.append(_beside(own, added) if added else own)
        parts.append(max(one[place], two[other], key=len))
        here, there = place + 1, other + 1
    own, added = "".join(one[here:]), "".join(two[there:])
    return "".join(parts) + (_beside(own, added) if added else own)
