"""A small pattern language over tokens, and its matcher.

A pattern is words with spaces between them, read left to right:

=============  ====================================================================
``a|b``        one of these words
``@name``      a word of the list of that name (may stand among words: ``a|@name``)
``#name``      a word of that shape: adv, part (past participle), ing, det, num, end
``<a|b>``      a noun phrase of one of these classes (forward only)
``?x``         x or nothing
``!x``         not x here (takes no word)
``~N``         up to N words of the same clause; ``~~N`` may cross commas
``^x``         the anchor: the reviewer comes here when it sees one of these words
=============  ====================================================================

There is no repetition beside the bounded gap, so the work at one anchor is bounded, and a
text costs time in proportion to its length whatever it says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rca.blameless.tokens import Sentence

Words = frozenset[str]
Shape = Callable[[Sentence, int], bool]
PhraseReader = Callable[[Sentence, int, frozenset[str]], int]

_HARD = frozenset(".;:!?()[]—–|")
_SOFT = _HARD | {","}


class PatternError(ValueError):
    """A pattern of the lexicon can't be read; says which."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element: what it takes, and whether it may be absent or must be."""

    words: Words = frozenset()
    shape: str = ""
    classes: frozenset[str] = frozenset()
    optional: bool = False
    absent: bool = False
    gap: int = 0
    hard: bool = False


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern: the words it is entered at, and what stands left and right of them."""

    source: str
    anchors: Words
    left: tuple[Element, ...]
    right: tuple[Element, ...]


def compile_pattern(
    source: str, lists: Mapping[str, Words], shapes: Mapping[str, Shape]
) -> Pattern:
    """Read a pattern. Without ``^`` the first element is the anchor. Raises PatternError."""
    parts = source.split()
    marked = [index for index, part in enumerate(parts) if part.startswith("^")]
    if not parts or len(marked) > 1:
        raise PatternError(f"{source!r}: needs words and at most one anchor")
    at = marked[0] if marked else 0
    anchor = _element(parts[at].removeprefix("^"), lists, shapes, source)
    if not anchor.words or anchor.optional or anchor.absent:
        raise PatternError(f"{source!r}: the anchor must be words or a list")
    left = tuple(_element(part, lists, shapes, source) for part in reversed(parts[:at]))
    if any(element.classes for element in left):
        raise PatternError(f"{source!r}: a noun phrase can't be read left of the anchor")
    right = tuple(_element(part, lists, shapes, source) for part in parts[at + 1 :])
    return Pattern(source, anchor.words, left, right)


def compile_sequence(
    source: str, lists: Mapping[str, Words], shapes: Mapping[str, Shape]
) -> tuple[Element, ...]:
    """Read elements without an anchor, for what may not stand beside a match."""
    return tuple(_element(part, lists, shapes, source) for part in source.split())


def _element(
    part: str, lists: Mapping[str, Words], shapes: Mapping[str, Shape], source: str
) -> Element:
    if part.startswith("~"):
        return Element(gap=int(part.strip("~")), hard=part.startswith("~~"))
    optional, absent = part.startswith("?"), part.startswith("!")
    body = part[1:] if optional or absent else part
    if body.startswith("#"):
        if body[1:] not in shapes:
            raise PatternError(f"{source!r}: no shape {body}")
        return Element(shape=body[1:], optional=optional, absent=absent)
    if body.startswith("<") and body.endswith(">"):
        return Element(classes=frozenset(body[1:-1].split("|")), optional=optional, absent=absent)
    return Element(words=_words(body, lists, source), optional=optional, absent=absent)


def _words(body: str, lists: Mapping[str, Words], source: str) -> Words:
    found: set[str] = set()
    for item in body.split("|"):
        if item.startswith("@"):
            if item[1:] not in lists:
                raise PatternError(f"{source!r}: no list {item}")
            found |= lists[item[1:]]
        else:
            found.add(item.lower())
    return frozenset(found)


class Matcher:
    """Runs patterns over a sentence with the given shapes and noun-phrase reader."""

    def __init__(self, shapes: Mapping[str, Shape], phrase: PhraseReader) -> None:
        self.shapes = shapes
        self.phrase = phrase

    def at(self, pattern: Pattern, sentence: Sentence, index: int) -> tuple[int, int] | None:
        """Bounds in tokens of the match whose anchor stands at ``index``, or None."""
        end = self.run(pattern.right, 0, sentence, index + 1, 1)
        if end is None:
            return None
        start = self.run(pattern.left, 0, sentence, index - 1, -1)
        return None if start is None else (start + 1, end)

    def run(
        self, elements: Sequence[Element], k: int, sentence: Sentence, pos: int, step: int
    ) -> int | None:
        """Where a match of ``elements[k:]`` from ``pos`` ends, going by ``step``, or None."""
        while k < len(elements):
            element = elements[k]
            if element.gap:
                return self._gap(elements, k, sentence, pos, step)
            after = self._take(element, sentence, pos, step)
            if element.absent:
                if after is not None:
                    return None
            elif element.optional:
                if after is not None:
                    found = self.run(elements, k + 1, sentence, after, step)
                    if found is not None:
                        return found
            elif after is None:
                return None
            else:
                pos = after
            k += 1
        return pos

    def _gap(
        self, elements: Sequence[Element], k: int, sentence: Sentence, pos: int, step: int
    ) -> int | None:
        element, words = elements[k], sentence.words
        stops = _HARD if element.hard else _SOFT
        for _ in range(element.gap + 1):
            found = self.run(elements, k + 1, sentence, pos, step)
            if found is not None:
                return found
            if not 0 <= pos < len(words) or words[pos] in stops:
                return None
            pos += step
        return None

    @staticmethod
    def _ends(sentence: Sentence, pos: int) -> bool:
        return not 0 <= pos < len(sentence.words) or sentence.words[pos] in _SOFT

    def _take(self, element: Element, sentence: Sentence, pos: int, step: int) -> int | None:
        if element.classes:
            end = self.phrase(sentence, pos, element.classes)
            return end if end > pos else None
        if element.shape == "end":
            return pos if self._ends(sentence, pos) else None
        if element.shape:
            return pos + step if self.shapes[element.shape](sentence, pos) else None
        if 0 <= pos < len(sentence.words) and sentence.words[pos] in element.words:
            return pos + step
        return None
