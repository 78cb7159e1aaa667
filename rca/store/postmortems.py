"""Rows to :class:`PostmortemContent` and back, many at a time."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import Enum
from typing import Any, TypeVar

from pydantic import BaseModel
from sqlalchemy import delete
from sqlmodel import Session, col, select

from rca.domain.postmortem import PostmortemContent
from rca.domain.vocabulary import LinkMethod, Milestone
from rca.errors import Invalid, Problem
from rca.store import tables as t
from rca.store.tables.metadata import Table

RowT = TypeVar("RowT", bound=Table)

# Field of the content -> table of its rows. Their columns carry the same names.
_ROWS: dict[str, type[Table]] = {
    "impact_measures": t.ImpactMeasureRow,
    "timeline": t.TimelineEntryRow,
    "factors": t.ContributingFactorRow,
    "ai_influences": t.AIInfluenceRow,
    "actions": t.ActionItemRow,
    "notes": t.LearningNoteRow,
    "participants": t.ParticipantRow,
    "related": t.RelatedPostmortemRow,
}
_NAMES: dict[str, type[Table]] = {"services": t.PostmortemService, "teams": t.PostmortemTeam}


def plain(value: Any) -> Any:
    """Stored form of a domain value: vocabulary members become their strings."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def _columns(table: type[Table]) -> frozenset[str]:
    return frozenset(table.model_fields)


def _as_row(table: type[RowT], part: BaseModel, **extra: Any) -> RowT:
    """A row with every column that the domain value has under the same name."""
    names = _columns(table) & frozenset(type(part).model_fields)
    values = {name: plain(getattr(part, name)) for name in names}
    return table(**{**values, **extra})


def _header_values(content: PostmortemContent) -> dict[str, Any]:
    names = _columns(t.PostmortemRow) & frozenset(PostmortemContent.model_fields)
    return {name: plain(getattr(content, name)) for name in names}


def write_header(row: t.PostmortemRow, content: PostmortemContent) -> None:
    """Copy the single-valued answers of ``content`` onto ``row``."""
    for name, value in _header_values(content).items():
        setattr(row, name, value)


def write_children(
    session: Session,
    postmortem_id: str,
    content: PostmortemContent,
    old: PostmortemContent | None,
    *,
    now: datetime,
) -> None:
    """Make the stored rows equal to ``content``; parts equal to ``old`` are left alone."""
    session.flush()
    for field, table in (*_NAMES.items(), *_ROWS.items()):
        if old is None or getattr(old, field) != getattr(content, field):
            _replace(session, table, postmortem_id, field, content)
    if old is None or old.times != content.times:
        _replace(session, t.TimeMarkRow, postmortem_id, "times", content)
    if old is None or old.changes != content.changes:
        _write_change_links(session, postmortem_id, content, now)
    session.flush()
    _write_links(session, content, old)
    session.flush()


def write_many(
    session: Session, contents: Sequence[tuple[str, PostmortemContent]], *, now: datetime
) -> None:
    """Store the children of new headers, all at once: a fixed number of flushes, not one each."""
    session.flush()
    for owner, content in contents:
        tables: dict[str, type[Table]] = {**_NAMES, **_ROWS, "times": t.TimeMarkRow}
        for field, table in tables.items():
            items = enumerate(getattr(content, field))
            session.add_all(_row_of(table, owner, position, item) for position, item in items)
    session.flush()
    for owner, content in contents:
        _add_links(session, content)
        if content.changes:
            _write_change_links(session, owner, content, now)
    session.flush()


def _replace(
    session: Session, table: type[Table], owner: str, field: str, content: PostmortemContent
) -> None:
    items: Sequence[Any] = getattr(content, field)
    _refuse_foreign_ids(session, table, owner, field, items)
    columns: Any = table
    session.execute(delete(table).where(columns.postmortem_id == owner))
    for position, item in enumerate(items):
        session.add(_row_of(table, owner, position, item))


def _row_of(table: type[Table], owner: str, position: int, item: Any) -> Table:
    if isinstance(item, str):
        return table(postmortem_id=owner, name=item, position=position)
    extra: dict[str, Any] = {"postmortem_id": owner}
    if "position" in table.model_fields:
        extra["position"] = position
    return _as_row(table, item, **extra)


def _refuse_foreign_ids(
    session: Session, table: type[Table], owner: str, field: str, items: Sequence[Any]
) -> None:
    """A row id of another postmortem would move that row here; ids come from browsers."""
    ids = [item.id for item in items if hasattr(item, "id")]
    if not ids:
        return
    columns: Any = table
    query = select(columns.id).where(columns.id.in_(ids), columns.postmortem_id != owner)
    if session.exec(query).first() is not None:
        raise Invalid([Problem(field, "A row carries an id of another postmortem.")])


def _write_links(
    session: Session, content: PostmortemContent, old: PostmortemContent | None
) -> None:
    """Rows that hang on rows: evidence, claims, factor-timeline and action-factor links."""
    if old is None or old.ai_influences != content.ai_influences:
        _add_evidence(session, content)
    # Replacing one side cascades its link rows away, so both kinds are written again.
    factors = {factor.id for factor in content.factors}
    session.execute(delete(t.FactorTimeline).where(col(t.FactorTimeline.factor_id).in_(factors)))
    session.execute(delete(t.ActionFactor).where(col(t.ActionFactor.factor_id).in_(factors)))
    _add_row_links(session, content)


def _add_links(session: Session, content: PostmortemContent) -> None:
    _add_evidence(session, content)
    _add_row_links(session, content)


def _add_evidence(session: Session, content: PostmortemContent) -> None:
    for influence in content.ai_influences:
        for position, item in enumerate(influence.evidence):
            session.add(
                _as_row(t.AIEvidenceRow, item, influence_id=influence.id, position=position)
            )
        for position, claim in enumerate(influence.claims):
            session.add(_as_row(t.AIClaimRow, claim, influence_id=influence.id, position=position))


def _add_row_links(session: Session, content: PostmortemContent) -> None:
    entries = {entry.id for entry in content.timeline}
    factors = {factor.id for factor in content.factors}
    for factor in content.factors:
        for entry_id in dict.fromkeys(factor.timeline_ids):
            if entry_id in entries:
                session.add(t.FactorTimeline(factor_id=factor.id, timeline_id=entry_id))
    for action in content.actions:
        for factor_id in dict.fromkeys(action.factor_ids):
            if factor_id in factors:
                session.add(t.ActionFactor(action_id=action.id, factor_id=factor_id))


def _write_change_links(
    session: Session, owner: str, content: PostmortemContent, now: datetime
) -> None:
    session.execute(delete(t.Link).where(*_change_links_of([owner])))
    for link in content.changes:
        session.add(
            t.Link(
                from_kind="change",
                from_id=link.change_key,
                to_kind="postmortem",
                to_id=owner,
                method=LinkMethod.HUMAN.value,
                relation=link.relation.value,
                note=link.note,
                at=now,
            )
        )


def _change_links_of(owners: Sequence[str]) -> tuple[Any, ...]:
    return (
        col(t.Link.from_kind) == "change",
        col(t.Link.to_kind) == "postmortem",
        col(t.Link.method) == LinkMethod.HUMAN.value,
        col(t.Link.to_id).in_(owners),
    )


def load_contents(
    session: Session, rows: Iterable[t.PostmortemRow]
) -> dict[str, PostmortemContent]:
    """The contents of ``rows`` by id, in a fixed number of queries whatever their count."""
    rows = list(rows)
    found: dict[str, PostmortemContent] = {}
    for start in range(0, len(rows), 500):
        found.update(_load_chunk(session, rows[start : start + 500]))
    return found


def load_content(session: Session, row: t.PostmortemRow) -> PostmortemContent:
    """The content of one postmortem."""
    return load_contents(session, [row])[row.id]


def _load_chunk(session: Session, rows: Sequence[t.PostmortemRow]) -> dict[str, PostmortemContent]:
    ids = [row.id for row in rows]
    children = {
        field: _by_owner(session, table, ids) for field, table in (*_NAMES.items(), *_ROWS.items())
    }
    marks = _by_owner(session, t.TimeMarkRow, ids)
    nested = _nested(session, children)
    nested["changes"] = _change_links(session, ids)
    return {
        row.id: _assemble(row, {f: c.get(row.id, []) for f, c in children.items()}, marks, nested)
        for row in rows
    }


def _by_owner(session: Session, table: type[Any], ids: Sequence[str]) -> dict[str, list[Any]]:
    query = select(table).where(table.postmortem_id.in_(ids))
    order = "position" if "position" in table.model_fields else "milestone"
    grouped: dict[str, list[Any]] = defaultdict(list)
    for row in session.exec(query.order_by(getattr(table, order))):
        grouped[row.postmortem_id].append(row)
    return grouped


def _change_links(session: Session, ids: Sequence[str]) -> dict[str, list[Any]]:
    query = select(t.Link).where(*_change_links_of(ids)).order_by(col(t.Link.from_id))
    grouped: dict[str, list[Any]] = defaultdict(list)
    for link in session.exec(query):
        value = {"change_key": link.from_id, "relation": link.relation, "note": link.note}
        grouped[link.to_id].append(value)
    return grouped


_Nested = dict[str, dict[str, list[Any]]]


def _nested(session: Session, children: dict[str, dict[str, list[Any]]]) -> _Nested:
    influences = [r.id for rows in children["ai_influences"].values() for r in rows]
    factors = [r.id for rows in children["factors"].values() for r in rows]
    actions = [r.id for rows in children["actions"].values() for r in rows]
    return {
        "evidence": _group(session, t.AIEvidenceRow, "influence_id", influences, "position"),
        "claims": _group(session, t.AIClaimRow, "influence_id", influences, "position"),
        "timeline_ids": _group(session, t.FactorTimeline, "factor_id", factors, "timeline_id"),
        "factor_ids": _group(session, t.ActionFactor, "action_id", actions, "factor_id"),
    }


def _group(
    session: Session, table: type[Any], key: str, ids: Sequence[str], order: str
) -> dict[str, list[Any]]:
    grouped: dict[str, list[Any]] = defaultdict(list)
    for start in range(0, len(ids), 500):
        query = select(table).where(getattr(table, key).in_(ids[start : start + 500]))
        for row in session.exec(query.order_by(getattr(table, order))):
            grouped[getattr(row, key)].append(row)
    return grouped


def _values(row: Table, model: type[BaseModel]) -> dict[str, Any]:
    names = frozenset(type(row).model_fields) & frozenset(model.model_fields)
    return {name: getattr(row, name) for name in names}


def _item_model(field: str) -> type[BaseModel]:
    annotation: Any = PostmortemContent.model_fields[field].annotation
    model: type[BaseModel] = annotation.__args__[0]
    return model


def _assemble(
    row: t.PostmortemRow,
    children: dict[str, list[Any]],
    marks: dict[str, list[Any]],
    nested: _Nested,
) -> PostmortemContent:
    data = _values(row, PostmortemContent)
    for field in _NAMES:
        data[field] = [child.name for child in children[field]]
    for field in _ROWS:
        data[field] = [_child(field, child, nested) for child in children[field]]
    times = [_values(mark, _item_model("times")) for mark in marks.get(row.id, [])]
    data["changes"] = nested["changes"].get(row.id, [])
    data["times"] = sorted(times, key=lambda mark: _MILESTONE_ORDER[mark["milestone"]])
    return PostmortemContent.model_validate(data)


def _child(field: str, row: Any, nested: _Nested) -> dict[str, Any]:
    values = _values(row, _item_model(field))
    if field == "ai_influences":
        values["evidence"] = [_values(e, _EVIDENCE) for e in nested["evidence"].get(row.id, [])]
        values["claims"] = [_values(c, _CLAIM) for c in nested["claims"].get(row.id, [])]
    if field == "factors":
        links = nested["timeline_ids"].get(row.id, [])
        values["timeline_ids"] = [link.timeline_id for link in links]
    if field == "actions":
        values["factor_ids"] = [link.factor_id for link in nested["factor_ids"].get(row.id, [])]
    return values


def _nested_model(field: str, name: str) -> type[BaseModel]:
    annotation: Any = _item_model(field).model_fields[name].annotation
    model: type[BaseModel] = annotation.__args__[0]
    return model


_EVIDENCE = _nested_model("ai_influences", "evidence")
_CLAIM = _nested_model("ai_influences", "claims")
_MILESTONE_ORDER = {str(member.value): place for place, member in enumerate(Milestone)}
