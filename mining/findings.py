"""What goes with what: causes and patterns against the answers of the form, honestly tested.

Every comparison of a run is corrected together. A record that has no answer to a question takes no
part in its comparisons; it is counted as not known, never as no.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol

from mining import stats
from mining.answers import FROM_TEXT, LINKED_BY, Asked, answers_of, same_words
from mining.records import IncidentRecord
from mining.strata import exact_p, like, tables_of

LEAST = 3
MOST_KEPT = 200
KEPT_OF_EACH = 12
MOST_READ = 3_000
SUPPORTED, SUGGESTIVE = 0.05, 0.20
CausesOf = Callable[[str], Collection[str]]
MitigationsOf = Callable[[str], Collection[str]]
VERDICTS = {"supported": "Supported", "suggestive": "Suggestive", "not_enough": "Not enough data"}


class Grouped(Protocol):
    """A pattern as far as comparisons need it."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def ids(self) -> Sequence[str]:
        """Ids of its members."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One comparison: how often an answer stands with a cause or pattern, and how often without.

    ``here`` of ``here_n`` are the records with the subject that gave the answer, among those that
    answered; ``there`` of ``there_n`` the same without the subject. ``not_known`` are those with
    and without the subject that take no part, ``unknown`` the ones among them that answered
    *unknown*.
    """

    subject_kind: str
    subject: str
    dimension: str
    value: str
    here: int
    here_n: int
    there: int
    there_n: int
    not_known: tuple[int, int]
    unknown: tuple[int, int]
    odds_ratio: float | None
    low: float | None
    high: float | None
    p: float
    q: float
    verdict: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of the records have an answer to a question, how often it was compared, and how
    many of these comparisons hold, kept or not.

    What is neither ``answered`` nor ``unknown`` was left blank.
    """

    dimension: str
    answered: int
    unknown: int
    records: int
    comparisons: int
    supported: int
    suggestive: int


@dataclass(frozen=True, slots=True)
class Findings:
    """The surest comparisons of a run, at most :data:`MOST_KEPT` and a few of each question, and
    how many there were."""

    rows: tuple[Finding, ...]
    comparisons: int
    notes: tuple[str, ...] = ()
    coverage: tuple[Coverage, ...] = ()

    def about(self, kind: str, subject: str) -> tuple[Finding, ...]:
        """The comparisons of one cause or pattern."""
        return tuple(f for f in self.rows if (f.subject_kind, f.subject) == (kind, subject))

    @property
    def claimed(self) -> tuple[Finding, ...]:
        """Those that hold after correction."""
        return tuple(f for f in self.rows if f.verdict == "supported")


def find(
    records: Sequence[IncidentRecord],
    causes_of: CausesOf,
    patterns: Sequence[Grouped],
    mitigations_of: MitigationsOf | None = None,
    read: Sequence[str] | None = None,
) -> Findings:
    """Every comparison that has at least three records on each margin, corrected together.

    Patterns are compared over all records; causes, which have to be read, over at most
    :data:`MOST_READ` of them, drawn by their ids and named in the notes. ``causes_of`` gives the
    causes of an id, ``mitigations_of`` what its text says of how it ended, where the form does not;
    ``read`` are the ids' :func:`drawn`, where they are known.
    """
    ids = sorted(record.id for record in records)
    read = drawn(ids) if read is None else read
    asked = answers_of(records, _only(read, mitigations_of))
    answers = {name: given for name, given in asked.items() if len(given.given) >= LEAST}
    drafts: list[dict[str, Any]] = []
    if answers:
        named = [("pattern", p.id, frozenset(p.ids)) for p in patterns if len(p.ids) >= LEAST]
        apart = {name: given for name, given in answers.items() if name not in LINKED_BY}
        sizes = {record.id: len(record.text) for record in records}
        drafts += _compared(named, ids, apart, sizes)
        drafts += _compared(_by_cause(read, causes_of), read, answers, sizes)
    qs = stats.benjamini_hochberg([draft["p"] for draft in drafts])
    ranked = sorted(zip(qs, drafts, strict=True), key=lambda pair: (pair[0], *_place(pair[1])))
    rows = tuple(_finding(draft, q) for q, draft in _kept(ranked))
    told = Counter((draft["dimension"], _verdict(q)) for q, draft in ranked)
    return Findings(rows, len(drafts), _notes(ids, read, drafts), _coverage(ids, asked, told))


def _kept(
    ranked: Sequence[tuple[float, dict[str, Any]]],
) -> list[tuple[float, dict[str, Any]]]:
    """The surest of all, and the surest of each question."""
    seen: Counter[str] = Counter()
    found = []
    for place, (q, draft) in enumerate(ranked):
        seen[draft["dimension"]] += 1
        if place < MOST_KEPT or seen[draft["dimension"]] <= KEPT_OF_EACH:
            found.append((q, draft))
    return found


def _only(read: Sequence[str], mitigations_of: MitigationsOf | None) -> MitigationsOf | None:
    """Mitigations of the records that are read, and of none of the others."""
    chosen = frozenset(read)
    if mitigations_of is None:
        return None
    return lambda identifier: mitigations_of(identifier) if identifier in chosen else ()


def _notes(
    ids: Sequence[str], read: Sequence[str], drafts: Sequence[Mapping[str, Any]]
) -> tuple[str, ...]:
    if len(read) == len(ids) or not drafts:
        return ()
    told = f"{len(read):,} of {len(ids):,} records, drawn at random"
    return (f"Causes were compared with answers over {told}; patterns over all.",)


def _coverage(
    ids: Sequence[str], asked: Mapping[str, Asked], told: Mapping[tuple[str, str], int]
) -> tuple[Coverage, ...]:
    """``told`` counts the comparisons by question and verdict."""
    return tuple(
        Coverage(
            dimension=name,
            answered=len(given.given),
            unknown=len(given.unknown),
            records=len(ids),
            comparisons=sum(told.get((name, verdict), 0) for verdict in VERDICTS),
            supported=told.get((name, "supported"), 0),
            suggestive=told.get((name, "suggestive"), 0),
        )
        for name, given in asked.items()
    )


def _place(draft: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(draft[k] for k in ("p", "subject_kind", "subject", "dimension", "value"))


def drawn(ids: Iterable[str]) -> list[str]:
    """At most :data:`MOST_READ` ids, always the same ones of the same records."""
    ordered = sorted(ids)
    if len(ordered) <= MOST_READ:
        return ordered
    by_hash = sorted((sha256(i.encode()).digest(), i) for i in ordered)
    return sorted(i for _, i in by_hash[:MOST_READ])


_Subject = tuple[str, str, frozenset[str]]


def _by_cause(ids: Sequence[str], causes_of: CausesOf) -> list[_Subject]:
    found: dict[str, set[str]] = {}
    for record_id in ids:
        for cause in causes_of(record_id):
            found.setdefault(cause, set()).add(record_id)
    return [("cause", name, frozenset(found[name])) for name in sorted(found)]


def _indicator(sets: Sequence[frozenset[str]], at: Mapping[str, int]) -> Any:
    """One row per set, one column per record; ids that are not asked for fall away."""
    from scipy import sparse

    pairs = [(row, at[i]) for row, ids in enumerate(sets) for i in ids if i in at]
    rows, columns = zip(*pairs, strict=True) if pairs else ((), ())
    shape = (len(sets), len(at))
    return sparse.csr_matrix(([1] * len(pairs), (rows, columns)), shape=shape, dtype="int64")


def _compared(
    subjects: Sequence[_Subject],
    ids: Sequence[str],
    answers: Mapping[str, Asked],
    sizes_of_texts: Mapping[str, int],
) -> list[dict[str, Any]]:
    """Comparisons of some subjects with every answer, counted all at once.

    Only the margins decide what is compared: looking at the cell first would bend the p values.
    What is read from the text is compared among texts of like length: long ones tell of more.
    """
    at = {identifier: place for place, identifier in enumerate(ids)}
    members = _indicator([ids_of for _, _, ids_of in subjects], at)
    sizes = members.getnnz(axis=1)
    found = []
    for dimension, question in answers.items():
        given = question.given
        asked, unsure = frozenset(given) & at.keys(), frozenset(question.unknown) & at.keys()
        values = sorted({value for i in asked for value in given[i]})
        users = [frozenset(i for i in asked if value in given[i]) for value in values]
        strata = like({i: sizes_of_texts[i] for i in asked}) if dimension in FROM_TEXT else ()
        here = (members @ _indicator(users, at).T).toarray()
        here_n, unsure_here = (members @ _indicator([asked, unsure], at).T).toarray().T
        for row, column in zip(*_worth_comparing(here_n, users, len(asked)), strict=True):
            kind, subject, _ = subjects[row]
            value = values[column]
            if kind == "cause" and same_words(subject, dimension, value):
                continue
            counts = _counts(here[row, column], here_n[row], len(users[column]), len(asked))
            if strata:
                counts["p"] = exact_p(tables_of(strata, subjects[row][2], users[column]))
            missing, unknown = int(sizes[row] - here_n[row]), int(unsure_here[row])
            names = {"subject_kind": kind, "subject": subject, "dimension": dimension}
            beside = {
                "not_known": (missing, len(ids) - len(asked) - missing),
                "unknown": (unknown, len(unsure) - unknown),
            }
            found.append({**names, "value": value, **counts, **beside})
    return found


def _worth_comparing(here_n: Any, users: Sequence[frozenset[str]], asked: int) -> Any:
    """Rows and columns whose margins hold at least :data:`LEAST` records on each side."""
    import numpy as np

    counts = np.array([len(ids) for ids in users], dtype=np.int64)
    rows = (here_n >= LEAST) & (asked - here_n >= LEAST)
    columns = (counts >= LEAST) & (asked - counts >= LEAST)
    return np.nonzero(np.outer(rows, columns))


def _counts(here: int, here_n: int, users: int, asked: int) -> dict[str, Any]:
    here, here_n = int(here), int(here_n)
    there, there_n = users - here, asked - here_n
    p = stats.fisher(here, here_n, there, there_n, alternative="two-sided")
    return {"here": here, "here_n": here_n, "there": there, "there_n": there_n, "p": p}


def _finding(draft: dict[str, Any], q: float) -> Finding:
    ratio = stats.odds_ratio(draft["here"], draft["here_n"], draft["there"], draft["there_n"])
    return Finding(
        **draft,
        odds_ratio=ratio.value,
        low=ratio.low,
        high=ratio.high,
        q=q,
        verdict=_verdict(q),
    )


def _verdict(q: float) -> str:
    if q <= SUPPORTED:
        return "supported"
    return "suggestive" if q <= SUGGESTIVE else "not_enough"
