"""A commit, or what stands for one, as the detectors see it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Commit:
    """Identity and words of a commit. Branch and labels come from its pull request, when known."""

    sha: str
    message: str
    author_name: str = ""
    author_email: str = ""
    committer_name: str = ""
    committer_email: str = ""
    trailers: tuple[str, ...] = ()
    branch: str = ""
    labels: tuple[str, ...] = ()
    note: str = ""

    @property
    def subject(self) -> str:
        """The first line of the message."""
        return self.message.partition("\n")[0]


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"field “{name}” must be text, not {type(value).__name__}")
    return value


def _texts(row: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = row.get(name)
    if value in (None, ""):
        return ()
    if isinstance(value, str):
        return tuple(value.splitlines())
    if isinstance(value, Mapping):
        return tuple(f"{key}: {item}" for key, item in value.items())
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(f"field “{name}” must be a list of texts")
    return tuple(value)


def from_mapping(row: Mapping[str, Any]) -> Commit:
    """A commit of a JSON object. Only ``message`` is required. Raises ValueError naming a field."""
    if "message" not in row:
        raise ValueError("field “message” is missing")
    return Commit(
        sha=_text(row, "sha"),
        message=_text(row, "message"),
        author_name=_text(row, "author_name"),
        author_email=_text(row, "author_email"),
        committer_name=_text(row, "committer_name"),
        committer_email=_text(row, "committer_email"),
        trailers=_texts(row, "trailers"),
        branch=_text(row, "branch"),
        labels=_texts(row, "labels"),
        note=_text(row, "note"),
    )
