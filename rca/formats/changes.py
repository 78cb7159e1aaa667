"""Changes as CSV or JSON Lines: many names for the same column, one record."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from rca.domain.change import ChangeRecord
from rca.domain.vocabulary import ChangeAI
from rca.formats import csv_table, jsonl
from rca.formats.rows import Refusal, Row, Sheet

_NAMES = {
    "id": "key", "sha": "key", "commit": "key", "change": "key", "number": "key",
    "repository": "repo", "project": "repo", "component": "service", "subject": "title",
    "date": "merged_at", "merged": "merged_at", "committed_at": "merged_at",
    "deployed": "deployed_at", "additions": "lines_added", "deletions": "lines_deleted",
    "changed_files": "files", "ai": "ai_state", "ai_flag": "ai_state", "ai_role": "ai_part",
    "ai_evidence_kind": "ai_evidence", "evidence": "ai_evidence",
}  # fmt: skip
_STATES = {
    "ai": ("evidenced", ""),
    "yes": ("evidenced", ""),
    "true": ("evidenced", ""),
    "ai_review_only": ("evidenced", "reviewer"),
    "ai_committer_only": ("unknown", "committer-only"),
    "no_evidence": ("unknown", ""),
    "none": ("attested_none", ""),
    "no": ("attested_none", ""),
    "": ("unknown", ""),
}
_OUTCOMES = (
    "reverted_30d",
    "reverted_7d",
    "reverted_ever",
    "regression_cited",
    "incident",
    "failed",
)
_YES, _NO = {"1", "true", "yes", "y"}, {"0", "false", "no", "n"}
_LISTS = ("kinds", "paths", "labels")
_LEFT_OUT = ("author_hash", "author", "author_name", "author_email")
"""Columns about people: never taken in, so that no statistic per person can be made of them."""


@dataclass(frozen=True, slots=True)
class ChangeSheet:
    """All changes of one file, what was refused, and which columns were left alone."""

    changes: tuple[ChangeRecord, ...]
    refusals: tuple[Refusal, ...]
    unknown_columns: tuple[str, ...]


def _outcome(value: Any) -> bool | None:
    text = str(value).strip().lower()
    if text in _YES:
        return True
    if text in _NO:
        return False
    if text in ("", "none", "null", "pending", "unknown"):
        return None
    raise ValueError(f"“{value}” is neither yes, no nor pending")


def _list(value: Any) -> list[str]:
    if isinstance(value, str):
        text = value.strip()
        return json.loads(text) if text.startswith("[") else [p for p in text.split(";") if p]
    return [str(item) for item in value or []]


def _named(values: Mapping[str, Any]) -> tuple[dict[str, Any], set[str]]:
    """Values under our names, and the columns that nobody reads here."""
    found: dict[str, Any] = {"outcomes": {}}
    unknown = set()
    for column, value in values.items():
        name = _NAMES.get(column.strip().lower(), column.strip().lower())
        if name in _OUTCOMES:
            found["outcomes"][name] = _outcome(value)
        elif name in ChangeRecord.model_fields:
            found[name] = _list(value) if name in _LISTS else value
        elif name not in _LEFT_OUT:
            unknown.add(column)
    return found, unknown


def _state(values: dict[str, Any]) -> None:
    raw = str(values.get("ai_state", "")).strip().lower()
    state, part = _STATES.get(raw, (raw, ""))
    if state not in ChangeAI.values():
        raise ValueError(f"“{raw}” is no AI state; use evidenced, attested_none or unknown")
    values["ai_state"] = state
    if part:
        values.setdefault("ai_part", part)


def _record(row: Row) -> tuple[ChangeRecord | Refusal, set[str]]:
    field = "outcomes"
    try:
        values, unknown = _named(row.values)
        field = "ai_state"
        _state(values)
        return ChangeRecord.model_validate(values), unknown
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        return Refusal(row.line, field, str(first["msg"]).removeprefix("Value error, ")), set()
    except ValueError as error:
        return Refusal(row.line, field, str(error)), set()


def read(text: str, *, name: str) -> ChangeSheet:
    """The changes of a file. Its name tells the format: ``.csv`` or JSON Lines.

    Raises Unreadable when the file as a whole can't be read.
    """
    sheet: Sheet = csv_table.read(text) if name.lower().endswith(".csv") else jsonl.read_lines(text)
    found = [_record(row) for row in sheet.rows]
    records = tuple(item for item, _ in found if isinstance(item, ChangeRecord))
    refusals = tuple(item for item, _ in found if isinstance(item, Refusal))
    unknown = set().union(*(names for _, names in found)) if found else set()
    return ChangeSheet(records, (*sheet.refusals, *refusals), tuple(sorted(unknown)))
