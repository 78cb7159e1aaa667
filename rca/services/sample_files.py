"""Reads the files of the sample company.

Records are written short, so that a person can read and mend them. What is short becomes a full
row here, and each row gets an id that is the same at every load:

- a time is ``08:12`` on the record's ``day``, ``+1 02:10`` the day after, ``~08:12`` about then,
  a whole date, or ``unknown``;
- a timeline line is ``08:12 (detection, key, t1, by on-call engineer) What happened.``;
- a factor is ``f1 class role layer confidence [t1 t2] The condition.``;
- an impact measure is ``users_affected 1400/52000 estimated | note``;
- an item of AI evidence is ``commit_trailer strong 4f2a91c | quote``.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

import yaml

from rca.domain.postmortem import PostmortemContent
from rca.domain.vocabulary import Status, TimelineKind
from rca.paths import sample_data_dir

NAMESPACE = uuid5(NAMESPACE_DNS, "fernwick.example")
_CLOCK = r"~?(?:[+-]\d+ )?\d{2}:\d{2}(?::\d{2})?"
_DATE = r"~?\d{4}-\d{2}(?:-\d{2}(?: \d{2}:\d{2})?)?"
_LINE = re.compile(rf"^(unknown|{_DATE}|{_CLOCK})(?: \(([^)]*)\))? (.+)$", re.DOTALL)
_FACTOR = re.compile(r"^(?:(f\d+) )?(\S+) (\S+) (\S+) (\S+)(?: \[([^\]]*)\])? (.+)$", re.DOTALL)
_PRECISION = {16: "minute", 10: "day", 7: "month"}
_AI_WORDS = {"none": "attested_none"}
_SURFACES = {"response": "incident_response", "docs": "runbook_or_docs", "iac": "infra_as_code"}
_NAMES = {
    "class": "factor_class",
    "timeline": "timeline_ids",
    "for": "factor_ids",
    "criterion": "done_criterion",
    "done": "done_at",
    "reason": "status_reason",
    "family": "guardrail_family",
}


class SampleError(ValueError):
    """A sample file that cannot be read. Says the record and what is wrong in it."""


@dataclass(frozen=True, slots=True)
class SampleComment:
    """A remark of the review."""

    by: str
    at: datetime
    anchor: str
    text: str
    resolved: bool


@dataclass(frozen=True, slots=True)
class SamplePostmortem:
    """One record with its history. ``group`` is what the authors of the sample had in mind; it is
    never loaded. ``exception`` says why a published one does not meet today's requirements.
    """

    reference: str
    status: Status
    author: str
    reviewer: str
    created: datetime
    submitted: datetime
    approved: datetime
    published: datetime
    reason: str
    exception: str
    group: str
    content: PostmortemContent
    ledger: tuple[Mapping[str, Any], ...]
    comments: tuple[SampleComment, ...]


def stable_id(*parts: object) -> str:
    """32 hex digits that are the same for the same parts."""
    return uuid5(NAMESPACE, "/".join(str(part) for part in parts)).hex


def row_id_of(reference: str) -> str:
    """The id of a sample postmortem's row: the same in every instance."""
    return stable_id("postmortem", reference)


def read_when(text: str, day: date) -> tuple[str | None, str]:
    """The ISO time and the precision that a short time stands for."""
    text = text.strip()
    if text == "unknown":
        return None, "unknown"
    about, text = text.startswith("~"), text.lstrip("~")
    if re.match(r"\d{4}-", text):
        value = text if len(text) > 7 else f"{text}-01"
        return value, "approx" if about else _PRECISION[len(text)]
    shift, _, clock = text.rpartition(" ")
    at = datetime.combine(day + timedelta(days=int(shift or 0)), time.fromisoformat(clock), UTC)
    exact = "exact" if clock.count(":") == 2 else "minute"
    return at.isoformat(), "approx" if about else exact


@dataclass(frozen=True)
class _Record:
    """The record under way: its reference and day give its rows their ids and times."""

    reference: str
    day: date

    def id_of(self, kind: str, ref: object) -> str:
        return stable_id(self.reference, kind, ref)

    def full(self, kind: str, place: int, row: Mapping[str, Any]) -> dict[str, Any]:
        """Long names, an id, and links by id; a machine's proposal is unconfirmed unless said."""
        data = {_NAMES.get(name, name): value for name, value in row.items()}
        data["id"] = self.id_of(kind, data.pop("ref", place))
        if data.get("source", "typed") != "typed":
            data.setdefault("confirmed", "false")
        for name, target in (("timeline_ids", "timeline"), ("factor_ids", "factors")):
            if name in data:
                data[name] = [self.id_of(target, ref) for ref in data[name]]
        return data

    def times(self, marks: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        for milestone, given in marks.items():
            mark = dict(given) if isinstance(given, Mapping) else {"at": given}
            value, precision = read_when(mark.pop("at"), self.day)
            if mark.get("source", "typed") != "typed":
                mark.setdefault("confirmed", "false")
            yield {"milestone": f"{milestone}_at", "value": value, "precision": precision, **mark}

    def line(self, text: str) -> dict[str, Any]:
        found = _LINE.match(text)
        if found is None:
            raise SampleError(f"no timeline line: {text!r}")
        value, precision = read_when(found[1], self.day)
        row: dict[str, Any] = {"at": value, "precision": precision, "text": found[3]}
        for tag in filter(None, (part.strip() for part in (found[2] or "").split(","))):
            row |= _tag(tag)
        return row

    def ai(self, answers: Any) -> Iterator[dict[str, Any]]:
        rows = answers if isinstance(answers, list) else [{s: a} for s, a in answers.items()]
        for surface, given in (pair for row in rows for pair in row.items()):
            row = dict(given) if isinstance(given, Mapping) else {"state": given}
            row["state"] = _AI_WORDS.get(row["state"], row["state"])
            row["evidence"] = [_evidence(text) for text in row.get("evidence", ())]
            yield {"surface": _SURFACES.get(surface, surface), **row}


def _tag(tag: str) -> dict[str, Any]:
    if tag in TimelineKind.values():
        return {"kind": tag}
    if tag == "key":
        return {"key": "true"}
    if tag in ("imported", "suggested"):
        return {"source": tag}
    if re.fullmatch(r"t\d+", tag):
        return {"ref": tag}
    if tag.startswith("by "):
        return {"actor_role": tag[3:]}
    raise SampleError(f"no timeline tag: {tag!r}")


def _evidence(text: str) -> dict[str, str]:
    head, _, quote = text.partition(" | ")
    basis, strength, locator = head.split(" ", 2)
    return {"basis": basis, "strength": strength, "locator": locator, "quote": quote}


def _factor(text: str) -> dict[str, Any]:
    found = _FACTOR.match(text)
    if found is None:
        raise SampleError(f"no factor: {text!r}")
    names = ("factor_class", "role", "layer", "confidence")
    row: dict[str, Any] = {
        name: "" if part == "-" else part
        for name, part in zip(names, found.groups()[1:5], strict=True)
    }
    row |= {"timeline": (found[6] or "").split(), "statement": found[7]}
    return {**row, "ref": found[1]} if found[1] else row


def _measure(text: str) -> dict[str, Any]:
    head, _, note = text.partition(" | ")
    kind, number, estimate, *unit = head.split()
    value, _, whole = number.partition("/")
    row = {"kind": kind, "estimate": estimate, "unit": " ".join(unit), "note": note}
    return {**row, "value": "" if value == "unknown" else value, "denominator": whole}


def _related(text: str) -> dict[str, str]:
    head, _, rationale = text.partition(" | ")
    relation, reference = head.split()
    return {"relation": relation, "reference": reference, "rationale": rationale}


def _notes(notes: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for kind, texts in notes.items():
        for text in [texts] if isinstance(texts, str) else texts:
            yield {"kind": kind, **(text if isinstance(text, Mapping) else {"text": text})}


def change_key(service: str, sha: str) -> str:
    """The key of a change in the ledger: repository and short commit."""
    return f"fernwick/{service}@{sha}"


def _ledger(record: _Record, front: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    service = front["content"]["services"][0]
    for place, given in enumerate(front.get("ledger", ())):
        row = {"service": service, "relation": "contributed", **given}
        row.setdefault("sha", stable_id(record.reference, "change", place)[:7])
        row["key"] = change_key(row["service"], row["sha"])
        at, _ = read_when(row["at"], record.day)
        row["at"] = datetime.fromisoformat(str(at))
        yield row


def _link(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"change_key": row["key"], "relation": row["relation"], "note": row.get("note", "")}


def _rows(record: _Record, kind: str, rows: Sequence[Any], short: Any) -> list[dict[str, Any]]:
    full = (short(row) if isinstance(row, str) else row for row in rows)
    return [record.full(kind, place, row) for place, row in enumerate(full)]


def _content(record: _Record, data: Mapping[str, Any]) -> dict[str, Any]:
    content = dict(data)
    content["times"] = list(record.times(content.get("times", {})))
    content["timeline"] = _rows(record, "timeline", content.get("timeline", ()), record.line)
    content["factors"] = _rows(record, "factors", content.get("factors", ()), _factor)
    measures = content.pop("measures", ())
    content["impact_measures"] = _rows(record, "measures", measures, _measure)
    content["actions"] = _rows(record, "actions", content.get("actions", ()), dict)
    content["notes"] = _rows(record, "notes", list(_notes(content.get("notes", {}))), dict)
    answers = list(record.ai(content.pop("ai", {})))
    content["ai_influences"] = _rows(record, "ai", answers, dict)
    content["related"] = [_related(text) for text in content.get("related", ())]
    return content


def _comment(row: Mapping[str, Any]) -> SampleComment:
    at = _moment(row["on"], 10)
    resolved = row.get("resolved") == "true"
    return SampleComment(row["by"], at, row.get("anchor", ""), row["text"], resolved)


def _moment(value: str, hour: int) -> datetime:
    return datetime.combine(date.fromisoformat(value), time(hour), UTC)


def _history(front: Mapping[str, Any], day: date) -> dict[str, datetime]:
    """When it was written, submitted, approved and published; what is not said is in between."""
    written = front.get("created") or (day + timedelta(days=1)).isoformat()
    created = _moment(written, 9)
    end = _moment(front["published"], 14) if "published" in front else created + timedelta(days=9)
    created = min(created, end - timedelta(hours=5))
    approved = end - timedelta(hours=3)
    submitted = created + (approved - created) / 2
    return {
        "created": created, "submitted": submitted, "approved": approved, "published": end
    }  # fmt: skip


def parse(text: str) -> SamplePostmortem:
    """One record from the text of its file. Raises SampleError naming the record."""
    front: dict[str, Any] = yaml.load(text, Loader=yaml.CBaseLoader)  # noqa: S506 - texts only
    day = date.fromisoformat(front["day"])
    record = _Record(front["reference"], day)
    try:
        ledger = tuple(_ledger(record, front))
        data = _content(record, front["content"])
        data["changes"] = [_link(row) for row in ledger]
        content = PostmortemContent.model_validate(data)
    except ValueError as error:
        raise SampleError(f"{front['reference']}: {error}") from error
    return SamplePostmortem(
        reference=front["reference"],
        status=Status(front["status"]),
        author=front["author"],
        reviewer=front.get("reviewer", "sanna"),
        reason=front.get("reason", ""),
        exception=front.get("exception", ""),
        group=front.get("group", ""),
        content=content,
        ledger=ledger,
        comments=tuple(_comment(row) for row in front.get("comments", ())),
        **_history(front, day),
    )


def read_postmortems(folder: Path | None = None) -> tuple[SamplePostmortem, ...]:
    """Every record of the sample, by reference."""
    files = sorted((folder or sample_data_dir() / "postmortems").glob("*.yaml"))
    found = (parse(file.read_text(encoding="utf-8")) for file in files)
    return tuple(sorted(found, key=lambda item: item.reference))


@lru_cache(maxsize=1)
def read_company() -> Mapping[str, Any]:
    """The company's file: every scalar is text, as written."""
    text = (sample_data_dir() / "company.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.load(text, Loader=yaml.CBaseLoader)  # noqa: S506 - texts only
    return found
