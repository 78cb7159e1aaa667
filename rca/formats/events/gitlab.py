"""GitLab: merge request, deployment and issue hooks."""

from typing import Any

from rca.domain.change import ChangeRecord
from rca.domain.event import Delivery, DeploymentRecord, Event, IssueMove, ReportedChange
from rca.domain.tracker import TrackerSays
from rca.formats.events.fields import body_text, instant, needed, needed_instant, rows, text, tree

_ENDED = {"success": "success", "failed": "failed", "canceled": "cancelled"}


def read(delivery: Delivery) -> Event:
    """One delivery; its kind is in the body."""
    body = tree(delivery.body, "body")
    kind = text(body.get("object_kind"), "object_kind")
    if kind == "merge_request":
        return _merge_request(body)
    if kind == "deployment":
        return _deployment(body)
    if kind in ("issue", "work_item"):
        return _issue(kind, body)
    return Event(kind or "(no object_kind)", unknown=True)


def _repo(body: dict[str, Any]) -> str:
    path = tree(body.get("project"), "project").get("path_with_namespace")
    return needed(path, "project.path_with_namespace")


def _merge_request(body: dict[str, Any]) -> Event:
    repo, merge = _repo(body), tree(body.get("object_attributes"), "object_attributes")
    kind = f"merge_request.{text(merge.get('action'), 'object_attributes.action')}"
    if text(merge.get("state"), "object_attributes.state") != "merged":
        return Event(kind, ignored="It is not merged.")
    last = tree(merge.get("last_commit"), "object_attributes.last_commit")
    author = tree(last.get("author"), "last_commit.author")
    sha = merge.get("merge_commit_sha") or merge.get("squash_commit_sha") or last.get("id")
    at = merge.get("merged_at") or merge.get("updated_at")
    title = text(merge.get("title"), "object_attributes.title", 2_000)
    labels = rows(merge.get("labels") or body.get("labels"), "labels")
    record = ChangeRecord(
        key=f"{repo}@{needed(sha, 'object_attributes.merge_commit_sha')}",
        merged_at=needed_instant(at, "object_attributes.merged_at"),
        repo=repo,
        title=title,
        labels=[text(label.get("title"), "labels.title") for label in labels],
    )
    parts = (title, body_text(merge.get("description"), "description"),
             body_text(last.get("message"), "last_commit.message"))  # fmt: skip
    told = ReportedChange(
        record,
        message="\n\n".join(part for part in parts if part),
        branch=text(merge.get("source_branch"), "object_attributes.source_branch", 400),
        author_name=text(author.get("name"), "last_commit.author.name"),
        author_email=text(author.get("email"), "last_commit.author.email"),
    )
    return Event(kind, changes=(told,))


def _deployment(body: dict[str, Any]) -> Event:
    repo, status = _repo(body), needed(body.get("status"), "status")
    # The hook carries the short id; the full one is the end of the commit's address.
    sha = text(body.get("commit_url"), "commit_url", 2_000).rpartition("/commit/")[2]
    sha = sha or text(body.get("short_sha"), "short_sha")
    at = instant(body.get("status_changed_at"), "status_changed_at")
    ended = status in _ENDED
    record = DeploymentRecord(
        key=f"{repo}#deployment-{needed(body.get('deployment_id'), 'deployment_id')}",
        environment=text(body.get("environment"), "environment", 120),
        started_at=None if ended else at,
        finished_at=at if ended else None,
        result=_ENDED.get(status, status)[:60],
        ref=sha or text(body.get("ref"), "ref", 400),
        changes=[f"{repo}@{sha}"] if sha else [],
    )
    return Event(f"deployment.{status}", deployments=(record,))


def _issue(kind: str, body: dict[str, Any]) -> Event:
    """An issue that was closed or opened again. GitLab does not tell why it was closed."""
    issue = tree(body.get("object_attributes"), "object_attributes")
    action = text(issue.get("action"), "object_attributes.action")
    says = {"close": TrackerSays.DONE, "reopen": TrackerSays.OPEN}.get(action)
    if says is None:
        return Event(f"{kind}.{action}", ignored="It was neither closed nor opened again.")
    move = IssueMove(
        url=needed(issue.get("url"), "object_attributes.url", 2_000),
        says=says,
        at=needed_instant(issue.get("updated_at"), "object_attributes.updated_at"),
        note="closed" if says is TrackerSays.DONE else "opened again",
    )
    return Event(f"{kind}.{action}", issues=(move,))
