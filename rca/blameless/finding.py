"""What a review returns: findings, and the counts that stand above them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

LEVELS: tuple[str, ...] = ("suggestion", "consider", "strong")
"""From the mildest to the firmest. None of them blocks saving or publishing."""

CATEGORIES: tuple[str, ...] = (
    "person-blame",
    "counterfactual",
    "human-error",
    "normative",
    "hidden-agent",
    "ai-scapegoat",
)
"""The six ways a sentence can blame; `clarity` is a family of its own and not among them."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One hint on one sentence.

    `start` and `end` are code points into the text that was given, end exclusive, and
    `line` and `column` count from 1. `rewrite` is a wording for exactly that span, or None
    where only the author can know what to write. `key` names rule and sentence for
    dismissing it: it survives moves and changes of case and spacing, not changes of wording.
    """

    rule: str
    category: str
    level: str
    start: int
    end: int
    message: str
    question: str
    rewrite: str | None
    excerpt: str
    sentence_start: int
    sentence_end: int
    key: str
    line: int = 1
    column: int = 1

    def to_json(self) -> dict[str, object]:
        """Plain values, ready for `json.dumps`."""
        return {
            "rule": self.rule,
            "category": self.category,
            "level": self.level,
            "start": self.start,
            "end": self.end,
            "line": self.line,
            "column": self.column,
            "excerpt": self.excerpt,
            "message": self.message,
            "question": self.question,
            "rewrite": self.rewrite,
            "sentence_start": self.sentence_start,
            "sentence_end": self.sentence_end,
            "key": self.key,
        }


@dataclass(frozen=True, slots=True)
class ReviewResult:
    """Findings in reading order, at most one for each sentence, and their counts.

    `counts` holds findings by category; `suppressed` those that were dismissed, muted,
    allowed or commented away, by rule, so that a rule often waved away can be reviewed.
    `truncated` says that the text was longer than is read and its end was left unread.
    """

    findings: tuple[Finding, ...]
    counts: Mapping[str, int]
    suppressed: Mapping[str, int] = field(default_factory=dict)
    truncated: bool = False

    def to_json(self) -> dict[str, object]:
        """Plain values, ready for `json.dumps`."""
        return {
            "findings": [finding.to_json() for finding in self.findings],
            "counts": dict(self.counts),
            "suppressed": dict(self.suppressed),
            "truncated": self.truncated,
        }


def level_at_least(level: str, floor: str) -> bool:
    """Whether `level` is as firm as `floor` or firmer."""
    return LEVELS.index(level) >= LEVELS.index(floor)
