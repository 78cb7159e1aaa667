"""What the postmortem form sends, as data for ``PostmortemContent``; and back for the page.

A field that is not on the page keeps its stored value, and so does the part of a row that the page
does not show. Who proposed a row is never read from a browser; that a person confirmed it is.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel

from rca.domain import ai
from rca.domain.postmortem import (
    ActionItem,
    AIClaim,
    AIEvidence,
    AIInfluence,
    ChangeLink,
    ContributingFactor,
    ImpactMeasure,
    LearningNote,
    Participant,
    PostmortemContent,
    RelatedPostmortem,
    TimelineEntry,
    new_id,
)
from rca.domain.vocabulary import AIAnswer, AIState, Milestone, ValueSource
from rca.errors import Problem
from rca.web import forms
from rca.web.forms_times import as_typed, complete, complete_all, read_instant

NAME_LISTS = ("services", "teams", "functionalities", "environments", "regions")
ROW_LISTS = (
    "timeline",
    "impact_measures",
    "factors",
    "actions",
    "notes",
    "participants",
    "related",
    "changes",
    "ai_influences",
)
_ROW_MODELS: dict[str, type[BaseModel]] = {
    "timeline": TimelineEntry,
    "impact_measures": ImpactMeasure,
    "factors": ContributingFactor,
    "actions": ActionItem,
    "notes": LearningNote,
    "participants": Participant,
    "related": RelatedPostmortem,
    "changes": ChangeLink,
    "ai_influences": AIInfluence,
    "evidence": AIEvidence,
    "claims": AIClaim,
}
# A new row in which all of these are blank was never begun, and is not kept.
_BEGUN: dict[str, tuple[str, ...]] = {
    "timeline": ("at", "text", "actor_role", "evidence_url"),
    "impact_measures": ("kind", "value", "denominator", "note"),
    "factors": ("statement", "factor_class", "role", "layer", "confidence", "known_before",
                "backlog_url", "evidence", "timeline_ids"),
    "actions": ("title", "owner", "team", "due", "done_criterion", "tracker_url", "control",
                "strength", "priority", "status_reason"),
    "notes": ("text",),
    "participants": ("name",),
    "related": ("reference", "rationale"),
    "changes": ("change_key", "note"),
    "evidence": ("basis", "locator", "quote"),
    "claims": ("party", "statement", "source", "on"),
}  # fmt: skip
_AI_IDLE = ("id", "surface", "confirmed")
_NOT_FROM_BROWSERS = ("source", "source_detail", "state", "user_id")
_GROUPED = re.compile(r"\d{1,3}(?:[ ,\u00a0\u202f]\d{3})+(?:\.\d+)?")
_NUMBERS = (
    "responders_count",
    "teams_count",
    "tools_count",
    "person_hours",
    "value",
    "denominator",
)


def read_form(pairs: Iterable[tuple[str, str]], stored: PostmortemContent) -> dict[str, Any]:
    """The whole form as data for ``PostmortemContent``, over what is stored."""
    nested = forms.parse(pairs)
    kept = stored.model_dump(mode="json")
    return {**kept, **read_fields(nested, kept)}


def read_fields(
    nested: Mapping[str, Any], kept: Mapping[str, Any], *, blanks: bool = False
) -> dict[str, Any]:
    """The fields that the page sent, ready for validation. ``kept`` is what is stored.

    ``blanks`` keeps rows that were never begun, for showing the page again.
    """
    known = set(PostmortemContent.model_fields) - {"title_source", "organisation"}
    found = {name: value for name, value in nested.items() if name in known}
    for name in NAME_LISTS:
        if name in found or nested.get(f"add_{name}"):
            found[name] = _names(found.get(name, []), nested.get(f"add_{name}", ""))
    for name in _NUMBERS:
        if isinstance(found.get(name), str):
            found[name] = plain_number(found[name])
    for name in ROW_LISTS:
        if isinstance(found.get(name), list):
            found[name] = _rows(name, found[name], kept.get(name) or [], blanks=blanks)
    if isinstance(found.get("times"), dict):
        found["times"] = _times(found["times"], kept.get("times") or [])
    if "timeline" in found:
        _complete_times(found, kept)
    if _takes_title(nested, kept):
        found["title_source"] = ValueSource.TYPED.value
    return found


def _takes_title(nested: Mapping[str, Any], kept: Mapping[str, Any]) -> bool:
    """A person rewords or confirms a title that a machine proposed: from then on it is theirs."""
    if kept.get("title_source", "typed") == ValueSource.TYPED.value:
        return False
    reworded = "title" in nested and str(nested["title"]).split() != str(kept["title"]).split()
    return reworded or nested.get("title_confirmed") == "1"


def plain_number(text: str) -> str:
    """``6,318`` and ``6 318`` are how people write 6318."""
    stripped = text.strip()
    return re.sub(r"[ ,\u00a0\u202f]", "", stripped) if _GROUPED.fullmatch(stripped) else stripped


def _names(ticked: Any, added: Any) -> list[str]:
    words = ticked if isinstance(ticked, list) else [ticked]
    more = re.split(r"[,\n]", added) if isinstance(added, str) else []
    return [name.strip() for name in (*words, *more) if isinstance(name, str) and name.strip()]


def _rows(
    name: str, rows: Sequence[Any], kept: Sequence[Mapping[str, Any]], *, blanks: bool
) -> list[Any]:
    if not all(isinstance(row, dict) for row in rows):
        return []
    by_id = {row["id"]: row for row in kept if "id" in row}
    if name == "ai_influences":
        # The page orders them by surface; the stored order is the author's.
        order = {identifier: place for place, identifier in enumerate(by_id)}
        begun = [row for row in rows if blanks or _ai_begun(row)]
        begun = begun if blanks else sorted(begun, key=lambda r: order.get(r.get("id", ""), 10_000))
        return [_ai_row(row, by_id.get(row.get("id", ""), {}), blanks=blanks) for row in begun]
    begun = [row for row in rows if blanks or _has(row, _BEGUN[name])]
    return [_row(row, by_id.get(row.get("id", ""), {})) for row in begun]


def _has(row: Mapping[str, Any], names: Iterable[str]) -> bool:
    return any(
        bool(value.strip() if isinstance(value := row.get(n), str) else value) for n in names
    )


def _row(row: Mapping[str, Any], kept: Mapping[str, Any]) -> dict[str, Any]:
    sent = {key: value for key, value in row.items() if key not in _NOT_FROM_BROWSERS}
    for name in _NUMBERS:
        if isinstance(sent.get(name), str):
            sent[name] = plain_number(sent[name])
    for name in ("key", "confirmed"):
        if name in sent:
            sent[name] = sent[name] == "1"
    if "id" in sent and not sent["id"]:
        sent["id"] = new_id()
    return {**kept, **sent}


def _ai_begun(row: Mapping[str, Any]) -> bool:
    """An AI row is kept once it is answered, or holds words that an answer must not lose."""
    if _has(row, ("answer",)):
        return True
    words = {key: value for key, value in row.items() if key not in _AI_IDLE}
    for name in ("evidence", "claims"):
        rows = [row for row in words.get(name) or [] if isinstance(row, dict)]
        words[name] = [row for row in rows if _has(row, _BEGUN[name])]
    return _has(words, words)


def _ai_row(row: Mapping[str, Any], kept: Mapping[str, Any], *, blanks: bool) -> dict[str, Any]:
    sent = _row(row, kept)
    for name in ("evidence", "claims"):
        rows = sent.get(name)
        if isinstance(rows, list):
            rows = [r for r in rows if isinstance(r, dict)]
            begun = [row for row in rows if blanks or _has(row, _BEGUN[name])]
            sent[name] = [{k: v for k, v in row.items() if k != "id"} for row in begun]
    answer = sent.pop("answer", "")
    if answer in AIAnswer.values():
        state = ai.state_for(AIAnswer(answer), has_evidence=bool(sent.get("evidence")))
        sent["state"] = state.value
    elif "answer" in row:
        sent.pop("state", None)
    return sent


def _times(by_milestone: Mapping[str, Any], kept: Sequence[Mapping[str, Any]]) -> list[Any]:
    """One mark per milestone, always in the same order, so that a problem's place names it."""
    before = {row["milestone"]: row for row in kept}
    marks = []
    for milestone in Milestone.values():
        sent = by_milestone.get(milestone)
        mark = {"milestone": milestone, **before.get(milestone, {})}
        if isinstance(sent, dict):
            mark |= _row(sent, {})
            if not mark.get("precision"):
                mark["precision"] = "minute"
        marks.append(mark)
    day = _first_day(marks)
    for mark in marks:
        if isinstance(mark.get("value"), str):
            mark["value"] = complete(mark["value"], None, day)
    return marks


def _first_day(marks: Iterable[Mapping[str, Any]]) -> date | None:
    """The date of impact start, or of the first time that carries one."""
    found = {m["milestone"]: read_instant(str(m.get("value") or "")) for m in marks}
    order = [Milestone.IMPACT_STARTED.value, Milestone.DETECTED.value, *Milestone.values()]
    moments = (found.get(name) for name in order)
    return next((moment.date() for moment in moments if moment), None)


def _complete_times(found: dict[str, Any], kept: Mapping[str, Any]) -> None:
    day = _first_day(found.get("times") or kept.get("times") or [])
    rows = [row for row in found["timeline"] if isinstance(row.get("at"), str)]
    for row, full in zip(rows, complete_all((row["at"] for row in rows), day), strict=True):
        row["at"] = full


def field_name(problem: Problem) -> str:
    """The name of the input that a problem is about: ``timeline.3.at`` is ``timeline-3-at``."""
    parts = problem.path.split(".")
    if parts[0] == "times" and len(parts) > 1 and parts[1].isdigit():
        parts[1] = Milestone.values()[int(parts[1])]
    if parts[0] == "ai_influences" and parts[-1] == "state":
        parts[-1] = "answer"
    if parts[0] in NAME_LISTS:
        parts = parts[:1]
    return "-".join(parts)


def shown(data: Mapping[str, Any]) -> dict[str, Any]:
    """Stored or typed data as the page shows it: times short, AI states as the form's words."""
    page = {**data}
    for name in ROW_LISTS:
        page[name] = [{**blank_row(name), **row} for row in data[name]]
    for row in page["timeline"]:
        row["at"] = as_typed(row["at"])
    for row in page["actions"]:
        row["done_at"] = as_typed(row["done_at"])
    marks = {row["milestone"]: row for row in data["times"]}
    page["times"] = {
        name: {**_BLANK_MARK, **(mark := marks.get(name, {})), "value": as_typed(mark.get("value"))}
        for name in Milestone.values()
    }
    for row in page["ai_influences"]:
        _say_answer(row)
    return page


_BLANK_MARK = {"value": "", "precision": "", "source": "typed", "source_detail": "",
               "confirmed": True}  # fmt: skip


def blank_row(name: str) -> dict[str, Any]:
    """A row of that list with nothing in it, as the page's templates read it."""
    model = _ROW_MODELS[name]
    blank: dict[str, Any] = dict.fromkeys(model.model_fields, "")
    if name == "ai_influences":
        blank |= {"answer": "", "evidence": [], "claims": [], "conditions": []}
    if "confirmed" in model.model_fields:
        blank |= {"source": "typed", "confirmed": True}
    return blank


def _say_answer(row: dict[str, Any]) -> None:
    for name in ("evidence", "claims"):
        row[name] = [{**blank_row(name), **inner} for inner in row[name] or []]
    if not row["answer"] and row["state"] in AIState.values():
        row["answer"] = ai.answer_of(AIState(row["state"])).value


def plain(value: Any) -> str:
    """A value in an input: numbers without a needless ``.0``, None as nothing."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return as_typed(value) if isinstance(value, datetime) else str(value)
