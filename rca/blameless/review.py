"""Review a text: find the sentences that blame, and say why, softly.

The work is kept off ordinary text. A paragraph is first looked at as a set of words: without
one word that some rule can start from, nothing else is done with it.
"""

from __future__ import annotations

import bisect
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rca.blameless.finding import LEVELS, Finding, ReviewResult
from rca.blameless.lexicon import Guard, Lexicon, Rule, load
from rca.blameless.masking import mask_blocks, mask_inline
from rca.blameless.pattern import Matcher, Pattern
from rca.blameless.sentences import blocks, sentences
from rca.blameless.subjects import Subject, SubjectFinder
from rca.blameless.suppression import Allowed, Comments, read_comments
from rca.blameless.tokens import Sentence

DOCUMENT_CAP = 200_000
"""Characters of one text that are read where a person waits; files have no cap."""

_CUT = re.compile(r"[a-z0-9]+")
_CLOSED = re.compile(r"[.!?…:\"'”’)\]]\s*$")
_TO_SPACE = {code: " " for code in range(128) if not chr(code).isalnum()} | {
    ord(mark): " " for mark in "’‘“”–—…•\u00a0"
}


@dataclass(frozen=True, slots=True)
class _Match:
    rule: Rule
    kind: str
    start: int
    end: int


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
        self._subjects = SubjectFinder(self.lexicon.nouns, names)
        self._matcher = Matcher(self.lexicon.shapes, self._subjects.phrase)

    def review(self, text: str, *, cap: int | None = DOCUMENT_CAP) -> ReviewResult:
        """Findings of ``text``, in reading order, at most one for each sentence."""
        truncated = cap is not None and len(text) > cap
        read = text[:cap] if truncated else text
        comments = read_comments(read)
        kept: list[Finding] = []
        suppressed: Counter[str] = Counter()
        for finding in self._findings(read):
            if self._suppresses(finding, comments):
                suppressed[finding.rule] += 1
            else:
                kept.append(finding)
        found = _with_places(read, kept)
        counts = Counter(finding.category for finding in found)
        return ReviewResult(tuple(found), dict(counts), dict(suppressed), truncated)

    # -- where to look --------------------------------------------------------------------

    def _findings(self, text: str) -> Iterator[Finding]:
        covered = mask_blocks(text)
        triggers = self.lexicon.triggers
        for start, end in blocks(covered):
            block = covered[start:end]
            if triggers.isdisjoint(block.lower().translate(_TO_SPACE).split()):
                continue
            inside = mask_inline(block)
            if not is_english(inside):
                continue
            for first, last in sentences(inside):
                piece = inside[first:last]
                if triggers.isdisjoint(piece.lower().translate(_TO_SPACE).split()):
                    continue
                found = self._sentence(text, piece, start + first)
                if found is not None:
                    yield found

    def _sentence(self, text: str, piece: str, offset: int) -> Finding | None:
        sentence = Sentence(piece)
        best = self._best(sentence)
        if best is None:
            return None
        rule = best.rule
        start = offset + sentence.starts[best.start]
        end = offset + sentence.ends[best.end - 1]
        lead = len(piece) - len(piece.lstrip())
        first, last = offset + lead, offset + len(piece.rstrip())
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
        )

    # -- what a sentence says -------------------------------------------------------------

    def _best(self, sentence: Sentence) -> _Match | None:
        """The finding that leads: rules in the lexicon's order, then the earlier one."""
        best: _Match | None = None
        index, order = self.lexicon.index, self.lexicon.order
        for place, word in enumerate(sentence.words):
            for rule, pattern in index.get(word, ()):
                if best is not None and order[rule.id] >= order[best.rule.id]:
                    continue
                found = self._try(rule, pattern, sentence, place)
                if found is not None:
                    best = found
        return best

    def _try(self, rule: Rule, pattern: Pattern, sentence: Sentence, place: int) -> _Match | None:
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
        return _Match(rule, subject.kind, start, span[1])

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
            if word in ".;:!?,()" or word in self.lexicon.nouns.lists["subord"] - {"which", "that"}:
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


_ENGLISH = frozenset(
    [
        "the",
        "a",
        "an",
        "of",
        "to",
        "in",
        "and",
        "was",
        "is",
        "that",
        "it",
        "for",
        "on",
        "we",
        "i",
        "not",
        "with",
        "by",
        "this",
        "be",
        "have",
        "had",
        "were",
        "our",
        "they",
        "you",
        "should",
        "at",
        "are",
        "as",
        "from",
        "but",
        "or",
        "has",
        "so",
        "because",
        "who",
        "if",
        "he",
        "she",
        "could",
        "did",
        "do",
        "my",
        "your",
        "me",
        "all",
    ]
)
_FOREIGN = frozenset(
    [
        "der",
        "die",
        "das",
        "und",
        "ist",
        "nicht",
        "ein",
        "eine",
        "wurde",
        "haben",
        "le",
        "la",
        "les",
        "des",
        "est",
        "une",
        "dans",
        "pour",
        "pas",
        "que",
        "el",
        "los",
        "las",
        "una",
        "fue",
        "por",
        "con",
        "il",
        "di",
        "che",
        "per",
        "non",
        "sono",
        "het",
        "een",
        "niet",
        "van",
        "zijn",
        "och",
        "att",
        "det",
        "inte",
        "jest",
        "nie",
        "se",
        "os",
        "da",
        "em",
        "uma",
        "foi",
        "est",
        "ont",
    ]
)


def is_english(text: str) -> bool:
    """Whether the rules may speak: other languages get silence, not guesses."""
    words = text.lower().split()
    if len(words) < 6:
        return True
    english = sum(word in _ENGLISH for word in words)
    return english * 2 >= sum(word in _FOREIGN for word in words)


def _with_places(text: str, findings: Sequence[Finding]) -> list[Finding]:
    if not findings:
        return []
    breaks = [index for index, char in enumerate(text) if char == "\n"]
    return [_placed(finding, breaks) for finding in findings]


def _placed(finding: Finding, breaks: Sequence[int]) -> Finding:
    row = bisect.bisect_left(breaks, finding.start)
    begin = breaks[row - 1] + 1 if row else 0
    fields = {name: getattr(finding, name) for name in Finding.__slots__}
    return Finding(**{**fields, "line": row + 1, "column": finding.start - begin + 1})


def at_least(findings: Iterable[Finding], level: str) -> list[Finding]:
    """Findings as firm as ``level`` or firmer."""
    floor = LEVELS.index(level)
    return [finding for finding in findings if LEVELS.index(finding.level) >= floor]
