"""The same rules in the languages of engines that teams run, with what was lost on the way.

Every target gives files and one coverage entry per rule: ``exact``, ``stricter``, ``looser``,
``advisory``, ``not_applicable`` or ``dropped``, each with its reasons. ``looser`` and ``dropped``
are never silent.
"""

import importlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Cover = Literal["exact", "stricter", "looser", "advisory", "not_applicable", "dropped"]
TARGETS = ("conftest", "github", "policybot", "kubernetes", "semgrep", "agents")
_ENFORCING: tuple[Cover, ...] = ("exact", "stricter")
_LOSSY: tuple[Cover, ...] = ("looser", "dropped")


@dataclass(frozen=True)
class Coverage:
    """What one engine makes of one rule."""

    rule: str
    target: str
    coverage: Cover
    reasons: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """For ``coverage.json``."""
        return {
            "rule": self.rule,
            "target": self.target,
            "coverage": self.coverage,
            "reasons": list(self.reasons),
        }


@dataclass(frozen=True)
class Pack:
    """The files of one target by path, and its coverage."""

    target: str
    files: Mapping[str, str]
    coverage: tuple[Coverage, ...]


@dataclass(frozen=True)
class Export:
    """One or several packs with the coverage over all of them."""

    packs: tuple[Pack, ...]
    rules: tuple[str, ...] = field(default=())

    @property
    def coverage(self) -> tuple[Coverage, ...]:
        """Every entry, by rule and then target."""
        found = [entry for pack in self.packs for entry in pack.coverage]
        return tuple(sorted(found, key=lambda entry: (entry.rule, entry.target)))

    @property
    def lossy(self) -> tuple[Coverage, ...]:
        """Entries where an engine enforces less than the rule says."""
        return tuple(entry for entry in self.coverage if entry.coverage in _LOSSY)

    @property
    def unenforced(self) -> tuple[str, ...]:
        """Rules that no requested target enforces, unless all of them only advise."""
        held = {entry.rule for entry in self.coverage if entry.coverage in _ENFORCING}
        advises = {pack.target for pack in self.packs} <= {"agents"}
        return () if advises else tuple(rule for rule in self.rules if rule not in held)

    def files(self) -> dict[str, str]:
        """Path to text, each pack in a folder of its own, and ``coverage.json`` beside them."""
        found = {
            f"{pack.target}/{path}": text
            for pack in self.packs
            for path, text in sorted(pack.files.items())
        }
        found["coverage.json"] = self.coverage_text()
        return found

    def coverage_text(self) -> str:
        """``coverage.json``, byte-stable."""
        entries = [entry.as_dict() for entry in self.coverage]
        value = {"coverage": entries, "unenforced": list(self.unenforced)}
        return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def template_names(doc: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Engines that the rule's template names; None for a rule written by hand: any may try."""
    from mining.policy import catalogue

    template = catalogue.template(str(doc["metadata"].get("template", "")))
    return template.engines if template else None


def by_id(docs: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The documents sorted by id."""
    return sorted(docs, key=lambda doc: str(doc["metadata"]["id"]))


def worst(*found: Cover) -> Cover:
    """The weakest of several verdicts: what is lost anywhere is lost."""
    order: Sequence[Cover] = ("dropped", "looser", "stricter", "exact")
    return next((cover for cover in order if cover in found), "exact")


def export(
    docs: Iterable[Mapping[str, Any]], targets: Sequence[str] = TARGETS, *, now: datetime
) -> Export:
    """The documents in each target's language. The same documents always give the same bytes.

    ``now`` decides which exceptions still hold in engines that know no expiry.
    """
    ordered = by_id(docs)
    packs = []
    for target in targets:
        if target not in TARGETS:
            raise ValueError(f"no such target: {target}")
        module = importlib.import_module(f"mining.policy.exporters.{target}")
        packs.append(module.export(ordered, now=now))
    return Export(tuple(packs), tuple(str(doc["metadata"]["id"]) for doc in ordered))
