"""The one record that mining reads, and its readers for JSON Lines and data frames.

The schema is checked on the way in: a wrong value is refused with its line and field rather
than guessed at, and keys that mining does not know are left alone.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date as calendar_date
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    import pandas as pd

AI_STATES = ("influenced", "suspected", "none", "unknown")
SEVERITIES = ("SEV1", "SEV2", "SEV3", "SEV4", "SEV5")
UNDATED = "undated"

_DATE = re.compile(r"^\s*(\d{4})(?:-?(\d{2})(?:-?(\d{2}))?)?(?:[T ].*)?\s*$")
_SEVERITY = re.compile(r"^(?:sev(?:erity)?|s|p)?[\s_-]*([1-5])$", re.IGNORECASE)


class RecordError(ValueError):
    """A record that breaks the schema. Carries ``line``, ``field`` and ``reason``."""

    def __init__(self, field: str, reason: str, line: int | None = None) -> None:
        where = f"line {line}, " if line is not None else ""
        super().__init__(f"{where}field “{field}”: {reason}")
        self.field, self.reason, self.line = field, reason, line

    def at(self, line: int) -> "RecordError":
        """The same error, naming its line."""
        return RecordError(self.field, self.reason, line)


@dataclass(frozen=True, slots=True)
class IncidentRecord:
    """One postmortem as mining sees it: text, a few structured fields, no people.

    ``causes`` are taxonomy ids that an author confirmed; they always win over the scorer.
    ``ai_state`` is one of :data:`AI_STATES`, or ``None`` when the question was not asked.
    ``fields`` holds further answers of the form by name (trigger, detection_method, mitigation).
    ``restricted`` records are left out of mining by default; ``unconfirmed`` ones take part and
    are counted apart.
    """

    id: str
    text: str
    title: str = ""
    organisation: str = ""
    date: str | None = None
    services: tuple[str, ...] = ()
    severity: str | None = None
    causes: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict, hash=False)
    ai_state: str | None = None
    kind: str = "incident"
    restricted: bool = False
    unconfirmed: bool = False

    @property
    def quarter(self) -> str:
        """``'2026-Q3'``, or ``'undated'`` when no month is known."""
        if self.date is None or len(self.date) < 7:
            return UNDATED
        return f"{self.date[:4]}-Q{(int(self.date[5:7]) + 2) // 3}"


def normalise_date(value: object) -> str | None:
    """``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD`` of a date as people and exports write it.

    Compact forms and a time of day are accepted (``20201019T1``); what is no date is ``None``.
    """
    match = _DATE.match(str(value)) if value else None
    if match is None:
        return None
    parts = [part for part in match.groups() if part]
    numbers = [int(part) for part in parts] + [1, 1]
    try:
        calendar_date(*numbers[:3])
    except ValueError:
        return None
    return "-".join(parts)


def normalise_severity(value: object) -> str | None:
    """``SEV1`` to ``SEV5`` of ``'SEV-1'``, ``'sev 1'``, ``'S1'`` or ``1``; ``None`` if unclear."""
    match = _SEVERITY.match(str(value).strip()) if value is not None else None
    return f"SEV{match[1]}" if match else None


def _string(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise RecordError(name, f"must be text, not {type(value).__name__}")
    return str(value).replace("\x00", " ")


def _strings(row: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = row.get(name)
    if value is None or value == "":
        return ()
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list | tuple) or not all(isinstance(item, str) for item in items):
        raise RecordError(name, "must be a list of texts")
    return tuple(dict.fromkeys(item.strip() for item in items if item.strip()))


def _flag(row: Mapping[str, Any], name: str) -> bool:
    value = row.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise RecordError(name, "must be true or false")
    return value


def _field_text(name: str, value: object) -> str:
    if isinstance(value, list | tuple):
        return "; ".join(_field_text(name, item) for item in value if item is not None)
    if isinstance(value, Mapping):
        raise RecordError(f"fields.{name}", "must be text, a number or a list of them")
    return str(value)


def _fields(row: Mapping[str, Any]) -> dict[str, str]:
    value = row.get("fields")
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise RecordError("fields", "must be an object of names and texts")
    named = {str(key): _field_text(str(key), item) for key, item in value.items() if item}
    return dict(sorted(named.items()))


def _ai_state(row: Mapping[str, Any]) -> str | None:
    value = row.get("ai_state")
    if value is None or value == "":
        return None
    if value not in AI_STATES:
        raise RecordError("ai_state", f"must be one of {', '.join(AI_STATES)} or absent")
    return str(value)


def _identity(row: Mapping[str, Any]) -> tuple[str, str]:
    identifier = _string(row, "id").strip()
    if not identifier:
        raise RecordError("id", "is missing")
    if "text" not in row:
        raise RecordError("text", "is missing")
    return identifier, _string(row, "text")


def from_mapping(row: Mapping[str, Any]) -> IncidentRecord:
    """A checked record. ``organisation`` or ``company``, ``services`` or ``service`` are read.

    Raises :class:`RecordError`. A severity that is no SEV1 to SEV5 stays as the field
    ``severity_as_written`` and counts as unknown; a date that is none counts as undated.
    """
    identifier, text = _identity(row)
    fields = _fields(row)
    severity = normalise_severity(row.get("severity"))
    if severity is None and row.get("severity"):
        fields["severity_as_written"] = _string(row, "severity")
    return IncidentRecord(
        id=identifier,
        text=text,
        title=_string(row, "title").strip(),
        organisation=(_string(row, "organisation") or _string(row, "company")).strip(),
        date=normalise_date(row.get("date")),
        services=_strings(row, "services") or _strings(row, "service"),
        severity=severity,
        causes=_strings(row, "causes"),
        fields=fields,
        ai_state=_ai_state(row),
        kind=_string(row, "kind").strip() or "incident",
        restricted=_flag(row, "restricted"),
        unconfirmed=_flag(row, "unconfirmed"),
    )


def to_mapping(record: IncidentRecord) -> dict[str, Any]:
    """A JSON-ready mapping that :func:`from_mapping` reads back to an equal record."""
    return {
        "id": record.id,
        "text": record.text,
        "title": record.title,
        "organisation": record.organisation,
        "date": record.date,
        "services": list(record.services),
        "severity": record.severity,
        "causes": list(record.causes),
        "fields": dict(record.fields),
        "ai_state": record.ai_state,
        "kind": record.kind,
        "restricted": record.restricted,
        "unconfirmed": record.unconfirmed,
    }


def _parse_line(line: str, number: int) -> IncidentRecord:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise RecordError("(whole line)", f"is not JSON: {error.msg}", number) from error
    if not isinstance(row, dict):
        raise RecordError("(whole line)", "is not a JSON object", number)
    try:
        return from_mapping(row)
    except RecordError as error:
        raise error.at(number) from None


def _read_lines(lines: Iterable[str]) -> Iterator[IncidentRecord]:
    seen: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        record = _parse_line(line.lstrip("\ufeff"), number)
        if record.id in seen:
            reason = f"“{record.id}” already stands on line {seen[record.id]}"
            raise RecordError("id", reason, number)
        seen[record.id] = number
        yield record


def read_jsonl(source: str | PathLike[str] | TextIO) -> list[IncidentRecord]:
    """All records of a JSON Lines file or open text stream, in file order.

    Blank lines are skipped. Raises :class:`RecordError` with line and field at the first wrong
    record, and OSError or UnicodeDecodeError when the file cannot be read.
    """
    if isinstance(source, str | PathLike):
        with Path(source).open(encoding="utf-8") as stream:
            return list(_read_lines(stream))
    return list(_read_lines(source))


def to_frame(records: Sequence[IncidentRecord]) -> "pd.DataFrame":
    """One row per record, indexed by id, with the quarter; ``fields`` stay one column of dicts."""
    import pandas as pd

    rows = [{**to_mapping(record), "quarter": record.quarter} for record in records]
    columns = [*IncidentRecord.__slots__, "quarter"]
    return pd.DataFrame(rows, columns=columns).set_index("id", drop=True)


def from_frame(frame: "pd.DataFrame") -> list[IncidentRecord]:
    """Records of a frame with the columns of :func:`to_frame`; missing columns take defaults."""
    flat = frame if "id" in frame.columns else frame.reset_index()
    rows = flat.astype(object).where(flat.notna(), None).to_dict(orient="records")
    return [from_mapping({str(key): value for key, value in row.items()}) for row in rows]
