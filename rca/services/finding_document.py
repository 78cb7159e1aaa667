"""Findings and themes as JSON and as rows, for the command line and the API."""

from typing import Any

from rca.services.findings import FindingsPage, FindingView, QuestionView
from rca.services.pattern_values import RunView
from rca.services.themes import ThemesPage, ThemeView

COLUMNS = (
    "subject_kind", "subject_id", "subject", "question", "value", "answer", "here", "here_n",
    "there", "there_n", "not_known_here", "not_known_there", "odds_ratio", "low", "high", "p", "q",
    "verdict",
)  # fmt: skip


def run_document(run: RunView | None) -> dict[str, Any] | None:
    """What a reader needs to know of the run that figures rest on; None before the first."""
    if run is None:
        return None
    return {
        "id": run.id,
        "finished_at": run.finished_at.isoformat(),
        "records": run.records,
        "unconfirmed": run.unconfirmed,
        "restricted_left_out": run.restricted_left_out,
        "seed": run.seed,
        "digest": run.digest,
    }


def findings_document(page: FindingsPage) -> dict[str, Any]:
    """The comparisons of the page with what they rest on."""
    return {
        "run": run_document(page.run),
        "comparisons": page.comparisons,
        "supported": page.supported,
        "suggestive": page.suggestive,
        "findings": [finding_document(row) for row in page.rows],
        "questions": [_question(one) for one in page.questions],
    }


def finding_document(row: FindingView) -> dict[str, Any]:
    """One comparison. ``odds_ratio`` null beside a ``low`` is an unbounded one."""
    return {
        "subject": {"kind": row.kind, "id": row.key, "name": row.subject},
        "question": row.question,
        "value": row.value,
        "answer": row.answer,
        "here": row.here,
        "here_n": row.here_n,
        "there": row.there,
        "there_n": row.there_n,
        "not_known": {"here": row.not_known[0], "there": row.not_known[1]},
        "odds_ratio": row.odds_ratio,
        "interval95": [row.low, row.high],
        "p": row.p,
        "q": row.q,
        "verdict": row.verdict,
    }


def finding_cells(row: FindingView) -> dict[str, str]:
    """One comparison as cells under :data:`COLUMNS`; what is not known is an empty cell."""
    values = (
        row.kind, row.key, row.subject, row.question, row.value, row.answer, row.here, row.here_n,
        row.there, row.there_n, *row.not_known, row.odds_ratio, row.low, row.high, row.p, row.q,
        row.verdict,
    )  # fmt: skip
    told = ("" if value is None else str(value) for value in values)
    return dict(zip(COLUMNS, told, strict=True))


def _question(one: QuestionView) -> dict[str, Any]:
    return {
        "question": one.key,
        "name": one.name,
        "answered": one.answered,
        "unknown": one.unknown,
        "blank": one.blank,
        "comparisons": one.comparisons,
        "supported": one.supported,
        "suggestive": one.suggestive,
        "read_from_text": one.from_text,
    }


def themes_document(page: ThemesPage) -> dict[str, Any]:
    """The themes of the page, with what was hidden and why there may be none."""
    return {
        "run": run_document(page.run),
        "themes": [theme_document(theme) for theme in page.rows],
        "hidden": page.hidden,
        "in_no_theme": page.rest,
        "reason": page.reason,
    }


def theme_document(theme: ThemeView) -> dict[str, Any]:
    """One theme with its most typical open incidents and their sentences."""
    return {
        "name": theme.name,
        "cause": theme.cause_id,
        "size": theme.size,
        "organisations": theme.organisations,
        "stability": theme.stability,
        "exemplars": [{"id": i, "title": title} for i, title in theme.exemplars],
        "quotes": list(theme.quotes),
    }
