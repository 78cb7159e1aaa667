"""The words that set a pattern apart, as somebody wrote them: a phrase of most members, or a title.

Three shared words in a row read like a keyword list. A run of words that several members wrote in
the same order reads like a name, because a person made it; where there is none, the title that
carries most of what is shared speaks for the rest, in quotation marks.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from math import fsum

from mining.prepare import Prepared, stem
from mining.stopwords import no_names, stop_words
from mining.text import quote

LONGEST, SHORTEST = 5, 2
READ_LINES = 10
LONGEST_TITLE = 80
_LINKS = frozenset(
    ["of", "for", "to", "in", "on", "with", "from", "not", "without", "the", "no", "into"]
)
_LATE = frozenset(["not", "no", "without"])
_EDGE = re.compile(r"(?:ed|ly|ing)$")
_CAPITALS_BEFORE = re.compile(r"(?:\b[A-Z]\w+ )+$")
_CAPITALS_AFTER = re.compile(r"(?: [A-Z]\w+)+\b")
_FULL_STOP = re.compile(r"(?:^|[.!?:]\s+|[-–—|]\s)$")
_SEGMENT = re.compile(r"\s+[-–—|]\s+|:\s+|;\s+|\s*[()\[\]]\s*")
_WORD = re.compile(r"[^\W_]+")
_BREAK = re.compile(r"[\s\-/'’]+")
_BESIDE = frozenset("./@#_")
_MOST_AFTER = 5

Run = tuple[str, ...]
_NONE: Mapping[str, set[Run]] = {}


def phrase_of(
    members: Sequence[Prepared],
    shared: Sequence[tuple[str, float]],
    told: str = "",
    cues: frozenset[str] | None = None,
) -> str:
    """What to call the members beside their cause ``told``; blank when nothing reads well.

    ``shared`` are the stems that set them apart, with their weights. Only masked words come in.
    With ``cues``, the stems by which the cause is known, a phrase that holds none of them names a
    thing and not what went wrong with it: a title then speaks beside it.
    """
    weights = {name: weight for name, weight in shared if name not in own_words(members)}
    said = frozenset(stem(word) for word in told.lower().split())
    counted, titled = _counted(members, weights)
    least = max(2, (len(members) + 1) // 2)
    fitting = [
        run
        for run, n in counted.items()
        if n >= least and _reads(run, said) and _telling(run, weights, titled[run])
    ]
    ranked = sorted(fitting, key=lambda run: (-_worth(run, weights, counted, titled, members), run))
    texts = _read(members) if ranked else []
    for run in ranked[:8]:
        surface = _surface(run, texts, members)
        if surface:
            thing = cues is not None and not cues.intersection(run)
            return _with_title(surface, members, weights) if thing else surface
    return _title(members, weights)


def _with_title(surface: str, members: Sequence[Prepared], weights: Mapping[str, float]) -> str:
    """A phrase and the title that tells what happened; the title alone when it holds the phrase."""
    parts = (part for item in members for part in _parts(item) if surface.lower() in part.lower())
    for part in sorted(parts, key=lambda part: (-len(part), part)):
        if len(part.split()) > len(surface.split()) + 1 and _quotable(part):
            return _quoted(part)
    title = _title(members, weights)
    return f"{surface}, {title}" if title else surface


def own_words(members: Sequence[Prepared]) -> frozenset[str]:
    """Stems of the organisation's own name, which set none of its incidents apart."""
    return frozenset(stem(w) for w in members[0].record.organisation.lower().split())


def _counted(
    members: Sequence[Prepared], weights: Mapping[str, float]
) -> tuple[Counter[Run], Counter[Run]]:
    """In how many members each run of words that tells stands, and in how many titles."""
    titles = [set(_runs(item.title, weights, 1)) for item in members]
    titled = Counter(run for found in titles for run in found)
    known: dict[str, set[Run]] = defaultdict(set)
    for run, times in titled.items():
        if times > 1:
            known[run[0]].add(run)
    counted: Counter[Run] = Counter()
    for item, found in zip(members, titles, strict=True):
        for line in item.lines[:READ_LINES]:
            found.update(_runs(line, weights, 2, known))
        counted.update(found)
    return counted, titled


def _runs(
    line: str, weights: Mapping[str, float], least: int, known: Mapping[str, set[Run]] = _NONE
) -> Iterator[Run]:
    """Runs of two to five words, as stems, that begin and end with sense.

    They hold at least so many shared words, or stand among the ``known`` by their first.
    """
    words = line.split()
    stems = list(map(stem, words))
    shared = [at for at, name in enumerate(stems) if name in weights]
    stops = stop_words()
    for first in _beginnings(stems, shared, least, known):
        word = words[first]
        if (word in stops and word not in _LATE) or len(word) < 3:
            continue
        for last in range(first + 1, min(first + LONGEST, len(words))):
            word = words[last]
            if word not in stops and len(word) >= 2:
                run = tuple(stems[first : last + 1])
                told = sum(name in weights for name in run) >= least
                if (told or run in known.get(run[0], ())) and len(set(run)) == len(run):
                    yield run
            elif word in stops and word not in _LINKS:
                break


def _beginnings(
    stems: Sequence[str], shared: Sequence[int], least: int, known: Collection[str]
) -> list[int]:
    """Places from which enough shared words are near, or at which something known begins."""
    found = {at for at, name in enumerate(stems) if name in known} if known else set()
    for at, other in zip(shared, shared[least - 1 :], strict=False):
        found.update(range(max(0, other - LONGEST + 1), at + 1))
    return sorted(found)


def _reads(run: Run, said: frozenset[str]) -> bool:
    """Whether a run can stand as a name: it begins and ends with a thing, and is no echo."""
    unfit = no_names()
    content = [name for name in run if name not in _LINKS]
    if len(content) < 2 or run[0] in _LATE or sum(name in _LINKS for name in run) > 2:
        return False
    if any(name in unfit for name in content) or ("the" in run and _LATE.intersection(run)):
        return False
    return not all(name in said for name in content)


def _telling(run: Run, weights: Mapping[str, float], titles: int) -> bool:
    """Whether a run says something of these incidents: two shared words, or one told in titles."""
    return sum(name in weights for name in run) + (titles > 1) >= 2


def _worth(
    run: Run,
    weights: Mapping[str, float],
    counted: Mapping[Run, int],
    titled: Mapping[Run, int],
    members: Sequence[Prepared],
) -> float:
    content = [name for name in run if name not in _LINKS]
    weight = fsum(weights.get(name, 0.0) for name in content)
    strangers = sum(name not in weights for name in content)
    share = counted[run] / len(members)
    return (
        (weight - 0.25 * strangers)
        * share
        * (1 + titled[run] / len(members))
        * (1 + 0.1 * len(content))
    )


_Text = tuple[str, str, int]


def _read(members: Sequence[Prepared]) -> list[_Text]:
    """Titles and first sentences, as written and small, each with what a word in it counts."""
    found = []
    for item in members:
        texts = [(item.record.title, 3), *((s.text, 1) for s in item.sentences[:READ_LINES])]
        found += [(text, text.lower(), weight) for text, weight in texts]
    # A letter that is two when small: places would not agree.
    return [row for row in found if len(row[0]) == len(row[1])]


def _surface(run: Run, texts: Sequence[_Text], members: Sequence[Prepared]) -> str:
    """The run as it is written most often, without marks inside it; titles before sentences."""
    forms: dict[str, int] = defaultdict(int)
    begun = [name if len(name) < 5 else name[:-1] for name in run]
    first, last = begun[0], begun[-1]
    for text, small, weight in texts:
        if first in small and last in small:
            for start, end in _places(run, begun, small):
                forms[_as_inside(text, start, end, members)] += weight
    if not forms:
        return ""
    best = max(sorted(forms), key=lambda form: forms[form])
    return "" if _EDGE.search(best.lower()) or "[" in quote(best) else quote(best)


def _places(run: Run, begun: Sequence[str], small: str) -> Iterator[tuple[int, int]]:
    """Where the words of a run stand in a small text, nothing but blanks and hyphens between them.

    ``begun`` are their beginnings. By hand: a pattern for each run takes longer to compile than all
    texts take to read.
    """
    if not all(beginning in small for beginning in begun):
        return
    words = list(_WORD.finditer(small))
    lead, at, last = begun[0], 0, len(words) - len(begun)
    while at <= last:
        if not words[at][0].startswith(lead):
            at += 1
            continue
        inside = words[at : at + len(begun)]
        if not all(map(_continues, inside, begun)) or not _in_one_go(inside, small):
            at += 1
            continue
        if all(stem(word[0]) == name for word, name in zip(inside, run, strict=True)):
            yield inside[0].start(), inside[-1].end()
        at += len(begun)


def _continues(word: re.Match[str], beginning: str) -> bool:
    return word[0].startswith(beginning) and len(word[0]) <= len(beginning) + _MOST_AFTER


def _in_one_go(words: Sequence[re.Match[str]], small: str) -> bool:
    """Whether the words follow one another, and are no part of an address or a name of code."""
    start, end = words[0].start(), words[-1].end()
    if (start and small[start - 1] in _BESIDE) or small[end : end + 1] == "_":
        return False
    return all(_BREAK.fullmatch(small, a.end(), b.start()) for a, b in pairwise(words))


def _as_inside(text: str, start: int, end: int, members: Sequence[Prepared]) -> str:
    """A phrase as it stands inside a sentence, with the capitals beside it that belong to a name.

    A capital that only opens a sentence goes, unless the word is never written small.
    """
    phrase = text[start:end]
    before = _CAPITALS_BEFORE.search(text[:start]) if phrase[:1].isupper() else None
    after = _CAPITALS_AFTER.match(text[end:]) if phrase.rsplit(" ", 1)[-1][:1].isupper() else None
    if before and not _FULL_STOP.search(text[: before.start()]):
        phrase, start = before[0] + phrase, before.start()
    if after:
        phrase += after[0]
    first, _, rest = phrase.partition(" ")
    opens = bool(_FULL_STOP.search(text[:start])) and first[1:].islower()
    if opens and rest[:1].islower() and _written_small(first, members):
        first = first.lower()
    return f"{first} {rest}".strip()


def _written_small(word: str, members: Sequence[Prepared]) -> bool:
    """Whether a word is written small at least as often as with a capital inside sentences."""
    small = re.compile(rf"\b{re.escape(word.lower())}\b")
    capital = re.compile(rf"(?<=[a-z,] ){re.escape(word)}\b")
    texts = [item.record.text for item in members]
    times = _times(small, word.lower(), texts)
    return times > 0 and times >= _times(capital, word, texts)


def _times(pattern: re.Pattern[str], plain: str, texts: Sequence[str]) -> int:
    """How often a pattern stands in texts; only in those that hold what is plain in it."""
    return sum(len(pattern.findall(text)) for text in texts if plain in text)


def _title(members: Sequence[Prepared], weights: Mapping[str, float]) -> str:
    """The part of a member's title that carries most of what is shared, as a quotation.

    Without one that shares anything it is the longest part of the most central member's.
    """
    found: list[tuple[float, str]] = []
    for item in members:
        for part in _parts(item):
            words = part.split()
            stems = {stem(word.strip(".,!?\"'").lower()) for word in words}
            weight = fsum(weights.get(name, 0.0) for name in sorted(stems))
            if weight and len(words) > SHORTEST:
                found.append((-weight / (1 + max(0, len(words) - 8) / 4), part))
    ranked = [part for _, part in sorted(found)]
    for part in (*ranked, max(_parts(members[0]), key=len, default="")):
        if _quotable(part):
            return _quoted(part)
    return ""


def _quotable(part: str) -> bool:
    """Whether a part of a title has words enough, and nothing masked in it."""
    shown = quote(part, LONGEST_TITLE)
    return len(shown.split()) > SHORTEST and "[" not in shown


def _quoted(part: str) -> str:
    shown = quote(part, LONGEST_TITLE)
    return f"as in “{shown[:1].upper()}{shown[1:]}”"


def _parts(item: Prepared) -> list[str]:
    """A title cut at its colons and dashes."""
    return [part.strip(" .,;") for part in _SEGMENT.split(item.record.title)]
