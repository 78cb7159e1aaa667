"""What every later step reads of a record: its sentences and their masked words."""

import re
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from mining.records import IncidentRecord
from mining.tasks import PARALLEL_FROM, blocks_of, spread, workers
from mining.text import Sentence, opening_and_rest, sentence_texts, sentences
from mining.vocabulary import ChunkWords, chunk_words, vocabulary_lines

LEAD_SENTENCES = 6
KEPT_UP_TO = 5_000
BLOCK = 20_000
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


@dataclass(frozen=True, slots=True, eq=False)
class WordRows:
    """The masked words of records that were prepared together, as numbers into ``words``.

    Row ``i`` is ``flat[ends[i]:ends[i + 1]]``; its first ``titles[i]`` words are the title's, its
    first ``openings[i]`` those of title and opening. ``words`` stand in the order in which they
    turned up.
    """

    words: Sequence[str]
    flat: "array[int]"
    ends: "array[int]"
    titles: "array[int]"
    openings: "array[int]"

    def text(self, row: int, count: int | None = None) -> str:
        """The words of a row, or the first ``count`` of them."""
        start, stop = self.ends[row], self.ends[row + 1]
        stop = stop if count is None else start + count
        return " ".join([self.words[number] for number in self.flat[start:stop]])


@dataclass(frozen=True, slots=True)
class Prepared:
    """One record ready to be compared.

    ``title`` are the masked words of the title, ``full`` those of title and every sentence, of
    which ``lead`` are the first; none holds a secret, a person or an address. Sentences are kept
    in small corpora and split again on demand in large ones.
    """

    record: IncidentRecord
    rows: WordRows
    row: int
    parts: _Parts | None = None

    @property
    def id(self) -> str:
        """The record's id."""
        return self.record.id

    @property
    def title(self) -> str:
        """The masked words of the title."""
        return self.rows.text(self.row, self.rows.titles[self.row])

    @property
    def full(self) -> str:
        """The masked words of title and text."""
        return self.rows.text(self.row)

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
        return self.rows.text(self.row, self.rows.openings[self.row])

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
        if not (record.services or record.causes or record.fields):
            return ()
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


class _Numbers(dict[str, int]):
    """Words numbered in the order in which they turn up."""

    def __missing__(self, word: str) -> int:
        found = self[word] = len(self)
        return found


class _Rows:
    """Rows of words under way."""

    def __init__(self) -> None:
        self.numbers = _Numbers()
        self.flat, self.ends = array("i"), array("q", [0])
        self.titles, self.openings = array("i"), array("i")

    def add(self, title: Sequence[str], opening: Sequence[str], rest: Sequence[str]) -> None:
        """One more row: the words of the title, of the opening, and all others."""
        for words in (title, opening, rest):
            self.flat.fromlist(list(map(self.numbers.__getitem__, words)))
        self.titles.append(len(title))
        self.openings.append(len(title) + len(opening))
        self.ends.append(len(self.flat))

    def add_lines(self, lines: Sequence[str]) -> None:
        """:meth:`add` of a line of words for the title and for each sentence."""
        opening = " ".join(lines[1 : 1 + LEAD_SENTENCES]).split()
        self.add(lines[0].split(), opening, " ".join(lines[1 + LEAD_SENTENCES :]).split())

    def done(self) -> WordRows:
        """What was added."""
        return WordRows(tuple(self.numbers), self.flat, self.ends, self.titles, self.openings)


def prepare(record: IncidentRecord, words: ChunkWords | None = None) -> Prepared:
    """Split and mask one record."""
    return prepare_some([record], words)[0]


def with_parts(item: Prepared, words: ChunkWords) -> Prepared:
    """The record with its sentences at hand."""
    if item.parts:
        return item
    found, (_, *lines) = _lined(item.record, words)
    return replace(item, parts=(found, tuple(lines)))


def prepare_some(records: Sequence[IncidentRecord], words: ChunkWords | None) -> list[Prepared]:
    """Records in the order given, with their sentences kept."""
    rows, parts = _Rows(), []
    for record in records:
        found, lines = _lined(record, words)
        rows.add_lines(lines)
        parts.append((found, lines[1:]))
    done = rows.done()
    return [Prepared(r, done, at, p) for at, (r, p) in enumerate(zip(records, parts, strict=True))]


def prepare_block(texts: Sequence[tuple[str, str]]) -> WordRows:
    """The words of records by title and text: little to send between processes."""
    words, rows = chunk_words(), _Rows()
    for title, text in texts:
        title = title.replace("\n", " ")
        parts, found = opening_and_rest(text, LEAD_SENTENCES), None
        if parts is None:
            found = sentence_texts(text)
            parts = " ".join(found[:LEAD_SENTENCES]), " ".join(found[LEAD_SENTENCES:])
        quick = words.of_lines((title, *parts), whole=False)
        if quick is None:
            found = sentence_texts(text) if found is None else found
            rows.add_lines(vocabulary_lines([title, *found], words))
        else:
            rows.add(*quick)
    return rows.done()


def prepare_all(records: Sequence[IncidentRecord], jobs: int | None = None) -> list[Prepared]:
    """Prepared records in the order of their ids, so that no result depends on input order.

    Blocks are joblib tasks. ``jobs`` None means joblib's own configuration where there is one, and
    otherwise every processor for corpora large enough to pay for further processes.
    """
    ordered = sorted(records, key=lambda record: record.id)
    if len(ordered) <= KEPT_UP_TO:
        return prepare_some(ordered, chunk_words())
    found: list[Prepared] = []
    at_once = workers(jobs, large=len(ordered) >= PARALLEL_FROM)
    blocks = blocks_of(len(ordered), BLOCK, at_once)
    texts = (([(r.title, r.text) for r in ordered[start:stop]],) for start, stop in blocks)
    parts = spread(prepare_block, texts, at_once)
    for (start, stop), rows in zip(blocks, parts, strict=True):
        found += [Prepared(r, rows, at) for at, r in enumerate(ordered[start:stop])]
    return found


def days_between(first: IncidentRecord, second: IncidentRecord) -> int | None:
    """Days from one incident to another, or ``None`` when a day is not known."""
    if len(first.date or "") != 10 or len(second.date or "") != 10:
        return None
    return abs((date.fromisoformat(first.date or "") - date.fromisoformat(second.date or "")).days)


def shared_answers(first: Prepared, second: Prepared) -> Mapping[str, str]:
    """Structured answers that both gave."""
    common = set(first.answers) & set(second.answers)
    return dict(sorted(tuple(answer.split("=", 1)) for answer in common))  # type: ignore[misc]
