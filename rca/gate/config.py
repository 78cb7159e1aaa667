"""``.guardrails/facts.yml``: where this repository's facts come from.

It is read from the base revision, never from the change that it helps to judge.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mining.policy import catalogue
from mining.policy.facts import FACTS
from mining.policy.stream import PolicyTextError, parse
from rca.gate.found import GateError

AGENT_FILES = (
    "AGENTS.md", "**/AGENTS.md", "CLAUDE.md", "**/CLAUDE.md", ".cursor/**", ".cursorrules",
    ".github/copilot-instructions.md", ".claude/**",
)  # fmt: skip
OWNER_FILES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
_KNOWN = {
    "version", "services", "kinds", "labels", "checks", "results", "agentConfig", "junit", "plan",
    "constants", "teams", "codeowners",
}  # fmt: skip
_LABELS = {"ai": "ai-assisted", "aiNone": "no-ai", "flag": "flag:"}


@dataclass(frozen=True, slots=True)
class ServiceMap:
    """Paths that belong to a service."""

    name: str
    paths: tuple[str, ...]
    tier: int | None = None


@dataclass(frozen=True, slots=True)
class FactsConfig:
    """Where facts come from. Without a file, the usual places."""

    services: tuple[ServiceMap, ...] = ()
    kinds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=lambda: dict(_LABELS))
    results: Mapping[str, str] = field(default_factory=dict)
    agent_files: tuple[str, ...] = AGENT_FILES
    junit: Mapping[str, str] = field(default_factory=dict)
    plan: str = ""
    constants: Mapping[str, Any] = field(default_factory=dict)
    teams: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    codeowners: tuple[str, ...] = OWNER_FILES
    present: bool = False


def usual_kinds() -> dict[str, tuple[str, ...]]:
    """Paths by kind of change, where an organisation said nothing else."""
    return {name: kind.paths for name, kind in catalogue.kinds().items()}


def _texts(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise GateError(f".guardrails/facts.yml: {where} must be a list of texts")
    return tuple(value)


def _service(item: Any) -> ServiceMap:
    if not isinstance(item, Mapping) or not isinstance(item.get("name"), str):
        raise GateError(".guardrails/facts.yml: each of services needs a name and paths")
    tier = item.get("tier")
    if tier is not None and (isinstance(tier, bool) or not isinstance(tier, int)):
        raise GateError(".guardrails/facts.yml: tier is a whole number")
    return ServiceMap(item["name"], _texts(item.get("paths"), "services.paths"), tier)


def _mapping(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise GateError(f".guardrails/facts.yml: {where} must be a mapping")
    return dict(value)


def _named(data: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = _mapping(data.get(key, {}), key)
    for name in found:
        if name not in FACTS:
            raise GateError(f".guardrails/facts.yml: {key}: there is no fact {name}")
    return found


def read_config(text: str | None) -> FactsConfig:
    """The configuration in ``text``; the usual places when there is none. Raises GateError."""
    if text is None or not text.strip():
        return FactsConfig(kinds=usual_kinds())
    try:
        docs = parse(text)
    except PolicyTextError as error:
        raise GateError(f".guardrails/facts.yml: {error}") from error
    data = docs[0] if docs else {}
    odd = sorted(set(data) - _KNOWN)
    if odd:
        raise GateError(f".guardrails/facts.yml: unknown key {', '.join(odd)}")
    kinds = _mapping(data.get("kinds", {}), "kinds")
    teams = _mapping(data.get("teams", {}), "teams")
    return FactsConfig(
        services=tuple(_service(item) for item in data.get("services", ())),
        kinds=usual_kinds() | {k: _texts(v, f"kinds.{k}") for k, v in kinds.items()},
        labels=_LABELS | _mapping(data.get("labels", {}), "labels"),
        results={k: str(v) for k, v in (_named(data, "results") | _named(data, "checks")).items()},
        agent_files=_texts(data.get("agentConfig", list(AGENT_FILES)), "agentConfig"),
        junit={k: str(v) for k, v in _named(data, "junit").items()},
        plan=str(data.get("plan") or ""),
        constants=_named(data, "constants"),
        teams={k: _texts(v, f"teams.{k}") for k, v in teams.items()},
        codeowners=_texts(
            data.get("codeowners", ["CODEOWNERS", ".github/CODEOWNERS"]), "codeowners"
        ),
        present=True,
    )
