"""The GitHub pack: a ruleset that requires the check, the workflow that runs it, and the forms.

The workflow checks the policies out from the base revision: a pull request must not edit the rules
it is judged by. Rulesets know no audit (``evaluate`` is for Enterprise), so a ruleset is active
only when some rule enforces.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from mining.policy.exporters import Coverage, Pack, checkov, template_names
from mining.policy.stream import render

CHECK = "guardrails"
# The commit of actions/checkout v5.0.0 (runs on node 24); a tag could be moved.
CHECKOUT = "actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8"
PACKAGE = "throughline-rca==0.1.0"
WORKFLOW = f"""name: guardrails
"on":
  pull_request:
    types: [opened, synchronize, reopened, labeled, unlabeled, edited]
  pull_request_review:
    types: [submitted, dismissed]
permissions: {{}}
concurrency:
  group: guardrails-${{{{ github.event.pull_request.number }}}}
  cancel-in-progress: true
jobs:
  {CHECK}:
    name: {CHECK}
    runs-on: ubuntu-24.04
    timeout-minutes: 10
    permissions:
      contents: read
      pull-requests: read # approvals, which the event does not carry
      checks: read # results of other checks
    steps:
    - name: The rules, as they stand before this change
      uses: {CHECKOUT} # v5.0.0
      with:
        ref: ${{{{ github.event.pull_request.base.sha }}}}
        path: base
        persist-credentials: false
    - name: The change
      uses: {CHECKOUT} # v5.0.0
      with:
        ref: ${{{{ github.event.pull_request.head.sha }}}}
        path: head
        fetch-depth: 0
        persist-credentials: false
    - name: Approvals and checks
      env:
        GH_TOKEN: ${{{{ github.token }}}}
        REPO: ${{{{ github.repository }}}}
        NUMBER: ${{{{ github.event.pull_request.number }}}}
        HEAD_SHA: ${{{{ github.event.pull_request.head.sha }}}}
      run: |
        gh api --paginate --slurp "repos/$REPO/pulls/$NUMBER/reviews" > reviews.json
        gh api --paginate --slurp "repos/$REPO/commits/$HEAD_SHA/check-runs" > checks.json
        jq --slurpfile reviews reviews.json --slurpfile checks checks.json \\
          '. + {{reviews: ($reviews[0] | add), check_runs: [$checks[0][].check_runs[]]}}' \\
          "$GITHUB_EVENT_PATH" > event.json
    - name: Check
      env:
        PACKAGE: {PACKAGE}
        BASE_SHA: ${{{{ github.event.pull_request.base.sha }}}}
        HEAD_SHA: ${{{{ github.event.pull_request.head.sha }}}}
      run: |
        python3 -m venv gate
        gate/bin/pip install --quiet "$PACKAGE"
        gate/bin/rca guard check --repo head --base "$BASE_SHA" --head "$HEAD_SHA" \\
          --policies base/.guardrails/guardrails.yaml --event event.json --format github
"""
DEPLOY = f"""name: guardrails-deploy
"on":
  workflow_call:
    inputs:
      record:
        description: Path of the deploy event, as JSON, in the artifact "deploy-event"
        type: string
        required: true
permissions: {{}}
jobs:
  {CHECK}:
    name: {CHECK} (deploy)
    runs-on: ubuntu-24.04
    timeout-minutes: 10
    permissions:
      contents: read
    steps:
    - uses: {CHECKOUT} # v5.0.0
      with:
        fetch-depth: 0
        persist-credentials: false
    - name: Check
      env:
        PACKAGE: {PACKAGE}
        RECORD: ${{{{ inputs.record }}}}
      run: |
        python3 -m venv gate
        gate/bin/pip install --quiet "$PACKAGE"
        gate/bin/rca guard check --policies .guardrails/guardrails.yaml --event "$RECORD" \\
          --format github
"""
GITLAB = f"""guardrails:
  stage: test
  image: python:3.12-slim
  rules:
  - if: $CI_PIPELINE_SOURCE == "merge_request_event"
  variables:
    GIT_DEPTH: "0"
  script:
  - apt-get update && apt-get install --yes --no-install-recommends git
  - pip install --quiet {PACKAGE}
  - git show "$CI_MERGE_REQUEST_DIFF_BASE_SHA:.guardrails/guardrails.yaml" > /tmp/guardrails.yaml
  - >-
    rca guard check --repo . --base "$CI_MERGE_REQUEST_DIFF_BASE_SHA" --head "$CI_COMMIT_SHA"
    --policies /tmp/guardrails.yaml --format junit > guardrails.xml
  artifacts:
    when: always
    reports:
      junit: guardrails.xml
"""
PRE_PUSH = """#!/bin/sh
# Copy to .git/hooks/pre-push. It says early what the gate will say; it never uploads anything.
set -eu
while read -r _local head _remote base; do
  case "$head" in *[!0]*) ;; *) continue ;; esac
  case "$base" in *[!0]*) ;; *) base=$(git merge-base "$head" origin/HEAD) ;; esac
  rca guard check --base "$base" --head "$head" --policies .guardrails/guardrails.yaml
done
"""
TEMPLATE = """## What changes, and why

## AI influence
Choose one per line. Unknown is an answer.

- [ ] AI had a part in this change (add the label `ai-assisted`, and a session reference below)
- [ ] AI had no part in this change
- [ ] Unknown

Session reference (a link a reviewer can open; no prompt text):
Owner sign-off (a member of the owning team, where AI had a part):

## On the way out
- [ ] Canary or flag, with automatic rollback
- [ ] Deploy and pull request are linked
"""
OWNERS = """# A hint, not a CODEOWNERS file: the teams that accepted guardrails name as owners.
# Put the paths that these teams run on the left, and move the file to .github/CODEOWNERS.
"""


def ruleset(docs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Body of ``POST /repos/{owner}/{repo}/rulesets``; disabled while nothing enforces."""
    enforcing = any(doc["spec"]["mode"] == "enforce" for doc in docs)
    return {
        "name": CHECK,
        "target": "branch",
        "enforcement": "active" if enforcing else "disabled",
        "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
        "rules": [
            {
                "type": "required_status_checks",
                "parameters": {
                    "strict_required_status_checks_policy": False,
                    "do_not_enforce_on_create": True,
                    "required_status_checks": [{"context": CHECK}],
                },
            }
        ],
    }


def _coverage(doc: Mapping[str, Any]) -> Coverage:
    name = str(doc["metadata"]["id"])
    engines = template_names(doc)
    if engines is not None and "github" not in engines:
        why = ("its template does not name GitHub",)
        return Coverage(name, "github", "not_applicable", why)
    if doc["spec"]["subject"] == "deploy":
        why = ("carried by guardrails-deploy.yml, which the deploy job must call",)
        return Coverage(name, "github", "exact", why)
    return Coverage(name, "github", "exact", ("carried by the required check",))


def _owners(docs: Sequence[Mapping[str, Any]]) -> str:
    teams = {team for doc in docs for team in doc["spec"].get("targets", {}).get("ownerTeams", ())}
    return OWNERS + "".join(f"# path/ @{team}\n" for team in sorted(teams))


def export(docs: Sequence[Mapping[str, Any]], *, now: datetime) -> Pack:
    """Ruleset, workflow, policies, pull-request template and an owners hint."""
    files = {
        "ruleset.json": json.dumps(ruleset(docs), indent=2) + "\n",
        ".github/workflows/guardrails.yml": WORKFLOW,
        ".github/workflows/guardrails-deploy.yml": DEPLOY,
        ".github/pull_request_template.md": TEMPLATE,
        ".guardrails/guardrails.yaml": render(docs) or "# No guardrail yet.\n",
        "CODEOWNERS.hint": _owners(docs),
        "gitlab/guardrails.gitlab-ci.yml": GITLAB,
        "hooks/pre-push": PRE_PUSH,
        **checkov.policies(docs),
    }
    return Pack("github", files, tuple(_coverage(doc) for doc in docs))
