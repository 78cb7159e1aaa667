"""What can be known of a change: one typed registry.

A fact is read or it is unknown. A missing key, a null, a value of another type and the word
``unknown`` in a closed list are all unknown, each with its reason. Nothing is coerced: ``"2"`` is
not two approvals, and ``1`` is not true.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Kind = Literal["boolean", "integer", "number", "text", "choice", "text_list", "instant"]
Missing = Literal["missing", "null", "wrong type", "said to be unknown"]

SAFE_INTEGER = 2**53
_LEAP = (
    r"(?:19(?:7[26]|8[048]|9[26])|20(?:[02468][048]|[13579][26])"
    r"|21(?:0[48]|[2468][048]|[13579][26]))"
)
INSTANT = (
    r"(?:(?:19[7-9][0-9]|2[01][0-9]{2})-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
    rf"|{_LEAP}-02-29)"
    r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?"
    r"(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
"""An RFC 3339 instant with a zone, 1970 to 2199. Exports carry this very pattern, so that every
engine agrees on which texts are times at all."""
_INSTANT = re.compile(INSTANT)


@dataclass(frozen=True)
class Fact:
    """One thing that a rule may ask about a change or a deploy."""

    name: str
    kind: Kind
    label: str
    source: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reading:
    """The value of a fact in one record, or why it is unknown."""

    value: object = None
    missing: Missing | None = None

    @property
    def known(self) -> bool:
        """Whether the fact was read."""
        return self.missing is None


_RESULT = ("passed", "failed", "not_run")
_FACTS = (
    Fact("repo", "text", "Repository", "the checkout or the event"),
    Fact("at", "instant", "Time of the change or deploy", "the event; else the newest commit"),
    Fact("type", "text", "Type of change", "the title's prefix, or a label"),
    Fact("paths", "text_list", "Paths changed", "the git range"),
    Fact("labels", "text_list", "Labels", "the pull request"),
    Fact("checks", "text_list", "Check runs that passed", "check runs of the head commit"),
    Fact("flags", "text_list", "Feature flags that guard the change", "labels or a flag manifest"),
    Fact("change.kinds", "text_list", "Kinds of change", "paths and labels, by facts.yml"),
    Fact("change.lines", "integer", "Lines changed", "the git range"),
    Fact("ai.influenced", "boolean", "AI had a part in the change", "trailers, notes or a label"),
    Fact("ai.tools", "text_list", "AI tools named", "trailers and notes"),
    Fact(
        "ai.autonomy",
        "choice",
        "How far AI acted on its own",
        "trailers, notes or a label",
        ("suggested", "drafted", "acted_with_approval", "acted_unattended"),
    ),
    Fact("provenance.model", "text", "Model named", "trailers and notes"),
    Fact("provenance.sessionRef", "text", "Reference to the AI session", "trailers and notes"),
    Fact("agentConfig.changed", "boolean", "Instructions to agents changed", "paths, by facts.yml"),
    Fact("service.name", "text", "Service", "paths, by facts.yml; or the deploy event"),
    Fact("service.tier", "integer", "Tier of the service (0 is the gravest)", "service catalogue"),
    Fact("approvals.owners", "integer", "Approvals by the owning team", "reviews and CODEOWNERS"),
    Fact("approvals.selfMerge", "boolean", "Merged by its author", "the pull request"),
    Fact("tests.contract", "choice", "Contract tests", "check runs or JUnit files", _RESULT),
    Fact("tests.fuzz", "choice", "Fuzz tests", "check runs or JUnit files", _RESULT),
    Fact("tests.property", "choice", "Property tests", "check runs or JUnit files", _RESULT),
    Fact("secrets.found", "boolean", "A scanner found a secret in the diff", "the scanner's check"),
    Fact("infra.destroys", "integer", "Resources the plan destroys", "plan JSON"),
    Fact(
        "infra.deletionProtection",
        "boolean",
        "Data stores in the plan keep deletion protection",
        "plan JSON",
    ),
    Fact("migration.reversible", "boolean", "The migration has a way back", "migration check"),
    Fact("deploy.ref", "text", "Commit that the deploy names", "the deploy event"),
    Fact("deploy.pr", "text", "Pull request that the deploy names", "the deploy event"),
    Fact(
        "deploy.linked",
        "boolean",
        "The deploy links to its commit, pull request and build",
        "the deploy event",
    ),
    Fact(
        "rollout.strategy",
        "choice",
        "Rollout strategy",
        "the deploy event or the rollout object",
        ("all-at-once", "rolling", "canary", "blue-green", "flag"),
    ),
    Fact("rollout.autoRollback", "boolean", "Rollback is automatic", "rollout object"),
    Fact("rollout.maxRegions", "integer", "Regions in the first step", "rollout object"),
    Fact("rollout.firstStepPercent", "number", "Traffic in the first step (%)", "rollout object"),
    Fact("freeze.active", "boolean", "A freeze window is on", "freeze windows of the service"),
    Fact("killSwitch.testedDays", "integer", "Days since the kill switch was tried", "catalogue"),
    Fact("drill.lastPassedDays", "integer", "Days since a drill passed", "drills of the service"),
    Fact("rca.overdueDays", "integer", "Days the oldest review is overdue", "postmortems"),
)
FACTS: Mapping[str, Fact] = {fact.name: fact for fact in _FACTS}
"""Every fact by its dotted name."""


_PARTS = {name: tuple(name.split(".")) for name in FACTS}


def instant(text: object) -> datetime | None:
    """The aware time that ``text`` states, or None when it is no RFC 3339 instant."""
    if not isinstance(text, str) or not _INSTANT.fullmatch(text):
        return None
    return datetime.fromisoformat(text)


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= SAFE_INTEGER  # false for NaN and infinity too


def _is_integer(value: object) -> bool:
    return _is_number(value) and float(value).is_integer()  # type: ignore[arg-type]


def _is_text_list(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)


_CHECKS: Mapping[Kind, Callable[[object], bool]] = {
    "boolean": lambda value: isinstance(value, bool),
    "integer": _is_integer,
    "number": _is_number,
    "text": lambda value: isinstance(value, str),
    "choice": lambda value: isinstance(value, str),
    "text_list": _is_text_list,
    "instant": lambda value: instant(value) is not None,
}


def has_kind(kind: Kind, value: object) -> bool:
    """Whether ``value`` is of that kind as it stands, without any conversion."""
    return _CHECKS[kind](value)


def _dig(record: object, name: str) -> Reading:
    here: object = record
    for part in _PARTS[name]:
        # The exact type first: records are plain dicts, and the abstract check costs ten times.
        if (type(here) is not dict and not isinstance(here, Mapping)) or part not in here:
            return Reading(missing="missing")
        here = here[part]
    return Reading(here) if here is not None else Reading(missing="null")


def read(record: object, name: str) -> Reading:
    """Read one fact from a change record. A name outside the registry is always missing."""
    fact = FACTS.get(name)
    if fact is None:
        return Reading(missing="missing")
    found = _dig(record, name)
    if found.known and not has_kind(fact.kind, found.value):
        return Reading(missing="wrong type")
    if found.known and fact.kind == "choice" and found.value == "unknown":
        return Reading(missing="said to be unknown")
    return found


def supplied(records: Sequence[object], name: str) -> int:
    """In how many of the records the fact is known."""
    return sum(read(record, name).known for record in records)
