"""Bodies in the shapes that vendors document, written for these tests; nobody real is in them."""

from typing import Any

SHA = "4f2a91c7d0b3e5a6879f1234567890abcdef1234"
REPO = {"full_name": "fernwick/checkout", "default_branch": "main"}


def github_pull_request(**changes: Any) -> dict[str, Any]:
    pull = {
        "number": 412,
        "merged": True,
        "merged_at": "2026-08-14T08:50:00Z",
        "merge_commit_sha": SHA,
        "title": "Halve the connection pool",
        "body": "Saves memory.\n\nCo-Authored-By: Claude <noreply@anthropic.com>",
        "user": {"login": "ines", "id": 7001, "type": "User"},
        "labels": [{"name": "config"}],
        "head": {"ref": "claude/pool-size"},
        "additions": 3,
        "deletions": 3,
        "changed_files": 1,
    }
    return {"action": "closed", "repository": REPO, "pull_request": {**pull, **changes}}


def github_push(ref: str = "refs/heads/main") -> dict[str, Any]:
    commit = {
        "id": SHA,
        "timestamp": "2026-08-14T10:50:00+02:00",
        "message": "Halve the connection pool (#412)\n\nAssisted-by: Codex",
        "author": {"name": "Ines", "email": "ines@fernwick.example"},
        "added": [],
        "modified": ["services/checkout/pool.py"],
        "removed": [],
    }
    return {"ref": ref, "repository": REPO, "commits": [commit]}


def github_deployment_status(state: str = "success") -> dict[str, Any]:
    return {
        "repository": REPO,
        "deployment": {
            "id": 9001, "sha": SHA, "ref": "main", "environment": "production",
            "created_at": "2026-08-14T08:58:00Z",
        },
        "deployment_status": {
            "state": state, "environment": "production", "created_at": "2026-08-14T09:02:00Z",
        },
    }  # fmt: skip


def github_review(state: str = "approved", kind: str = "User") -> dict[str, Any]:
    return {
        "action": "submitted",
        "repository": REPO,
        "pull_request": {"number": 412},
        "review": {"state": state, "user": {"login": "ravi", "type": kind}},
    }


def gitlab_merge_request(**changes: Any) -> dict[str, Any]:
    merge = {
        "action": "merge",
        "state": "merged",
        "iid": 12,
        "title": "Halve the connection pool",
        "description": "",
        "merge_commit_sha": SHA,
        "updated_at": "2026-08-14 08:50:00 UTC",
        "source_branch": "pool-size",
        "labels": [{"title": "config"}],
        "last_commit": {
            "id": "b" * 40,
            "message": "Halve the pool\n\nGenerated-by: Claude Code (Opus 4.8)",
            "author": {"name": "Ines", "email": "ines@fernwick.example"},
        },
    }
    return {
        "object_kind": "merge_request",
        "project": {"path_with_namespace": "fernwick/shop/checkout"},
        "object_attributes": {**merge, **changes},
    }


def gitlab_deployment(status: str = "success") -> dict[str, Any]:
    return {
        "object_kind": "deployment",
        "status": status,
        "status_changed_at": "2026-08-14 11:02:00 +0200",
        "deployment_id": 15,
        "environment": "production",
        "short_sha": SHA[:8],
        "commit_url": f"https://git.fernwick.example/fernwick/shop/checkout/-/commit/{SHA}",
        "project": {"path_with_namespace": "fernwick/shop/checkout"},
    }


def pagerduty(kind: str = "incident.triggered", **changes: Any) -> dict[str, Any]:
    data = {
        "id": "PGR0VU2",
        "type": "incident",
        "title": "Checkout error rate above 5 %",
        "status": "triggered",
        "created_at": "2026-08-14T09:20:00Z",
        "html_url": "https://fernwick.pagerduty.example/incidents/PGR0VU2",
        "service": {"id": "PF9KMXH", "summary": "checkout"},
        "priority": None,
        "urgency": "high",
    }
    return {
        "event": {
            "id": "5ac64822-4adc-4fda-ade0-410becf0de4f",
            "event_type": kind,
            "resource_type": "incident",
            "occurred_at": "2026-08-14T10:02:00Z",
            "agent": None,
            "client": None,
            "data": {**data, **changes},
        }
    }


def alertmanager(status: str = "firing", **changes: Any) -> dict[str, Any]:
    alert = {
        "status": status,
        "labels": {"alertname": "CheckoutErrors", "service": "checkout", "severity": "page"},
        "annotations": {"summary": "Checkout refuses one payment in five"},
        "startsAt": "2026-08-14T09:16:00.123456789Z",
        "endsAt": "2026-08-14T10:03:00Z" if status == "resolved" else "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.fernwick.example/graph",
        "fingerprint": "c0ffee0123456789",
    }
    body = {
        "version": "4",
        "groupKey": '{}:{alertname="CheckoutErrors"}',
        "truncatedAlerts": 0,
        "status": status,
        "receiver": "throughline",
        "groupLabels": {"alertname": "CheckoutErrors"},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alerts.fernwick.example",
        "alerts": [alert],
    }
    return {**body, **changes}


def cdevent(kind: str, subject: str, content: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "context": {
            "version": "0.5.1",
            "id": "271069a8-fc18-44f1-b38f-9d70a1695819",
            "source": "/deploy/production",
            "type": kind,
            "timestamp": "2026-08-14T09:02:00Z",
        },
        "subject": {"id": subject, "type": kind.split(".")[2], "content": content},
        **more,
    }


def cloudevent(data: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": data["context"]["id"],
        "source": data["context"]["source"],
        "type": data["context"]["type"],
        "datacontenttype": "application/json",
        "data": data,
    }


def devlake_deployment() -> dict[str, Any]:
    return {
        "id": "build-77",
        "createdDate": "2026-08-14T08:55:00+00:00",
        "startedDate": "2026-08-14T08:56:00+00:00",
        "finishedDate": "2026-08-14T09:02:00+00:00",
        "environment": "PRODUCTION",
        "result": "SUCCESS",
        "deploymentCommits": [
            {"repoUrl": "https://git.example/fernwick/checkout.git", "refName": "main",
             "commitSha": SHA}
        ],
    }  # fmt: skip


def devlake_incident() -> dict[str, Any]:
    return {
        "issue_key": "INC-9",
        "title": "Checkout refuses payments",
        "type": "INCIDENT",
        "status": "TODO",
        "created_date": "2026-08-14T09:16:00+00:00",
    }
