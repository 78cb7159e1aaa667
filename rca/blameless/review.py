"""Review a text: find the sentences that blame, and say why, softly.

The work is kept off ordinary text. A paragraph is first looked at as a set of words: without
one word that some rule can start from, nothing else is done with it.
"""

from __future__ import annotations

import bisect
import hashlib
import operator
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rca.blameless.finding import LEVELS, Finding, ReviewResult
from rca.blameless.lexicon import Entry, Guard, Lexicon, Rule, load
from rca.blameless.masking import mask_blocks, mask_inline
from rca.blameless.needs import NAMED, spread
from rca.blameless.pattern import Matcher
from rca.blameless.sentences import blocks, sentences
from rca.blameless.subjects import Subject, SubjectFinder
from rca.blameless.suppression import Allowed, Comments, read_comments
from rca.blameless.tokens import Sentence, lowered

DOCUMENT_CAP = 200_000
"""Characters of one text that are read where a person waits; files have no cap."""

_CUT = re.compile(r"[a-z0-9]+")
_BREAK = re.compile(r"\n")
# Words of subordination that may stand inside a noun phrase: "warnings from weeks before".
_IN_PHRASES = frozenset({"which", "that", "before", "after", "since"})
# A block of one or two sentences is looked at whole before it is cut; a longer one nearly always
# holds a word that some rule can start from.
_SHORT_BLOCK = 250
_SHORT_TEXT = 600


_order = operator.attrgetter("order")


@dataclass(frozen=True, slots=True)
class _Match:
    rank: int
    place: int
    rule: Rule
    kind: str
    start: int
    end: int


class _Lines:
    """Line and column of places in a text, whose line ends are sought once somebody asks."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._breaks: list[int] | None = None

    def place(self, at: int) -> tuple[int, int]:
        """Both count from 1."""
        if self._breaks is None:
            self._breaks = [match.start() for match in _BREAK.finditer(self.text)]
        row = bisect.bisect_left(self._breaks, at)
        begin = self._breaks[row - 1] + 1 if row else 0
        return row + 1, at - begin + 1


@dataclass(frozen=True, slots=True)
class Options:
    """What a reader or an organisation asks of the reviewer.

    ``roster`` are names of people beside the usual given names, ``muted`` rules that stay
    silent, ``dismissed`` keys of findings that somebody looked at and waved away.
    """

    clarity: bool = False
    roster: frozenset[str] = frozenset()
    muted: frozenset[str] = frozenset()
    allowed: tuple[Allowed, ...] = ()
    dismissed: frozenset[str] = frozenset()


class Reviewer:
    """Finds blame in English text. The same text and options give the same findings."""

    def __init__(self, options: Options | None = None, *, lexicon: Lexicon | None = None) -> None:
        self.options = options or Options()
        self.lexicon = lexicon or load(clarity=self.options.clarity)
        names = frozenset(
            part.lower() for name in self.options.roster for part in name.split() if len(part) > 1
        )
        self._roster = names
        self._subjects = SubjectFinder(self.lexicon.nouns, names)
        self._subordinate = self.lexicon.nouns.lists["subord"] - _IN_PHRASES
        self._matcher = Matcher(self.lexicon.shapes, self._subjects.phrase)

    def review(self, text: str, *, cap: int | None = DOCUMENT_CAP) -> ReviewResult:
        """Findings of ``text``, in reading order, at most one for each sentence."""
        truncated = cap is not None and len(text) > cap
        read = text[:cap] if truncated else text
        if len(read) < _SHORT_TEXT and not self._promising(read, spread(lowered(read))):
            # A mask takes words away and never adds one: nothing can be found in here.
            return ReviewResult((), {}, {}, truncated)
        comments = read_comments(read)
        kept: list[Finding] = []
        suppressed: Counter[str] = Counter()
        for finding in self._findings(read):
            if self._suppresses(finding, comments):
                suppressed[finding.rule] += 1
            else:
                kept.append(finding)
        counts = Counter(finding.category for finding in kept)
        return ReviewResult(tuple(kept), dict(counts), dict(suppressed), truncated)

    # -- where to look --------------------------------------------------------------------

    def _findings(self, text: str) -> Iterator[Finding]:
        covered = mask_blocks(text)
        plain = spread(lowered(covered))
        lines = _Lines(text)
        for start, end in blocks(covered):
            block, spaced = covered[start:end], plain[start:end]
            if end - start < _SHORT_BLOCK and not self._promising(block, spaced):
                continue
            chosen = self._chosen(block, spaced)
            if not chosen:
                continue
            inside = mask_inline(block)
            if inside != block:
                # Masks move the ends of sentences: what was chosen before holds only without any.
                chosen = self._chosen(inside, spread(lowered(inside)))
            found = [
                finding
                for first, last, entries in chosen
                if (finding := self._sentence(lines, inside[first:last], start + first, entries))
            ]
            if found and self._english(spaced):
                yield from found

    def _chosen(self, block: str, plain: str) -> list[tuple[int, int, list[Entry]]]:
        """The sentences of a block that some pattern could match, with those patterns."""
        return [
            (first, last, entries)
            for first, last in sentences(block)
            if (entries := self._promising(block[first:last], plain[first:last]))
        ]

    def _promising(self, text: str, plain: str) -> list[Entry]:
        """The patterns that could match a text whose pieces are the words of ``plain``."""
        pieces = plain.split()
        if "@" in text or (self._roster and not self._roster.isdisjoint(pieces)):
            pieces.append(NAMED)
        return self.lexicon.entries.met(pieces)

    def _english(self, plain: str) -> bool:
        """Whether the rules may speak: other languages get silence, not guesses."""
        lists, pieces = self.lexicon.nouns.lists, set(plain.split())
        return len(pieces & lists["english"]) * 2 >= len(pieces & lists["foreign"])

    def _sentence(
        self, lines: _Lines, piece: str, offset: int, entries: Sequence[Entry]
    ) -> Finding | None:
        sentence = Sentence(piece)
        best = self._best(sentence, entries)
        if best is None:
            return None
        rule = best.rule
        start = offset + sentence.place(best.start)[0]
        end = offset + sentence.place(best.end - 1)[1]
        lead = len(piece) - len(piece.lstrip())
        first, last = offset + lead, offset + len(piece.rstrip())
        text = lines.text
        line, column = lines.place(start)
        return Finding(
            rule=rule.id,
            category=rule.category,
            level=rule.level_for(best.kind),
            start=start,
            end=end,
            message=rule.message,
            question=rule.question,
            rewrite=rule.rewrite,
            excerpt=text[start:end],
            sentence_start=first,
            sentence_end=last,
            key=sentence_key(rule.id, text[first:last]),
            line=line,
            column=column,
        )

    # -- what a sentence says -------------------------------------------------------------

    def _best(self, sentence: Sentence, entries: Sequence[Entry]) -> _Match | None:
        """The finding that leads: rules in the lexicon's order, then the earlier one."""
        best: _Match | None = None
        held = frozenset(sentence.words)
        for entry in sorted(entries, key=_order):
            if best is not None and entry.rank > best.rank:
                break
            if entry.pattern.anchors.isdisjoint(held):
                continue
            for place, word in enumerate(sentence.words):
                if word in entry.pattern.anchors and (best is None or place < best.place):
                    found = self._try(entry, sentence, place)
                    if found is not None:
                        best = found
                        break
        return best

    def _try(self, entry: Entry, sentence: Sentence, place: int) -> _Match | None:
        rule, pattern = entry.rule, entry.pattern
        if rule.id in self.options.muted:
            return None
        if rule.requires and rule.requires.isdisjoint(sentence.words):
            return None
        span = self._matcher.at(pattern, sentence, place)
        if span is None:
            return None
        subject = self._licensed(rule, sentence, span[0], place)
        if subject is None:
            return None
        start = min(subject.start, span[0]) if rule.with_subject else span[0]
        if any(self._guarded(guard, sentence, start, span, place) for guard in rule.guards):
            return None
        return _Match(entry.rank, place, rule, subject.kind, start, span[1])

    def _licensed(self, rule: Rule, s: Sentence, start: int, place: int) -> Subject | None:
        if rule.owners:
            owner = self._subjects.owner(s, start)
            return owner if owner.kind in rule.owners else None
        if rule.patients:
            return self._patient(rule, s, start)
        if not rule.subjects:
            return Subject("", start)
        subject = self._subjects.before(s, start)
        if subject.passive and not rule.copula and not self._progressive(s, place):
            # "Engineers were misled" tells what was done to them.
            return None
        return subject if subject.kind in rule.subjects else None

    @staticmethod
    def _progressive(s: Sentence, place: int) -> bool:
        return any(word.endswith("ing") for word in s.words[place : place + 2])

    def _patient(self, rule: Rule, s: Sentence, start: int) -> Subject | None:
        """The noun that a passive is about: its last word, or the one before ``of``/``from``."""
        k = start - 1
        while k >= 0 and start - k < 9:
            word = s.words[k]
            if word in rule.patients:
                return Subject("", max(0, k))
            if word in ".;:!?,()" or word in self._subordinate:
                return None
            k -= 1
        return None

    def _guarded(
        self, guard: Guard, s: Sentence, start: int, span: tuple[int, int], place: int
    ) -> bool:
        words, end = s.words, span[1]
        until = place if guard.through else start
        if guard.question and words and "?" in words[-3:]:
            return True
        if guard.before and not guard.before.isdisjoint(
            words[max(0, start - guard.within) : until]
        ):
            return True
        if guard.after and not guard.after.isdisjoint(words[end : end + guard.within]):
            return True
        if guard.anywhere and not guard.anywhere.isdisjoint(words):
            return True
        if guard.next and self._matcher.run(guard.next, 0, s, end, 1) is not None:
            return True
        return bool(guard.prev) and self._matcher.run(guard.prev, 0, s, span[0] - 1, -1) is not None

    # -- what was waved away --------------------------------------------------------------

    def _suppresses(self, finding: Finding, comments: Comments) -> bool:
        if finding.key in self.options.dismissed or comments.covers(finding):
            return True
        return any(allowed.covers(finding) for allowed in self.options.allowed)


def sentence_key(rule: str, sentence: str) -> str:
    """Rule and sentence as one key that survives moves, case and spacing, not new wording."""
    plain = " ".join(_CUT.findall(sentence.lower()))
    return hashlib.sha256(f"{rule}\n{plain}".encode()).hexdigest()[:24]


def at_least(findings: Iterable[Finding], level: str) -> list[Finding]:
    """Findings as firm as ``level`` or firmer."""
    floor = LEVELS.index(level)
    return [finding for finding in findings if LEVELS.index(finding.level) >= floor]
