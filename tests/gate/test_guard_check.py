"""`rca guard check` on real repositories: what it collects, what it says, how it ends."""

import json
import subprocess
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mining.policy.document import render
from rca.cli.guard import command
from tests.conftest import run_python
from tests.mining.policy.operators import leaf
from tests.mining.policy.rules import matching, rule

FACTS = """
version: 1
services:
- {name: checkout, tier: 1, paths: ["svc/checkout/**"]}
- {name: edge, tier: 0, paths: ["svc/edge/**"]}
results: {tests.contract: contract-tests, secrets.found: secret-scan}
teams: {acme/identity: [ines, ravi]}
"""


class Repo:
    """A repository with a base and a change on top."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.git("init", "-q", "-b", "main")
        self.write(".guardrails/facts.yml", FACTS)
        self.write("CODEOWNERS", "* @otto\n/svc/checkout/ @acme/identity\n")
        self.commit("Base")
        self.base = self.git("rev-parse", "HEAD").strip()

    def git(self, *words: str) -> str:
        who = ["-c", "user.name=Mara", "-c", "user.email=m@x.example", "-c", "commit.gpgsign=false"]
        done = subprocess.run(
            ["git", "-C", str(self.path), *who, *words], check=True, capture_output=True, text=True
        )
        return done.stdout

    def write(self, name: str, text: str) -> None:
        place = self.path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)

    def commit(self, message: str) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)

    def check(self, docs: list[dict[str, Any]], *more: str) -> Result:
        policies = self.path.parent / "policies.yaml"
        policies.write_text(render(docs) or "# none\n")
        base = ["check", "--policies", str(policies), "--repo", str(self.path), "--base", self.base]
        return CliRunner().invoke(command, [*base, *more])

    def record(self, *more: str) -> dict[str, Any]:
        done = self.check([], "--print-record", *more)
        assert done.exit_code == 0, done.output
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def json(self, name: str, value: Any) -> str:
        place = self.path.parent / name
        place.write_text(json.dumps(value))
        return str(place)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A repository whose change touches the checkout's access code."""
    place = tmp_path / "repo"
    place.mkdir()
    made = Repo(place)
    made.write("svc/checkout/auth/login.py", "x = 1\ny = 2\n")
    made.commit("fix: token refresh\n\nCo-Authored-By: Claude <noreply@anthropic.com>")
    return made


def pull(**changes: Any) -> dict[str, Any]:
    event: dict[str, Any] = {
        "pull_request": {
            "title": "fix: token refresh",
            "user": {"login": "mara"},
            "labels": [{"name": "flag:new-login"}],
            "base": {"repo": {"full_name": "acme/shop"}},
            "updated_at": "2026-10-02T13:00:00Z",
        }
    }
    return {**event, **changes}


OWNED = matching(
    {"all": [leaf("service.name", "eq", "checkout")]}, leaf("approvals.owners", "gte", 2)
)


def enforced(doc: dict[str, Any] = OWNED) -> dict[str, Any]:
    return {**doc, "spec": {**doc["spec"], "mode": "enforce"}}


def test_what_git_tells(repo: Repo) -> None:
    record = repo.record()
    assert record["paths"] == ["svc/checkout/auth/login.py"]
    assert record["change"] == {"kinds": ["auth", "code"], "lines": 2}
    assert record["service"] == {"name": "checkout", "tier": 1}
    assert record["ai"]["influenced"] is True
    assert record["type"] == "fix"
    assert "approvals" not in record


def test_a_renamed_file_touches_both_names(repo: Repo) -> None:
    repo.write("svc/edge/a.py", "".join(f"line {n}\n" for n in range(40)))
    repo.commit("docs: one")
    repo.base = repo.git("rev-parse", "HEAD").strip()
    repo.git("mv", "svc/edge/a.py", "svc/checkout/b.py")
    repo.commit("docs: move")
    record = repo.record()
    assert record["paths"] == ["svc/checkout/b.py", "svc/edge/a.py"]
    assert "name" not in record["service"]
    assert record["service"]["tier"] == 0


def test_no_trailer_is_unknown_and_not_none(repo: Repo) -> None:
    repo.base = repo.git("rev-parse", "HEAD").strip()
    repo.write("docs/a.md", "words\n")
    repo.commit("docs: words")
    assert "ai" not in repo.record()
    done = repo.check([], "--explain-facts")
    assert "ai.influenced: unknown (no trailer, note or label says so" in done.stderr
    assert "tests.fuzz: unknown (no source is configured" in done.stderr


def test_what_an_event_tells(repo: Repo) -> None:
    event = pull(
        reviews=[
            {"user": {"login": "ines"}, "state": "approved"},
            {"user": {"login": "ravi"}, "state": "APPROVED"},
            {"user": {"login": "ravi"}, "state": "CHANGES_REQUESTED"},
            {"user": {"login": "mara"}, "state": "APPROVED"},
            {"user": {"login": "vera"}, "state": "APPROVED"},
        ],
        check_runs=[
            {"name": "contract-tests", "conclusion": "success"},
            {"name": "secret-scan", "conclusion": "failure"},
        ],
    )
    record = repo.record("--event", repo.json("event.json", event))
    assert record["approvals"] == {"owners": 1}
    assert record["checks"] == ["contract-tests"]
    assert record["tests"] == {"contract": "passed"}
    assert record["secrets"] == {"found": True}
    assert record["flags"] == ["new-login"]
    assert record["repo"] == "acme/shop"
    assert record["at"] == "2026-10-02T13:00:00Z"


def test_labels_answer_for_ai(repo: Repo) -> None:
    event = pull()
    event["pull_request"]["labels"] = [{"name": "no-ai"}]
    assert repo.record("--event", repo.json("e.json", event))["ai"]["influenced"] is False


def test_gitlab_and_plain_deploy_events(repo: Repo) -> None:
    merge = {
        "object_kind": "merge_request",
        "object_attributes": {"title": 'Revert "fix: token"'},
        "labels": [{"title": "ai-assisted"}],
        "project": {"path_with_namespace": "acme/shop"},
    }
    record = repo.record("--event", repo.json("m.json", merge))
    assert (record["type"], record["repo"]) == ("revert", "acme/shop")
    deploy = {
        "subject": "deploy",
        "deploy": {"ref": "abc", "linked": True},
        "freeze": {"active": 1},
    }
    record = repo.record("--event", repo.json("d.json", deploy))
    assert record["subject"] == "deploy"
    assert record["deploy"] == {"ref": "abc", "linked": True}
    assert "freeze" not in record


def test_facts_come_from_the_base_and_never_from_the_change(repo: Repo) -> None:
    repo.write(".guardrails/facts.yml", "services: []\n")
    repo.commit("fix: harmless")
    assert repo.record()["service"]["name"] == "checkout"


def test_junit_and_plan_files(repo: Repo) -> None:
    text = FACTS + 'junit: {tests.property: "out/property*.xml"}\nplan: out/plan.json\n'
    repo.write(".guardrails/facts.yml", text)
    repo.commit("fix: sources")
    repo.base = repo.git("rev-parse", "HEAD").strip()
    repo.write("svc/checkout/a.tf", "x\n")
    repo.commit("fix: infra")
    repo.write("out/property1.xml", "<testsuite><testcase/></testsuite>")
    plan = {"resource_changes": [{"change": {"actions": ["delete", "create"], "after": {}}}]}
    repo.write("out/plan.json", json.dumps(plan))
    record = repo.record()
    assert record["tests"] == {"property": "passed"}
    assert record["infra"] == {"destroys": 1}
    repo.write("out/property2.xml", "<testcase><failure/></testcase>")
    assert repo.record()["tests"] == {"property": "failed"}


@pytest.mark.parametrize(("mode", "code"), [("audit", 0), ("warn", 0), ("enforce", 1)])
def test_only_enforced_rules_fail(repo: Repo, mode: str, code: int) -> None:
    doc = {**OWNED, "spec": {**OWNED["spec"], "mode": mode}}
    done = repo.check([doc])
    assert done.exit_code == code
    assert "violation" in done.stdout


def test_a_planted_violation_fails_and_its_mending_passes(repo: Repo) -> None:
    doc = enforced(
        matching({"all": [leaf("paths", "anyGlob", ["svc/**"])]}, leaf("labels", "contains", "ok"))
    )
    assert repo.check([doc]).exit_code == 1
    event = pull()
    event["pull_request"]["labels"] = [{"name": "ok"}]
    assert repo.check([doc], "--event", repo.json("e.json", event)).exit_code == 0


def test_every_outcome_is_explained_leaf_by_leaf(repo: Repo) -> None:
    done = repo.check([rule()], "--explain")
    assert "match.all[0]: ai.influenced eq True: true (is True)" in done.stdout
    assert "owner-approvals" in done.stdout


def test_every_format(repo: Repo) -> None:
    titled = enforced()
    titled["metadata"] = {**titled["metadata"], "title": "Owners %0A::error:: look & <b>"}
    out = {
        name: repo.check([titled], "--format", name)
        for name in ("json", "sarif", "junit", "github")
    }
    assert {done.exit_code for done in out.values()} == {1}
    plain = json.loads(out["json"].stdout)
    assert plain["blocked"] is True
    assert plain["outcomes"][0]["requirements"][0]["state"] == "violated"
    sarif = json.loads(out["sarif"].stdout)
    assert sarif["version"] == "2.1.0"
    assert sarif["runs"][0]["results"][0]["level"] == "error"
    suite = ET.fromstring(out["junit"].stdout)
    assert suite.attrib == {"name": "guardrails", "tests": "1", "failures": "1"}
    assert len(suite.findall("testcase/failure")) == 1
    commands = [line for line in out["github"].stdout.splitlines() if line.startswith("::")]
    assert len(commands) == 1
    assert "%250A" in commands[0]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--base", "nowhere"), "rca guard:"),
        (("--base", "--output=/tmp/x"), "is not a revision"),
        (("--event", "{event}"), "not a JSON object"),
    ],
)
def test_what_cannot_be_done_ends_in_two(repo: Repo, more: tuple[str, ...], words: str) -> None:
    event = repo.json("bad.json", ["x"])
    done = repo.check([OWNED], *(item.format(event=event) for item in more))
    assert done.exit_code == 2
    assert words in done.stderr


def test_a_malformed_rule_or_facts_file_is_never_a_pass(repo: Repo) -> None:
    broken = {**OWNED, "spec": {"mode": "enforce"}}
    assert repo.check([broken]).exit_code == 2
    wrong = {**OWNED, "spec": {**OWNED["spec"], "severity": "loud"}}
    assert repo.check([wrong]).exit_code == 0
    assert repo.check([wrong], "--validate").exit_code == 2
    repo.write(".guardrails/facts.yml", "sevices: []\n")
    repo.commit("fix: typing error")
    repo.base = repo.git("rev-parse", "HEAD").strip()
    done = repo.check([OWNED])
    assert done.exit_code == 2
    assert "unknown key sevices" in done.stderr


def test_history_is_at_most_five_lines(repo: Repo) -> None:
    lines = [f"INC-{n}" for n in range(9)]
    place = repo.json("h.json", {"services": {"checkout": lines}})
    done = repo.check([OWNED], "--history", place)
    assert [line for line in done.stdout.splitlines() if line.startswith("history:")] == [
        f"history: INC-{n}" for n in range(5)
    ]


def test_history_of_every_service_touched_and_links_of_the_service(
    repo: Repo, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RCA_GUARD_TOKEN", "secret")
    repo.write("svc/edge/a.py", "x = 1\n")
    repo.commit("fix: both")
    lines = {"checkout": ["P-1 pool (/patterns/P-1)", "both (/x)"], "edge": ["both (/x)", "INC-2"]}
    monkeypatch.setattr(_Service, "text", json.dumps({"services": lines}))
    origin = service.rpartition("/")[0]
    done = repo.check([OWNED], "--history", service)
    assert [line for line in done.stdout.splitlines() if line.startswith("history:")] == [
        f"history: P-1 pool ({origin}/patterns/P-1)", f"history: both ({origin}/x)", "history: INC-2",
    ]  # fmt: skip
    _Service.mode = "broken"
    silent = repo.check([OWNED], "--history", service)
    assert silent.exit_code == 0
    assert "no history" in silent.stderr


class _Service(BaseHTTPRequestHandler):
    text = render([enforced()])
    mode = "ok"
    seen: tuple[str, ...] = ()
    told: tuple[dict[str, Any], ...] = ()

    def do_GET(self) -> None:
        _Service.seen = (*self.seen, self.headers.get("If-None-Match") or "")
        if self.headers.get("Authorization") != "Bearer secret" or self.mode == "broken":
            self.send_response(500 if self.mode == "broken" else 401)
            self.end_headers()
        elif self.headers.get("If-None-Match") == '"tag"':
            self.send_response(304)
            self.end_headers()
        else:
            self.send_response(200)
            self.send_header("ETag", '"tag"')
            self.end_headers()
            self.wfile.write(self.text.encode())

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        good = self.headers.get("Authorization") == "Bearer secret" and self.mode != "broken"
        _Service.told = (*self.told, body) if good else self.told
        self.send_response(201 if good else 403)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args: Any) -> None:
        """Quiet."""


@pytest.fixture
def service() -> Iterator[str]:
    """An address that serves the rules to whoever has the token."""
    _Service.mode, _Service.seen, _Service.told = "ok", (), ()
    server = HTTPServer(("127.0.0.1", 0), _Service)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/guardrails.yaml"
    server.shutdown()
    server.server_close()
    thread.join()


def test_rules_from_an_address_are_cached_and_a_stale_copy_is_said(
    repo: Repo, service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RCA_GUARD_TOKEN", "secret")
    args = ["check", "--policies", service, "--repo", str(repo.path), "--base", repo.base]
    args += ["--cache", str(tmp_path / "cache")]
    first, again = (CliRunner().invoke(command, args) for _ in range(2))
    assert (first.exit_code, again.exit_code) == (1, 1)
    assert _Service.seen == ("", '"tag"')
    assert "cached" not in again.stderr
    _Service.mode = "broken"
    stale = CliRunner().invoke(command, args)
    assert stale.exit_code == 1
    assert "cached copy" in stale.stderr
    args[-1] = str(tmp_path / "empty")
    assert CliRunner().invoke(command, args).exit_code == 2


def test_outcomes_are_told_to_the_service_and_labels_speak_for_people(
    repo: Repo, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RCA_GUARD_TOKEN", "secret")
    event = pull()
    event["pull_request"]["labels"] = [{"name": "guardrail-overridden"}]
    args = ("--event", repo.json("e.json", event), "--post-to", service)
    done = repo.check([enforced()], *args)
    assert done.exit_code == 1
    assert "took 1 of 1 outcomes" in done.stderr
    (told,) = _Service.told
    assert told == {
        "rule": OWNED["metadata"]["id"], "repo": "acme/shop", "state": "violation",
        "ref": repo.git("rev-parse", "HEAD").strip(), "overridden": True, "false_positive": False,
    }  # fmt: skip
    _Service.mode = "broken"
    assert repo.check([enforced()], *args).exit_code == 1
    assert repo.check([enforced()], *args[:2], "--post-to", "http://127.0.0.1:9/x").exit_code == 1


def test_the_gate_loads_nothing_heavy() -> None:
    code = (
        "import sys, rca.cli.guard, rca.gate.check\n"
        "heavy = {'numpy','sklearn','pandas','sqlalchemy','sqlmodel','flask','scipy','jsonschema'}\n"
        "print(sorted(heavy & {n.partition('.')[0] for n in sys.modules}))"
    )
    assert run_python(code).strip() == "[]"
