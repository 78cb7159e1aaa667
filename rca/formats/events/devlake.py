"""The shapes of Apache DevLake's webhook: deployments and incidents, old and new spelling."""

from typing import Any

from rca.domain.event import Delivery, DeploymentRecord, Event, SignalRecord
from rca.formats.events.fields import Malformed, instant, needed, repository, rows, text, tree


def read(delivery: Delivery) -> Event:
    """One deployment or issue; the fields tell which."""
    body = tree(delivery.body, "body")
    if (
        "deploymentCommits" in body
        or "deployment_commits" in body
        or "pipeline_id" in body
        or ("commit_sha" in body)
    ):
        return Event("deployment", deployments=(_deployment(body),))
    if "issueKey" in body or "issue_key" in body:
        return _issue(body)
    return Event("(neither deployment nor issue)", unknown=True)


def _either(body: dict[str, Any], *names: str) -> Any:
    return next((body[name] for name in names if body.get(name) not in (None, "")), None)


def _deployment(body: dict[str, Any]) -> DeploymentRecord:
    commits = rows(_either(body, "deploymentCommits", "deployment_commits"), "deploymentCommits")
    if not commits:
        commits = [body]
    changes, shas = [], []
    for commit in commits:
        sha = needed(_either(commit, "commitSha", "commit_sha"), "commitSha")
        address = text(_either(commit, "repoUrl", "repo_url"), "repoUrl", 2_000)
        shas.append(sha)
        changes.append(f"{repository(address)}@{sha}" if address else sha)
    identity = _either(body, "id", "pipeline_id", "pipelineId") or shas[0]
    started = _either(body, "startedDate", "started_date", "start_time", "createdDate")
    return DeploymentRecord(
        key=f"devlake:{needed(identity, 'id', 380)}",
        environment=text(body.get("environment"), "environment", 120).lower(),
        started_at=instant(started, "startedDate"),
        finished_at=instant(
            _either(body, "finishedDate", "finished_date", "end_time"), "finishedDate"
        ),
        result=text(body.get("result"), "result", 60).lower() or "success",
        ref=shas[0],
        changes=changes,
    )


def _issue(body: dict[str, Any]) -> Event:
    kind = text(body.get("type"), "type").upper()
    if kind and kind != "INCIDENT":
        return Event(f"issue.{kind.lower()}", ignored="It is an issue of another kind.")
    created = instant(_either(body, "createdDate", "created_date"), "createdDate")
    if created is None:
        raise Malformed("createdDate is missing")
    resolved = _either(body, "resolutionDate", "resolution_date")
    signal = SignalRecord(
        key=f"devlake:{needed(_either(body, 'issueKey', 'issue_key'), 'issueKey', 380)}",
        source="devlake",
        kind="incident",
        title=text(body.get("title"), "title", 2_000),
        urgency=text(_either(body, "severity", "priority"), "severity", 60),
        started_at=created,
        ended_at=instant(resolved, "resolutionDate"),
        url=text(body.get("url"), "url", 2_000),
    )
    return Event("incident", signals=(signal,), last_deployment_before=True)
