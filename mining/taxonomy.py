"""The one taxonomy of contributing causes: two levels, versioned, read from ``taxonomy.yaml``.

Another organisation's classes can stand in its place: a YAML file of the same shape, or plain
rows of ``id``, ``name`` and ``description``.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from os import PathLike
from pathlib import Path
from typing import Any

OWN = Path(__file__).with_name("taxonomy.yaml")
STRENGTHS = ("strong", "cues", "weak")


class TaxonomyError(ValueError):
    """A taxonomy file that breaks the schema; the message names what to mend."""


@dataclass(frozen=True, slots=True)
class Group:
    """The upper level: a heading for leaves."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Leaf:
    """One class of contributing cause.

    ``primary`` says whether it may stand alone as the name of an incident's cause;
    ``primary_as`` names the leaf that carries it otherwise, ``precedence`` which of two goes first.
    ``maps`` holds the class of published
    taxonomies by source.
    """

    id: str
    name: str
    parent: str
    description: str
    cues: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    primary: bool = True
    primary_as: str = ""
    scored: bool = True
    precedence: float = 1.0
    maps: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """Groups and leaves in their defined order, with the version that results name."""

    version: str
    groups: tuple[Group, ...]
    leaves: tuple[Leaf, ...]
    foreign: bool = False

    def leaf(self, identifier: str) -> Leaf:
        """The leaf of that id. Raises KeyError."""
        for leaf in self.leaves:
            if leaf.id == identifier:
                return leaf
        raise KeyError(identifier)

    def name_of(self, identifier: str) -> str:
        """The leaf's name, or the id itself when this version does not know it."""
        return next((leaf.name for leaf in self.leaves if leaf.id == identifier), identifier)

    def children(self, group: str) -> tuple[Leaf, ...]:
        """The leaves under a group."""
        return tuple(leaf for leaf in self.leaves if leaf.parent == group)

    def choices(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """``(group name, [(id, name), …])`` for a form's select."""
        return [
            (group.name, [(leaf.id, leaf.name) for leaf in self.children(group.id)])
            for group in self.groups
        ]

    def crossed(self, source: str, identifiers: Iterable[str]) -> tuple[str, ...]:
        """The classes of a published taxonomy that these leaves stand for."""
        known = {leaf.id: leaf.maps.get(source, "") for leaf in self.leaves}
        return tuple(dict.fromkeys(name for i in identifiers if (name := known.get(i, ""))))


def _cues(row: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(str(cue) for cue in row.get(name) or ()) for name in STRENGTHS}


def _leaf(row: Any) -> Leaf:
    if not isinstance(row, Mapping) or not row.get("id"):
        raise TaxonomyError(f"a class without an id: {row!r}")
    return Leaf(
        id=str(row["id"]),
        name=str(row.get("name") or row["id"]),
        parent=str(row.get("group") or ""),
        description=" ".join(str(row.get("description") or "").split()),
        cues=_cues(row),
        primary=bool(row.get("primary", True)),
        primary_as=str(row.get("primary_as") or ""),
        scored=bool(row.get("scored", True)),
        precedence=float(row.get("precedence", 1.0)),
        maps=dict(row.get("maps") or {}),
    )


def _checked(taxonomy: Taxonomy) -> Taxonomy:
    ids = [leaf.id for leaf in taxonomy.leaves]
    if not ids:
        raise TaxonomyError("it has no classes")
    double = sorted({i for i in ids if ids.count(i) > 1})
    if double:
        raise TaxonomyError(f"given twice: {', '.join(double)}")
    groups = {group.id for group in taxonomy.groups}
    for leaf in taxonomy.leaves:
        if leaf.parent not in groups:
            raise TaxonomyError(f"“{leaf.id}” stands in no group: “{leaf.parent}”")
        if leaf.primary_as and leaf.primary_as not in ids:
            raise TaxonomyError(f"“{leaf.id}” is carried by no known class: {leaf.primary_as}")
    return taxonomy


def from_document(document: Mapping[str, Any]) -> Taxonomy:
    """A taxonomy of the shape of ``taxonomy.yaml``. Raises :class:`TaxonomyError`."""
    groups = tuple(Group(str(g["id"]), str(g["name"])) for g in document.get("groups") or ())
    leaves = tuple(_leaf(row) for row in document.get("leaves") or ())
    return _checked(Taxonomy(str(document.get("version", "")), groups, leaves))


def from_rows(rows: Iterable[Mapping[str, Any]]) -> Taxonomy:
    """Another organisation's classes as rows of ``id``, ``name`` and ``description``."""
    leaves = tuple(_leaf({**row, "group": "classes"}) for row in rows)
    return _checked(Taxonomy("rows", (Group("classes", "Classes"),), leaves, foreign=True))


def _parse(path: Path) -> Any:
    import yaml

    text = path.read_text(encoding="utf-8")
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    try:
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except yaml.YAMLError as error:
        raise TaxonomyError(f"{path.name} is not readable YAML: {error}") from error


def read(path: str | PathLike[str]) -> Taxonomy:
    """A taxonomy from a YAML, JSON or JSON Lines file: our shape, or rows."""
    document = _parse(Path(path))
    if isinstance(document, list):
        return from_rows(document)
    if not isinstance(document, Mapping):
        raise TaxonomyError("it is neither a list of classes nor a taxonomy")
    if "leaves" not in document and isinstance(document.get("classes"), list):
        return from_rows(document["classes"])
    return from_document(document)


@cache
def _own() -> Taxonomy:
    return read(OWN)


def load(path: str | PathLike[str] | None = None) -> Taxonomy:
    """The product's own taxonomy, or the one in ``path``."""
    return _own() if path is None else read(path)


def choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """``(group name, [(id, name), …])`` of the product's own taxonomy."""
    return load().choices()
