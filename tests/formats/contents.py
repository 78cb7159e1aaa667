"""Hypothesis strategies that fill every field of a postmortem with hostile text."""

from datetime import UTC, date, datetime
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from hypothesis import strategies as st
from pydantic import BaseModel, StringConstraints
from pydantic.fields import FieldInfo

from rca.domain.postmortem import Participant, PostmortemContent
from rca.formats.mapping import ROW_FIELDS

_PIECES = st.sampled_from(
    ["## Summary", "\\## Summary", "## Record data", "---", "~~~", "```", "| a |", "- x", "\n", "\n\n",
     " ", "no", "15:30", "2026-08-14", "null", "*x*", "&a", "=1+1", "\u2028", "\x85", "\x0b", "\ufeff",
     "é", "漢", "😀", "\x01", "\ufffe", "# T", "\t", "'", '"', "<b>", "{}", "[", ":", "#", "<!-- -->"]
)  # fmt: skip
_CHARS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r"), max_size=12)
_HOSTILE = st.lists(_PIECES | _CHARS, max_size=6).map("".join)
_INSTANTS = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))


def _of_type(kind: Any, info: FieldInfo | None) -> st.SearchStrategy[Any]:
    origin = get_origin(kind)
    if origin is Annotated:
        return _of_type(get_args(kind)[0], None)
    if origin in (Union, UnionType):
        parts = [part for part in get_args(kind) if part is not type(None)]
        return st.none() | st.one_of([_of_type(part, info) for part in parts])
    if origin is list:
        return st.lists(_of_type(get_args(kind)[0], None), max_size=3)
    if kind is str:
        return _text(info)
    if kind is bool:
        return st.booleans()
    if kind is int:
        return st.integers(0, 2_147_483_647)
    if kind is float:
        return st.floats(0, 1e15)
    if kind is datetime:
        return _INSTANTS
    if kind is date:
        return st.dates(date(1990, 1, 1), date(2090, 1, 1))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(list(kind))
    assert isinstance(kind, type), kind
    assert issubclass(kind, BaseModel), kind
    return rows(kind)


def _text(info: FieldInfo | None) -> st.SearchStrategy[str]:
    most = next((m.max_length for m in info.metadata if isinstance(m, StringConstraints)), 200) if info else 200  # fmt: skip
    return _HOSTILE.map(lambda text: text[:most])


def rows(model: type[BaseModel]) -> st.SearchStrategy[Any]:
    """Raw data of one model."""
    left_out = {"id", "user_id", "timeline_ids", "factor_ids"}
    fields = {
        name: _of_type(info.annotation, info)
        for name, info in model.model_fields.items()
        if name not in left_out
    }
    if model is Participant:
        fields["name"] = _text(None)
    return st.fixed_dictionaries({}, optional=fields) if model is PostmortemContent else st.fixed_dictionaries(fields)  # fmt: skip


@st.composite
def contents(draw: st.DrawFn) -> PostmortemContent:
    """A valid content with every kind of field, and links between its rows."""
    data = draw(rows(PostmortemContent))
    times = {mark["milestone"]: mark for mark in data.get("times", [])}
    data["times"] = list(times.values())
    content = PostmortemContent.model_validate(data)
    ids = [row.id for row in content.timeline]
    factors = [row.id for row in content.factors]
    linked = content.model_dump(mode="json")
    for row in linked["factors"]:
        row["timeline_ids"] = draw(st.lists(st.sampled_from(ids), unique=True)) if ids else []
    for row in linked["actions"]:
        row["factor_ids"] = draw(st.lists(st.sampled_from(factors), unique=True)) if factors else []
    return PostmortemContent.model_validate(linked)


def without_ids(content: PostmortemContent) -> dict[str, Any]:
    """The content with its row ids counted through, so that two of the same shape compare."""
    data = content.model_dump(mode="json")
    names = {
        row["id"]: f"{field}-{place}"
        for field in ROW_FIELDS
        for place, row in enumerate(data[field])
    }
    for field in ROW_FIELDS:
        for row in data[field]:
            row["id"] = names[row["id"]]
            for link in ("timeline_ids", "factor_ids"):
                if link in row:
                    row[link] = sorted(names[item] for item in row[link])
    return data
