"""From a git range, an event and ``facts.yml`` to one change record."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mining.policy import globs
from rca.gate.config import FactsConfig
from rca.gate.events import approvers, change_type, read_event
from rca.gate.found import Found, GateError
from rca.gate.git import CommitText, Range, show

MOST_BYTES = 20_000_000


def _touching(paths: tuple[str, ...], patterns: tuple[str, ...]) -> bool:
    """One expression over all patterns: thousands of single ones would cost as much as git."""
    found = globs.any_of(patterns).fullmatch
    return any(found(path) for path in paths)


def _from_paths(found: Found, paths: tuple[str, ...], config: FactsConfig) -> None:
    found.tell("paths", list(paths), "the git range")
    kinds = sorted(name for name, own in config.kinds.items() if _touching(paths, own))
    found.tell("change.kinds", kinds, "paths, by facts.yml" if config.present else "usual paths")
    found.tell("agentConfig.changed", _touching(paths, config.agent_files), "paths")
    touched = [service for service in config.services if _touching(paths, service.paths)]
    found.services = tuple(service.name for service in touched)
    if len(touched) == 1:
        found.tell("service.name", touched[0].name, "paths, by facts.yml")
        found.tell("service.tier", touched[0].tier, "paths, by facts.yml")
    elif touched:
        names = ", ".join(service.name for service in touched)
        found.unknown("service.name", f"the paths belong to {names}")
        known = [service.tier for service in touched if service.tier is not None]
        if known:
            found.tell("service.tier", min(known), "the gravest of the services touched")
    else:
        found.unknown("service.name", "no service in facts.yml owns these paths")


def _from_commits(found: Found, commits: tuple[CommitText, ...]) -> None:
    from rca.provenance import Commit, judge

    verdicts = [
        judge(
            Commit(
                sha=item.sha,
                message=item.message,
                author_name=item.author_name,
                author_email=item.author_email,
                committer_name=item.committer_name,
                committer_email=item.committer_email,
            )
        )
        for item in commits
    ]
    for said in verdicts:
        if said.state == "evidenced":
            where = f"commit {said.sha[:10]}"
            found.tell("ai.influenced", True, where)
            found.tell("ai.tools", [said.tool] if said.tool else None, where)
            found.tell("provenance.model", said.model or None, where)
            found.tell("provenance.sessionRef", said.session_ref or None, where)
    if verdicts and all(said.state == "attested_none" for said in verdicts):
        found.tell("ai.influenced", False, "every commit attests none")
    found.unknown("ai.influenced", "no trailer, note or label says so; absence is not evidence")


def _owners_of(text: str, path: str) -> tuple[str, ...]:
    """Owners in CODEOWNERS: the last matching line wins."""
    owners: tuple[str, ...] = ()
    for line in text.splitlines():
        words = line.split("#", 1)[0].split()
        if words and _owned(words[0], path):
            owners = tuple(words[1:])
    return owners


def _owned(pattern: str, path: str) -> bool:
    bare = pattern.lstrip("/")
    anchored = pattern.startswith("/") or "/" in bare.rstrip("/")
    bare = bare.rstrip("/") + "/**" if bare.endswith("/") else bare
    if globs.problem(bare):
        return False
    forms = [bare, f"{bare}/**"] + ([] if anchored else [f"**/{bare}", f"**/{bare}/**"])
    return any(globs.matches(form, path) for form in forms if not globs.problem(form))


def _approvals(
    found: Found, event: Mapping[str, Any], owners: str | None, config: FactsConfig
) -> None:
    named = approvers(event)
    if named is None:
        found.unknown("approvals.owners", "the event carries no reviews")
        return
    if owners is None:
        found.unknown("approvals.owners", "there is no CODEOWNERS in the base revision")
        return
    per_path = []
    for path in found.value("paths", []):
        who = _owners_of(owners, path)
        people = {name.lstrip("@") for name in who if "/" not in name}
        for team in (name.lstrip("@") for name in who if "/" in name):
            if team not in config.teams:
                found.unknown("approvals.owners", f"facts.yml does not say who is in {team}")
                return
            people |= set(config.teams[team])
        if not people:
            found.unknown("approvals.owners", f"nobody owns {path}")
            return
        per_path.append(len(people & set(named)))
    found.tell("approvals.owners", min(per_path, default=0), "reviews and CODEOWNERS")


def _read(repo: Path, pattern: str) -> list[str]:
    return [
        place.read_text(encoding="utf-8", errors="replace")
        for place in sorted(repo.glob(pattern))
        if place.is_file() and place.stat().st_size <= MOST_BYTES
    ]


def _junit(found: Found, repo: Path, config: FactsConfig) -> None:
    for fact, pattern in config.junit.items():
        texts = _read(repo, pattern)
        if not texts:
            found.unknown(fact, f"no file matches {pattern}")
            continue
        found.tell(fact, _junit_result(texts), f"JUnit files {pattern}")


def _junit_result(texts: list[str]) -> str:
    """By the tags alone: no XML parser has to be trusted with a file from a build."""
    if any("<failure" in text or "<error" in text for text in texts):
        return "failed"
    return "passed" if any("<testcase" in text for text in texts) else "not_run"


def _plan(found: Found, repo: Path, config: FactsConfig) -> None:
    if not config.plan:
        return
    texts = _read(repo, config.plan)
    try:
        plan = json.loads(texts[0]) if texts else None
    except ValueError:
        plan = None
    changes = plan.get("resource_changes") if isinstance(plan, dict) else None
    if not isinstance(changes, list):
        found.unknown("infra.destroys", f"{config.plan} is not there or is no plan")
        return
    parts = [item.get("change", {}) for item in changes if isinstance(item, dict)]
    doomed = sum("delete" in part.get("actions", ()) for part in parts)
    found.tell("infra.destroys", doomed, f"plan {config.plan}")
    after = [part.get("after") for part in parts if isinstance(part.get("after"), dict)]
    kept = [item["deletion_protection"] for item in after if "deletion_protection" in item]
    if kept:
        found.tell("infra.deletionProtection", all(kept), f"plan {config.plan}")


def collect(
    config: FactsConfig,
    *,
    repo: Path,
    span: Range | None,
    event: Mapping[str, Any] | None = None,
    extra: Mapping[str, Any] | None = None,
) -> Found:
    """Everything that can be known. The event speaks first, then files, then git."""
    found = Found()
    for name, value in (extra or {}).items():
        found.tell(name, value, "--facts")
    if event is not None:
        read_event(found, event, config)
    for name, value in config.constants.items():
        found.tell(name, value, "a constant in facts.yml")
    _junit(found, repo, config)
    _plan(found, repo, config)
    if span is not None:
        _from_range(found, repo, span, event or {}, config)
    return found


def _from_range(
    found: Found, repo: Path, span: Range, event: Mapping[str, Any], config: FactsConfig
) -> None:
    _from_paths(found, span.paths, config)
    found.tell("change.lines", span.lines, "the git range")
    found.tell("repo", span.remote or None, "the remote's address")
    found.tell("at", span.commits[0].at if span.commits else None, "the newest commit")
    first = span.commits[-1].message.splitlines()[0] if span.commits else ""
    found.tell("type", change_type(first, []), "the first commit")
    _from_commits(found, span.commits)
    texts = (show(repo, span.base, place) for place in config.codeowners) if event else ()
    owners = next((text for text in texts if text is not None), None)
    _approvals(found, event, owners, config)


def read_json(path: Path) -> Mapping[str, Any]:
    """A JSON object from a file. Raises GateError."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise GateError(f"{path}: {error}") from error
    if not isinstance(value, dict):
        raise GateError(f"{path}: not a JSON object")
    return value
