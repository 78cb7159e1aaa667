"""What the newest run compared, as pages and the command line read it."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

from sqlmodel import Session

from mining.answers import DIMENSIONS, FROM_TEXT
from mining.findings import VERDICTS
from mining.mitigation import kinds
from rca.domain import vocabulary as v
from rca.domain.ai import SUMMARY_LABELS
from rca.services.causes import cause_name
from rca.services.pattern_items import pattern_names
from rca.services.pattern_values import RunView
from rca.services.patterns import newest_result

_LABELS: Mapping[str, type[v.Vocabulary]] = {
    "trigger": v.Trigger,
    "detection_method": v.DetectionMethod,
    "detection_gap": v.DetectionGap,
    "severity": v.Severity,
    "factor_role": v.FactorRole,
}
_QUOTED = re.compile(r"(?:[:,]| ?Incidents) as in “")
QUESTIONS = tuple(DIMENSIONS)
VERDICT_NAMES = tuple(VERDICTS)
SCALE = (0.1, 1.0, 10.0, 100.0)
_LOW, _HIGH = 0.05, 200.0


@dataclass(frozen=True, slots=True)
class FindingView:
    """One comparison in words, with its place on the forest plot's log scale (0 to 1).

    ``kind`` is ``cause`` or ``pattern`` and ``key`` its id; ``question`` and ``value`` are the
    answer as stored, of which ``answer`` is the wording.
    """

    kind: str
    key: str
    question: str
    value: str
    subject: str
    short: str
    pattern_id: str
    answer: str
    here: int
    here_n: int
    there: int
    there_n: int
    not_known: tuple[int, int]
    unknown: int
    odds_ratio: float | None
    low: float | None
    high: float | None
    p: float
    q: float
    verdict: str
    verdict_words: str
    at: float | None
    from_: float
    to: float


@dataclass(frozen=True, slots=True)
class QuestionView:
    """How far a question of the form was answered, and what came of comparing it."""

    key: str
    name: str
    answered: int
    unknown: int
    blank: int
    comparisons: int
    supported: int
    suggestive: int
    from_text: bool


@dataclass(frozen=True, slots=True)
class FindingsPage:
    """The comparisons of a run: those that hold, and how many were made.

    ``question`` is the dimension that the rows are of, ``cause`` the name of the one that they are
    about; blank for all. ``supported`` and ``suggestive`` count over every comparison that was
    made; of one cause or pattern over those that the run kept. ``rows`` holds the surest.
    """

    run: RunView | None
    rows: tuple[FindingView, ...]
    comparisons: int
    supported: int
    suggestive: int
    ticks: tuple[tuple[float, str], ...]
    question: str
    cause: str
    questions: tuple[QuestionView, ...]

    @property
    def asked(self) -> QuestionView | None:
        """The question that the rows are of, when it is one."""
        return next((one for one in self.questions if one.key == self.question), None)


def list_findings(
    session: Session,
    *,
    pattern_id: str = "",
    cause: str = "",
    question: str = "",
    verdict: str = "",
    limit: int = 24,
) -> FindingsPage:
    """The surest comparisons of the newest run, of one pattern, cause, question or verdict when
    one is named; a question that is none reads as every one.
    """
    run, result = newest_result(session)
    question = question if question in DIMENSIONS else ""
    kept = result.get("findings", [])
    subject = ("pattern", pattern_id) if pattern_id else ("cause", cause)
    about = [row for row in kept if _wanted(row, subject, question)]
    rows = [row for row in about if not verdict or row["verdict"] == verdict]
    questions = tuple(_question(row, kept) for row in result.get("coverage", []))
    made = {one.key: one.comparisons for one in questions}
    names = pattern_names(session)
    found = tuple(_view(row, names) for row in rows[:limit])
    holding = Counter(row["verdict"] for row in about)
    if questions and not subject[1]:
        holding = _holding(one for one in questions if question in ("", one.key))
    return FindingsPage(
        run=run,
        rows=found,
        comparisons=made[question] if question in made else int(result.get("comparisons", 0)),
        supported=holding["supported"],
        suggestive=holding["suggestive"],
        ticks=tuple((_place(tick), f"{tick:g}") for tick in SCALE),
        question=question,
        cause=cause_name(cause) if cause else "",
        questions=questions,
    )


def _holding(questions: Iterable[QuestionView]) -> Counter[str]:
    """Comparisons that hold, of these questions together."""
    found: Counter[str] = Counter()
    for one in questions:
        found.update(supported=one.supported, suggestive=one.suggestive)
    return found


def _wanted(row: Mapping[str, Any], subject: tuple[str, str], question: str) -> bool:
    if question and row["dimension"] != question:
        return False
    return not subject[1] or (row["subject_kind"], row["subject"]) == subject


def _question(row: Mapping[str, Any], kept: Sequence[Mapping[str, Any]]) -> QuestionView:
    key = str(row["dimension"])
    # A run of an earlier version counted those that it kept alone.
    told = Counter(f["verdict"] for f in kept if f["dimension"] == key)
    return QuestionView(
        key=key,
        name=DIMENSIONS.get(key, key),
        answered=row["answered"],
        unknown=row["unknown"],
        blank=row["records"] - row["answered"] - row["unknown"],
        comparisons=row["comparisons"],
        supported=row.get("supported", told["supported"]),
        suggestive=row.get("suggestive", told["suggestive"]),
        from_text=key in FROM_TEXT,
    )


def _place(ratio: float) -> float:
    bounded = min(max(ratio, _LOW), _HIGH)
    return round((log(bounded) - log(_LOW)) / (log(_HIGH) - log(_LOW)), 4)


def answer_words(dimension: str, value: str) -> str:
    """``Trigger: config change``."""
    if dimension == "ai":
        return SUMMARY_LABELS.get(value, value)
    words = _LABELS[dimension].label_of(value) if dimension in _LABELS else value
    if dimension == "mitigation" and value in kinds():
        words = kinds()[value].name
    return f"{DIMENSIONS.get(dimension, dimension)}: {words}"


def _view(row: Mapping[str, Any], names: Mapping[str, str]) -> FindingView:
    subject, is_pattern = str(row["subject"]), row["subject_kind"] == "pattern"
    ratio, low, high = row["odds_ratio"], row["low"], row["high"]
    name = names.get(subject, subject) if is_pattern else cause_name(subject)
    return FindingView(
        kind=str(row["subject_kind"]),
        key=subject,
        question=str(row["dimension"]),
        value=str(row["value"]),
        subject=name,
        short=f"{subject} {_QUOTED.split(name)[0]}".strip() if is_pattern else name,
        pattern_id=subject if is_pattern else "",
        answer=answer_words(row["dimension"], row["value"]),
        here=row["here"],
        here_n=row["here_n"],
        there=row["there"],
        there_n=row["there_n"],
        not_known=(row["not_known"][0], row["not_known"][1]),
        unknown=sum(row.get("unknown", (0, 0))),
        odds_ratio=ratio,
        low=low,
        high=high,
        p=row["p"],
        q=row["q"],
        verdict=row["verdict"],
        verdict_words=VERDICTS[row["verdict"]],
        at=_place(ratio) if ratio else None,
        from_=_place(low if low else _LOW),
        to=_place(high if high else _HIGH),
    )
