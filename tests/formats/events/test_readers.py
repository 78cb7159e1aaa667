"""Each vendor's bodies as one shape; what is new is unknown, what is broken says where."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from rca.domain.event import Delivery, Event
from rca.formats.events import READERS, Malformed
from rca.formats.events.fields import instant, repository
from tests.formats.events import shapes


def _read(source: str, body: Any, **headers: str) -> Event:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return READERS[source](Delivery(named, body))


def test_github_pull_request() -> None:
    event = _read("github", shapes.github_pull_request(), x_github_event="pull_request")
    [told] = event.changes
    assert told.record.key == f"fernwick/checkout@{shapes.SHA}"
    assert (told.record.lines, told.record.files, told.record.labels) == (6, 1, ["config"])
    assert (told.branch, told.subject) == ("claude/pool-size", "fernwick/checkout#412")
    open_one = shapes.github_pull_request(merged=False)
    assert _read("github", open_one, x_github_event="pull_request").ignored


def test_github_push_takes_the_default_branch_only() -> None:
    event = _read("github", shapes.github_push(), x_github_event="push")
    [told] = event.changes
    assert told.record.merged_at == datetime(2026, 8, 14, 8, 50, tzinfo=UTC)
    assert told.record.paths == ["services/checkout/pool.py"]
    assert _read("github", shapes.github_push("refs/heads/x"), x_github_event="push").ignored


@pytest.mark.parametrize(
    ("state", "result", "ended"),
    [
        ("success", "success", True),
        ("failure", "failed", True),
        ("in_progress", "in_progress", False),
    ],
)
def test_github_deployment_status(state: str, result: str, ended: bool) -> None:
    body = shapes.github_deployment_status(state)
    [record] = _read("github", body, x_github_event="deployment_status").deployments
    assert (record.result, record.finished_at is not None) == (result, ended)
    assert record.changes == [f"fernwick/checkout@{shapes.SHA}"]


def test_gitlab() -> None:
    [told] = _read("gitlab", shapes.gitlab_merge_request()).changes
    assert told.record.key == f"fernwick/shop/checkout@{shapes.SHA}"
    assert told.record.merged_at == datetime(2026, 8, 14, 8, 50, tzinfo=UTC)
    assert "Generated-by" in told.message
    [record] = _read("gitlab", shapes.gitlab_deployment()).deployments
    assert record.finished_at == datetime(2026, 8, 14, 9, 2, tzinfo=UTC)
    assert record.changes == [told.record.key]


def test_pagerduty_with_and_without_priority() -> None:
    [signal] = _read("pagerduty", shapes.pagerduty()).signals
    assert (signal.key, signal.urgency, signal.ended_at) == ("pagerduty:PGR0VU2", "high", None)
    body = shapes.pagerduty("incident.resolved", priority={"summary": "P1"})
    [signal] = _read("pagerduty", body).signals
    assert (signal.urgency, signal.ended_at) == ("P1", datetime(2026, 8, 14, 10, 2, tzinfo=UTC))
    assert _read("pagerduty", shapes.pagerduty("service.updated")).unknown


def test_alertmanager_year_one_is_not_an_end() -> None:
    [firing] = _read("alertmanager", shapes.alertmanager()).signals
    [resolved] = _read("alertmanager", shapes.alertmanager("resolved")).signals
    assert (firing.kind, firing.ended_at) == ("alert", None)
    assert resolved.key == firing.key
    assert resolved.ended_at is not None
    assert _read("alertmanager", shapes.alertmanager(version="3")).unknown


@pytest.mark.parametrize("version", ["0.1.0", "0.3.0-draft", "0.6.0"])
@pytest.mark.parametrize("wrapped", [False, True])
def test_cdevents_of_any_version_in_both_envelopes(version: str, wrapped: bool) -> None:
    kind = f"dev.cdevents.service.deployed.{version}"
    content = {"environment": {"id": "production"}, "artifactId": "pkg:oci/checkout@sha256:0b3"}
    body = shapes.cdevent(kind, "ns/checkout", content)
    [record] = _read("cdevents", shapes.cloudevent(body) if wrapped else body).deployments
    assert (record.service, record.environment, record.result) == (
        "checkout",
        "production",
        "success",
    )


def test_cdevents_incidents_changes_and_what_is_new() -> None:
    opened = shapes.cdevent("dev.cdevents.incident.detected.0.2.0", "i1", {"description": "Down"})
    closed = shapes.cdevent("dev.cdevents.incident.resolved.0.2.0", "i1", {})
    [one], [two] = _read("cdevents", opened).signals, _read("cdevents", closed).signals
    assert one.key == two.key
    assert (one.started_at is None, two.ended_at is None) == (False, False)
    content = {"repository": {"id": "https://git.example/fernwick/checkout"}}
    merged = shapes.cdevent("dev.cdevents.change.merged.0.2.0", "abc", content,
                            customData={"throughline": {"ai": "evidenced"}})  # fmt: skip
    [told] = _read("cdevents", merged).changes
    assert (told.record.key, told.record.ai_state.value) == ("fernwick/checkout@abc", "evidenced")
    assert _read("cdevents", shapes.cdevent("dev.cdevents.approval.granted.0.1.0", "x", {})).unknown


def test_devlake_both_spellings() -> None:
    [record] = _read("devlake", shapes.devlake_deployment()).deployments
    assert record.changes == [f"fernwick/checkout@{shapes.SHA}"]
    old = {"pipeline_id": "77", "commit_sha": "abc", "repo_url": "git@x.example:fernwick/checkout.git",
           "start_time": "2026-08-14T08:55:00Z"}  # fmt: skip
    [record] = _read("devlake", old).deployments
    assert (record.key, record.changes) == ("devlake:77", ["fernwick/checkout@abc"])
    event = _read("devlake", shapes.devlake_incident())
    assert event.last_deployment_before
    assert event.signals[0].title == "Checkout refuses payments"


@pytest.mark.parametrize("text", ["2026-13-40", "yesterday", "9" * 400])
def test_times_that_are_none(text: str) -> None:
    with pytest.raises(Malformed, match="x is not a time"):
        instant(text, "x")


def test_repository_of_an_address() -> None:
    for address in ("https://h.example/a/b.git", "git@h.example:a/b.git", "a/b", "ssh://h:22/a/b/"):
        assert repository(address) == "a/b"


_ALL = (
    ("github", "pull_request", shapes.github_pull_request()),
    ("github", "push", shapes.github_push()),
    ("github", "deployment_status", shapes.github_deployment_status()),
    ("github", "pull_request_review", shapes.github_review()),
    ("gitlab", "", shapes.gitlab_merge_request()),
    ("gitlab", "", shapes.gitlab_deployment()),
    ("pagerduty", "", shapes.pagerduty()),
    ("alertmanager", "", shapes.alertmanager()),
    ("cdevents", "", shapes.cdevent("dev.cdevents.incident.detected.0.2.0", "i", {})),
    ("cdevents", "", shapes.cdevent("dev.cdevents.change.merged.0.2.0", "i", {})),
    ("devlake", "", shapes.devlake_deployment()),
    ("devlake", "", shapes.devlake_incident()),
)  # fmt: skip
_JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8),
    st.lists(st.integers(), max_size=2), st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)  # fmt: skip


def _paths(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [here] + [path for key, inner in items for path in _paths(inner, (*here, key))]


def _with(value: Any, path: tuple[Any, ...], junk: Any) -> Any:
    if not path:
        return junk
    head, *rest = path
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[head] = _with(value[head], tuple(rest), junk)
    return copy


@settings(max_examples=300, deadline=None, derandomize=True)
@given(case=st.sampled_from(_ALL), place=st.integers(0, 400), junk=_JUNK)
def test_a_broken_field_is_said_and_never_a_crash(
    case: tuple[str, str, dict[str, Any]], place: int, junk: Any
) -> None:
    source, kind, body = case
    paths = _paths(body)
    broken = _with(body, paths[place % len(paths)], junk)
    try:
        event = READERS[source](Delivery({"x-github-event": kind}, broken))
    except (Malformed, ValidationError):
        return
    assert isinstance(event, Event)
