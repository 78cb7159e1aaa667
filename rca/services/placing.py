"""Where a postmortem belongs before the next mining run looks at it.

A new or edited postmortem is compared at once with what the newest run read, on the run's scale
and by its cuts. The next run remains the truth. The compared words are kept in memory only, one
index a run and organisation, and what is shown is read against who may see it at that moment.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from sqlalchemy import func
from sqlmodel import Session, col, select

from rca.domain.access import Viewer
from rca.domain.vocabulary import PatternState
from rca.services.causes import cause_name
from rca.services.findings import QUESTIONS, answer_words
from rca.services.mining_corpus import read_corpus, record_of, tiers_of
from rca.services.mining_runs import last_run_id
from rca.services.pattern_items import members_of
from rca.services.visibility import find_postmortem, is_open
from rca.store import tables as t
from rca.store.postmortems import load_content

if TYPE_CHECKING:
    from mining.placing import Place
    from mining.similar import SimilarIndex

MOST_COMPARED = 2_500
_KEPT = 3


@dataclass(frozen=True, slots=True)
class PlaceView:
    """A pattern that the postmortem would join, or resembles, and why."""

    id: str
    name: str
    size: int
    similarity: float
    missing: float
    why: tuple[str, ...]
    closest: str
    closest_title: str


@dataclass(frozen=True, slots=True)
class PlacementView:
    """Where a postmortem would go in the next run, as far as can be told now.

    ``pair`` is a postmortem in no pattern that it resembles enough to make a new one with, as
    reference and title; both blank when there is none.
    """

    joins: tuple[PlaceView, ...]
    see_also: tuple[PlaceView, ...]
    pair: tuple[str, str]
    compared: int
    draft: bool


class _Indexes:
    """One index a run and organisation, the one used least recently dropped first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str, str], SimilarIndex] = OrderedDict()
        self._lock = Lock()

    def of(self, session: Session, state: str, organisation: str) -> "SimilarIndex":
        """The index of an organisation in a state of the data, built when first asked for."""
        from mining.similar import SimilarIndex

        key = (str(session.get_bind().engine.url), state, organisation)
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                corpus = read_corpus(session).records
                found = SimilarIndex([r for r in corpus if r.organisation == organisation])
                self._kept[key] = found
                while len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return found


_INDEXES = _Indexes()


def index_of(session: Session, organisation: str) -> "SimilarIndex | None":
    """The published, open records of an organisation, ready to be compared with.

    None where there are none, and where comparing at once would take too long.
    """
    query = select(func.count()).select_from(t.PostmortemRow).where(
        col(t.PostmortemRow.published_number).is_not(None),
        t.PostmortemRow.organisation == organisation,
        is_open(),
    )  # fmt: skip
    count = session.exec(query).one()
    if not 0 < count <= MOST_COMPARED:
        return None
    state = last_run_id(session) or f"{count} records before the first run"
    return _INDEXES.of(session, state, organisation)


def is_settled(session: Session, row: t.PostmortemRow) -> bool:
    """Whether the newest run has read the postmortem as it is now."""
    run_id = last_run_id(session)
    run = session.get(t.MiningRun, run_id) if run_id else None
    seen = row.published_number is not None and row.visibility == "open"
    return run is not None and seen and row.updated_at <= run.started_at


def place(session: Session, *, viewer: Viewer, reference: str) -> PlacementView | None:
    """Where a postmortem that the viewer may see would go, or None when a run has settled that.

    None too before the first run. Raises NotFound.
    """
    row = find_postmortem(session, viewer, reference)
    waiting = last_run_id(session) is not None and not is_settled(session, row)
    index = index_of(session, row.organisation) if waiting else None
    if index is None:
        return None
    from mining.placing import Placer

    rows = _patterns(session, row.organisation)
    members = {
        key: [incident.reference for _, incident in pairs]
        for key, pairs in members_of(session, [pattern.id for pattern in rows]).items()
    }
    asked = record_of(row, load_content(session, row), tiers_of(session))
    found = Placer(index).place(asked, members)
    names = {pattern.id: (pattern.name, len(members.get(pattern.id, ()))) for pattern in rows}
    wanted = [p.closest for p in (*found.joins, *found.see_also)]
    titles = _titles(session, [*wanted, *([found.pair.id] if found.pair else [])])
    pair = found.pair.id if found.pair and found.pair.id in titles else ""
    return PlacementView(
        joins=tuple(_view(one, names, titles) for one in found.joins),
        see_also=tuple(_view(one, names, titles) for one in found.see_also[:3]),
        pair=(pair, titles.get(pair, "")),
        compared=len(index.space),
        draft=row.published_number is None,
    )


def _patterns(session: Session, organisation: str) -> Sequence[t.PatternRow]:
    row = t.PatternRow
    query = select(row).where(
        row.last_run_id == (last_run_id(session) or ""),
        row.organisation == organisation,
        row.state != PatternState.DISMISSED.value,
    )
    return session.exec(query.order_by(col(row.id))).all()


def _titles(session: Session, references: Sequence[str]) -> dict[str, str]:
    row = t.PostmortemRow
    query = select(row.reference, row.title).where(col(row.reference).in_(references), is_open())
    return dict(session.exec(query).all())


def _view(found: "Place", names: dict[str, tuple[str, int]], titles: dict[str, str]) -> PlaceView:
    name, size = names[found.pattern]
    return PlaceView(
        id=found.pattern,
        name=name,
        size=size,
        similarity=found.similarity,
        missing=found.missing,
        why=reasons(found.words, found.answers),
        closest=found.closest,
        closest_title=titles.get(found.closest, ""),
    )


def reasons(words: Sequence[str], answers: Sequence[str]) -> tuple[str, ...]:
    """What two records share, in words: the four most telling words and three answers at most, so
    that neither crowds out the other.
    """
    return (*words[:4], *(_in_words(answer) for answer in answers[:3]))


def _in_words(answer: str) -> str:
    """``name=value`` of a shared answer as the form says it."""
    name, _, value = answer.partition("=")
    if name == "cause":
        return f"cause {cause_name(value).lower()}"
    if name in QUESTIONS:
        return answer_words(name, value)
    return f"{name} {value}".replace("_", " ")
