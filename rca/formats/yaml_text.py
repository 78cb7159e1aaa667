"""YAML as text: nothing is retyped, nothing is built, nothing expands.

YAML 1.1 turns ``no`` into false, ``15:30`` into 930 and ``2026-08-14`` into a date. Front matter
is written by people who mean the text, so every scalar stays the text it was; only an empty
value (or ``null``, ``~``) is None. Aliases, tags and deep nesting are refused.
"""

from collections.abc import Hashable
from typing import Any

import yaml

MOST_DEPTH = 40
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_OPENING = (yaml.MappingStartEvent, yaml.SequenceStartEvent)
_CLOSING = (yaml.MappingEndEvent, yaml.SequenceEndEvent)


class YamlProblem(ValueError):
    """YAML that can't be read. ``line`` counts from 1 within the YAML."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


class _TextDumper(_DUMPER):  # type: ignore[misc]
    """Strings with line breaks or odd characters stand on one line in double quotes."""


def _string(dumper: Any, value: str) -> Any:
    plain = value.isprintable() and value.isascii()
    style = None if plain else '"'
    if value.isprintable() and not value.isascii():
        style = None if all(char.isalnum() or char in " –—’“”,.;:()-/" for char in value) else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_TextDumper.add_representer(str, _string)


class _TextLoader(_LOADER):  # type: ignore[misc]
    """Every plain scalar is text, but for the empty one."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML reads it from the class
        first: [("tag:yaml.org,2002:null", yaml.SafeLoader.yaml_implicit_resolvers["~"][0][1])]
        for first in ("~", "n", "N", "")
    }


def _no_duplicates(loader: Any, node: yaml.MappingNode) -> dict[Hashable, Any]:
    found: dict[Hashable, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        line = key_node.start_mark.line + 1
        if not isinstance(key, str):
            raise YamlProblem(line, "a name must be text")
        if key in found:
            raise YamlProblem(line, f"“{key}” stands twice")
        found[key] = loader.construct_object(value_node, deep=True)
    return found


_TextLoader.add_constructor("tag:yaml.org,2002:map", _no_duplicates)


def _refuse_traps(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        mark = event.start_mark
        line = mark.line + 1 if mark else 1
        if isinstance(event, yaml.AliasEvent):
            raise YamlProblem(line, "aliases (*name) are not read; write the value out")
        tag = getattr(event, "tag", None)
        if tag:
            raise YamlProblem(line, f"the tag {tag} is not read; write plain text")
        depth += isinstance(event, _OPENING)
        depth -= isinstance(event, _CLOSING)
        if depth > MOST_DEPTH:
            raise YamlProblem(line, "is nested too deeply")


def load(text: str) -> Any:
    """The value with every scalar as text or None. Raises YamlProblem."""
    try:
        _refuse_traps(text)
        return yaml.load(text, Loader=_TextLoader)  # noqa: S506 - a subclass of the safe loader
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise YamlProblem(line, f"is not YAML: {error.problem or error.context}") from error
    except (yaml.YAMLError, ValueError) as error:
        if isinstance(error, YamlProblem):
            raise
        raise YamlProblem(1, f"is not YAML: {str(error).splitlines()[0]}") from error


def dump(value: Any) -> str:
    """Block YAML in the given key order, on unwrapped lines; what :func:`load` reads back."""
    dumped: str = yaml.dump(
        value, Dumper=_TextDumper, sort_keys=False, allow_unicode=True, width=1_000_000
    )
    return dumped
