"""What a pull-request or deploy event says: GitHub, GitLab, or a plain change record."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rca.gate.config import FactsConfig
from rca.gate.found import Found, flatten

_TYPE = re.compile(r"(?P<type>[a-z]+)(?:\([^)]*\))?!?:\s")
_TYPES = {"feat": "feature", "fix": "fix", "docs": "docs", "revert": "revert"}
_RESULTS = {"success": "passed", "neutral": "passed", "skipped": "not_run", "failure": "failed",
            "timed_out": "failed", "cancelled": "not_run", "action_required": "failed"}  # fmt: skip


def change_type(title: str, labels: Sequence[str]) -> str | None:
    """Type of the change by its title's prefix, git's own words for a revert, or a label."""
    if title.startswith('Revert "'):
        return "revert"
    match = _TYPE.match(title)
    if match:
        return _TYPES.get(match["type"], match["type"])
    return next((name for name in labels if name in _TYPES.values()), None)


def _names(value: Any, key: str) -> list[str]:
    items = value if isinstance(value, list) else []
    found = [item.get(key) if isinstance(item, Mapping) else item for item in items]
    return [item for item in found if isinstance(item, str)]


def _dig(value: Any, *path: str) -> Any:
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _labels(found: Found, labels: list[str], config: FactsConfig, source: str) -> None:
    found.tell("labels", labels, source)
    if config.labels["ai"] in labels:
        found.tell("ai.influenced", True, f"label {config.labels['ai']}")
    elif config.labels["aiNone"] in labels:
        found.tell("ai.influenced", False, f"label {config.labels['aiNone']}")
    prefix = config.labels["flag"]
    found.tell("flags", [n[len(prefix) :] for n in labels if n.startswith(prefix)], "labels")


def check_runs(found: Found, runs: Any, config: FactsConfig, source: str) -> None:
    """Results of check runs, when the event carries them."""
    if not isinstance(runs, list):
        found.unknown("checks", "the event carries no check runs")
        return
    results = {
        run["name"]: _RESULTS.get(str(run.get("conclusion")), "unknown")
        for run in runs
        if isinstance(run, Mapping) and isinstance(run.get("name"), str)
    }
    found.tell("checks", sorted(n for n, r in results.items() if r == "passed"), source)
    for fact, name in config.results.items():
        _result(found, fact, name, results.get(name))


def _result(found: Found, fact: str, name: str, result: str | None) -> None:
    if result is None:
        found.unknown(fact, f"no check run named {name}")
    elif fact.startswith("tests."):
        found.tell(fact, result, f"check run {name}")
    elif result in ("passed", "failed"):
        good = fact != "secrets.found"
        found.tell(fact, (result == "passed") == good, f"check run {name}")
    else:
        found.unknown(fact, f"check run {name} has no result")


def _github(found: Found, event: Mapping[str, Any], config: FactsConfig) -> None:
    pull = event["pull_request"]
    labels = _names(pull.get("labels"), "name")
    source = "the pull request"
    _labels(found, labels, config, source)
    found.tell("repo", _dig(pull, "base", "repo", "full_name"), source)
    found.tell("at", pull.get("merged_at") or pull.get("updated_at"), source)
    found.tell("type", change_type(str(pull.get("title") or ""), labels), "the title or a label")
    author, merger = _dig(pull, "user", "login"), _dig(pull, "merged_by", "login")
    if author and merger:
        found.tell("approvals.selfMerge", author == merger, source)
    else:
        found.unknown("approvals.selfMerge", "the pull request is not merged yet")
    check_runs(found, event.get("check_runs"), config, "check runs in the event")


def _gitlab(found: Found, event: Mapping[str, Any], config: FactsConfig) -> None:
    merge = event.get("object_attributes") or {}
    labels = _names(event.get("labels"), "title")
    source = "the merge request"
    _labels(found, labels, config, source)
    found.tell("repo", _dig(event, "project", "path_with_namespace"), source)
    found.tell("type", change_type(str(merge.get("title") or ""), labels), "the title or a label")
    found.unknown("approvals.selfMerge", "a merge request event does not say who merges")
    check_runs(found, event.get("check_runs"), config, "check runs in the event")


def approvers(event: Mapping[str, Any]) -> list[str] | None:
    """Logins whose newest review approves, without the author's; None when no reviews are given."""
    reviews = event.get("reviews")
    if not isinstance(reviews, list):
        return None
    newest: dict[str, str] = {}
    for review in reviews:
        login, state = _dig(review, "user", "login"), str(_dig(review, "state") or "").upper()
        if isinstance(login, str) and state in ("APPROVED", "CHANGES_REQUESTED", "DISMISSED"):
            newest[login] = state
    author = _dig(event, "pull_request", "user", "login")
    return sorted(n for n, state in newest.items() if state == "APPROVED" and n != author)


def read_event(found: Found, event: Mapping[str, Any], config: FactsConfig) -> None:
    """Take what the event knows, in the manner of whoever sent it."""
    if isinstance(event.get("pull_request"), Mapping):
        _github(found, event, config)
        return
    if event.get("object_kind") == "merge_request":
        _gitlab(found, event, config)
        return
    if event.get("subject") in ("change", "deploy"):
        found.subject = str(event["subject"])
    for name, value in flatten(event).items():
        found.tell(name, value, "the event")
    if isinstance(event.get("labels"), list):
        _labels(found, _names(event["labels"], "name"), config, "the event")
