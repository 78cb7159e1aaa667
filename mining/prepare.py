"""What every later step reads of a record: its sentences and their masked words."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from mining.records import IncidentRecord
from mining.text import Sentence, sentences
from mining.vocabulary import ChunkWords, vocabulary_lines

LEAD_SENTENCES = 6
BLOCK = 5_000
MAIN_ROLES = frozenset({"cause", "impact", "response", ""})
FIELD_NAMES = ("trigger", "detection_method", "detection_gap", "mitigation", "operation", "symptom")

# Words that stand in every postmortem; scikit-learn's English list comes on top.
COMMON = frozenset(
    [
        "incident",
        "incidents",
        "issue",
        "issues",
        "problem",
        "problems",
        "impact",
        "impacted",
        "affected",
        "customers",
        "customer",
        "users",
        "user",
        "service",
        "services",
        "team",
        "teams",
        "resolved",
        "investigation",
        "investigating",
        "began",
        "started",
        "caused",
        "cause",
        "causing",
        "root",
        "due",
        "post",
        "mortem",
        "postmortem",
        "summary",
        "timeline",
        "outage",
        "outages",
        "downtime",
        "minutes",
        "hours",
        "hour",
        "day",
        "days",
        "time",
        "approximately",
    ]
)

_ENDINGS = (
    ("sses", "ss"), ("ies", "y"), ("ying", "y"), ("ings", ""), ("edly", ""), ("ing", ""),
    ("ied", "y"), ("ed", ""), ("es", "e"), ("s", ""),
)  # fmt: skip
_DOUBLED = re.compile(r"(bb|dd|gg|mm|nn|pp|rr|tt)$")


_Parts = tuple[tuple[Sentence, ...], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Prepared:
    """One record ready to be compared.

    ``title`` are the masked words of the title, ``full`` those of title and every sentence, of
    which the first ``opening`` characters are the opening; none holds a secret, a person or an
    address. Sentences are kept in small corpora and split again on demand in large ones.
    """

    record: IncidentRecord
    title: str
    full: str
    opening: int
    parts: _Parts | None = None

    @property
    def id(self) -> str:
        """The record's id."""
        return self.record.id

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """The record's sentences."""
        return self.parts[0] if self.parts else sentences(self.record.text)

    @property
    def lines(self) -> tuple[str, ...]:
        """The masked words of each sentence."""
        return self.parts[1] if self.parts else _lined(self.record)[1][1:]

    @property
    def lead(self) -> str:
        """Title and opening: where people say what broke."""
        return self.full[: self.opening]

    @property
    def main(self) -> str:
        """Title and the sentences about what broke and why, without follow-up and timeline."""
        kept = [
            line
            for line, sentence in zip(self.lines, self.sentences, strict=True)
            if sentence.role in MAIN_ROLES
        ]
        return " ".join((self.title, *(kept or self.lines)))

    @property
    def answers(self) -> tuple[str, ...]:
        """Structured answers as ``name=value``: services, confirmed causes, fields of the form."""
        record = self.record
        found = [f"service={name.lower()}" for name in record.services]
        found += [f"cause={name}" for name in record.causes]
        for name in FIELD_NAMES:
            value = record.fields.get(name, "")
            if value and value != "unknown":
                found.append(f"{name}={value.lower()}")
        return tuple(found)


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """A light stem: plural, -ing and -ed endings go; short words stay. Idempotent enough to join
    ``nodes`` with ``node`` and ``shipped`` with ``shipping``.
    """
    if len(word) < 5:
        return word[:-1] if len(word) == 4 and word[-1] == "s" and word[-2] not in "su" else word
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word[: len(word) - len(ending)] + instead
            break
    if _DOUBLED.search(word):
        word = word[:-1]
    return word[:-1] if word.endswith("e") and len(word) > 4 else word


def _lined(record: IncidentRecord, words: ChunkWords | None = None) -> _Parts:
    """Sentences, and masked words of the title and of each of them."""
    found = sentences(record.text)
    lines = vocabulary_lines([record.title, *(part.text for part in found)], words)
    return found, tuple(lines)


def prepare(record: IncidentRecord, words: ChunkWords | None = None) -> Prepared:
    """Split and mask one record."""
    found, (title, *lines) = _lined(record, words)
    full = " ".join((title, *lines))
    opening = len(" ".join((title, *lines[:LEAD_SENTENCES])))
    return Prepared(record, title, full, opening, (found, tuple(lines)))


def _prepare_block(records: Sequence[IncidentRecord]) -> list[tuple[str, str, int]]:
    """Title, words and length of the opening of each record: little to send between processes."""
    words = ChunkWords()
    found = []
    for record in records:
        item = prepare(record, words)
        found.append((item.title, item.full, item.opening))
    return found


def prepare_all(records: Sequence[IncidentRecord], jobs: int | None = None) -> list[Prepared]:
    """Prepared records in the order of their ids, so that no result depends on input order.

    Blocks are joblib tasks; ``jobs`` None leaves their number to joblib's own configuration.
    """
    ordered = sorted(records, key=lambda record: record.id)
    if len(ordered) <= BLOCK:
        words = ChunkWords()
        return [prepare(record, words) for record in ordered]
    from joblib import Parallel, delayed

    blocks = [ordered[start : start + BLOCK] for start in range(0, len(ordered), BLOCK)]
    parts = Parallel(n_jobs=jobs)(delayed(_prepare_block)(block) for block in blocks)
    flat = (row for part in parts for row in part)
    return [Prepared(record, *row) for record, row in zip(ordered, flat, strict=True)]


def days_between(first: IncidentRecord, second: IncidentRecord) -> int | None:
    """Days from one incident to another, or ``None`` when a day is not known."""
    if len(first.date or "") != 10 or len(second.date or "") != 10:
        return None
    return abs((date.fromisoformat(first.date or "") - date.fromisoformat(second.date or "")).days)


def shared_answers(first: Prepared, second: Prepared) -> Mapping[str, str]:
    """Structured answers that both gave."""
    common = set(first.answers) & set(second.answers)
    return dict(sorted(tuple(answer.split("=", 1)) for answer in common))  # type: ignore[misc]
