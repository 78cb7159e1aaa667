"""Facts as they are found: each with where it came from, or why it is unknown."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mining.policy.facts import FACTS, has_kind


class GateError(Exception):
    """The check itself could not be done: exit code 2, never a verdict."""


@dataclass(frozen=True, slots=True)
class Told:
    """One fact: its value and source, or no value and the reason."""

    value: Any
    source: str
    known: bool = True


@dataclass(slots=True)
class Found:
    """Facts by name. The first source that knows a fact keeps it."""

    facts: dict[str, Told] = field(default_factory=dict)
    why_not: dict[str, str] = field(default_factory=dict)
    subject: str = "change"
    services: tuple[str, ...] = ()

    def tell(self, name: str, value: Any, source: str) -> None:
        """A source knows the fact. A value of the wrong kind is a reason, not a fact."""
        if name in self.facts or name not in FACTS or value is None:
            return
        if has_kind(FACTS[name].kind, value):
            self.facts[name] = Told(value, source)
        else:
            self.unknown(name, f"{source} gives {type(value).__name__}, not {FACTS[name].kind}")

    def unknown(self, name: str, reason: str) -> None:
        """A source looked and does not know; the first reason is kept."""
        self.why_not.setdefault(name, reason)

    def value(self, name: str, default: Any = None) -> Any:
        """The fact's value, or ``default`` when it is unknown."""
        told = self.facts.get(name)
        return told.value if told else default

    def record(self) -> dict[str, Any]:
        """The change record that rules are judged on."""
        made: dict[str, Any] = {"subject": self.subject}
        for name, told in self.facts.items():
            *way, last = name.split(".")
            here = made
            for part in way:
                here = here.setdefault(part, {})
            here[last] = told.value
        return made

    def explained(self) -> list[tuple[str, Told]]:
        """Every fact of the registry, known or not, in its order."""
        default = "no source is configured for it in .guardrails/facts.yml"
        return [
            (name, self.facts.get(name) or Told(None, self.why_not.get(name, default), False))
            for name in FACTS
        ]


def flatten(value: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Dotted names of a nested record, as far as they are facts."""
    found: dict[str, Any] = {}
    for key, item in value.items():
        name = f"{prefix}{key}"
        if name in FACTS:
            found[name] = item
        elif isinstance(item, Mapping):
            found |= flatten(item, f"{name}.")
    return found
