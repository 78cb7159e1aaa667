"""GitHub: pull_request, push, deployment_status, pull_request_review and issues.

A change is keyed ``owner/name@sha``, as a sync from git keys it, so that both meet in one row.
"""

from typing import Any

from rca.domain.change import ChangeRecord
from rca.domain.event import (
    Delivery,
    DeploymentRecord,
    Event,
    IssueMove,
    ReportedChange,
    Review,
)
from rca.domain.tracker import TrackerSays
from rca.formats.events.fields import (
    Malformed,
    body_text,
    instant,
    needed,
    needed_instant,
    rows,
    text,
    tree,
    whole,
)

_ENDED = {"success": "success", "failure": "failed", "error": "failed", "inactive": "superseded"}


def read(delivery: Delivery) -> Event:
    """One delivery; its kind is in the header."""
    kind = delivery.headers.get("x-github-event", "")
    body = tree(delivery.body, "body")
    readers = {
        "pull_request": _pull_request,
        "push": _push,
        "deployment_status": _deployment_status,
        "pull_request_review": _review,
        "issues": _issue,
    }
    if kind == "ping":
        return Event("ping", ignored="GitHub says hello; the webhook works.")
    if kind not in readers:
        return Event(kind or "(no X-GitHub-Event header)", unknown=True)
    return readers[kind](body)


def _repo(body: dict[str, Any]) -> str:
    return needed(
        tree(body.get("repository"), "repository").get("full_name"), "repository.full_name"
    )


def _pull_request(body: dict[str, Any]) -> Event:
    repo, pull = _repo(body), tree(body.get("pull_request"), "pull_request")
    action = text(body.get("action"), "action")
    kind = f"pull_request.{action}"
    if not pull:
        raise Malformed("pull_request is missing")
    if pull.get("merged") is not True:
        return Event(kind, ignored="It is not merged.")
    sha = needed(pull.get("merge_commit_sha"), "pull_request.merge_commit_sha")
    head, user = (
        tree(pull.get("head"), "pull_request.head"),
        tree(pull.get("user"), "pull_request.user"),
    )
    title = text(pull.get("title"), "pull_request.title", 2_000)
    record = ChangeRecord(
        key=f"{repo}@{sha}",
        merged_at=needed_instant(pull.get("merged_at"), "pull_request.merged_at"),
        repo=repo,
        title=title,
        labels=[text(one.get("name"), "label") for one in rows(pull.get("labels"), "labels")],
        files=whole(pull.get("changed_files"), "pull_request.changed_files"),
        lines_added=whole(pull.get("additions"), "pull_request.additions"),
        lines_deleted=whole(pull.get("deletions"), "pull_request.deletions"),
    )
    login, number = text(user.get("login"), "user.login"), whole(user.get("id"), "user.id")
    told = ReportedChange(
        record,
        message=f"{title}\n\n{body_text(pull.get('body'), 'pull_request.body')}",
        branch=text(head.get("ref"), "pull_request.head.ref", 400),
        author_name=login,
        author_email=f"{number}+{login}@users.noreply.github.com" if number else "",
        subject=f"{repo}#{whole(pull.get('number'), 'pull_request.number')}",
    )
    return Event(kind, changes=(told,))


def _push(body: dict[str, Any]) -> Event:
    repo = _repo(body)
    main = text(tree(body.get("repository"), "repository").get("default_branch"), "default_branch")
    if text(body.get("ref"), "ref", 400) != f"refs/heads/{main or 'main'}":
        return Event("push", ignored="It is not a push to the default branch.")
    return Event(
        "push", changes=tuple(_commit(repo, row) for row in rows(body.get("commits"), "commits"))
    )


def _commit(repo: str, row: dict[str, Any]) -> ReportedChange:
    message = body_text(row.get("message"), "commits.message")
    author = tree(row.get("author"), "commits.author")
    paths: list[str] = []
    for name in ("added", "modified", "removed"):
        listed = row.get(name) or []
        if not isinstance(listed, list):
            raise Malformed(f"commits.{name} is not a list")
        paths += [text(path, f"commits.{name}", 2_000) for path in listed]
    record = ChangeRecord(
        key=f"{repo}@{needed(row.get('id'), 'commits.id')}",
        merged_at=needed_instant(row.get("timestamp"), "commits.timestamp"),
        repo=repo,
        title=" ".join(message.partition("\n")[0].split())[:2_000],
        paths=paths,
        files=len(paths),
    )
    return ReportedChange(
        record,
        message=message,
        author_name=text(author.get("name"), "commits.author.name"),
        author_email=text(author.get("email"), "commits.author.email"),
    )


def _deployment_status(body: dict[str, Any]) -> Event:
    repo = _repo(body)
    status = tree(body.get("deployment_status"), "deployment_status")
    deployment = tree(body.get("deployment"), "deployment")
    state = needed(status.get("state"), "deployment_status.state")
    sha = needed(deployment.get("sha"), "deployment.sha")
    ended = state in _ENDED
    environment = status.get("environment") or deployment.get("environment")
    record = DeploymentRecord(
        key=f"{repo}#deployment-{needed(deployment.get('id'), 'deployment.id')}",
        environment=text(environment, "environment", 120),
        started_at=instant(deployment.get("created_at"), "deployment.created_at"),
        finished_at=instant(status.get("created_at"), "deployment_status.created_at")
        if ended
        else None,
        result=_ENDED.get(state, state)[:60],
        ref=sha,
        changes=[f"{repo}@{sha}"],
    )
    if state == "inactive":
        return Event("deployment_status.inactive", ignored="A later deployment took its place.")
    return Event(f"deployment_status.{state}", deployments=(record,))


def _review(body: dict[str, Any]) -> Event:
    repo, pull = _repo(body), tree(body.get("pull_request"), "pull_request")
    review = tree(body.get("review"), "review")
    user = tree(review.get("user"), "review.user")
    number = whole(pull.get("number"), "pull_request.number")
    if number is None:
        raise Malformed("pull_request.number is missing")
    approved = text(review.get("state"), "review.state").lower() == "approved"
    bot = text(user.get("type"), "review.user.type") == "Bot"
    return Event(
        f"pull_request_review.{text(body.get('action'), 'action')}",
        reviews=(Review(f"{repo}#{number}", approved, bot),),
    )


_NOT_DONE = {"not_planned": "closed as not planned", "duplicate": "closed as a duplicate"}


def _issue(body: dict[str, Any]) -> Event:
    """An issue that was closed or opened again; whatever else happens to one is not ours."""
    action, issue = text(body.get("action"), "action"), tree(body.get("issue"), "issue")
    kind = f"issues.{action}"
    if action not in ("closed", "reopened"):
        return Event(kind, ignored="It was neither closed nor opened again.")
    reason = text(issue.get("state_reason"), "issue.state_reason")
    if action == "reopened":
        says, note = TrackerSays.OPEN, "opened again"
    elif reason in _NOT_DONE:
        says, note = TrackerSays.DROPPED, _NOT_DONE[reason]
    else:
        says, note = TrackerSays.DONE, "closed as completed"
    move = IssueMove(
        url=needed(issue.get("html_url"), "issue.html_url", 2_000),
        says=says,
        at=needed_instant(issue.get("updated_at"), "issue.updated_at"),
        note=note,
    )
    return Event(kind, issues=(move,))
