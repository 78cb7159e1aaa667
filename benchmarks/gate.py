"""Start to verdict of ``rca guard check``: 100 rules on a change of 200 files.

    python -m benchmarks.gate

Prints the median and the worst of a few fresh processes, wall and processor time. The budget is
400 ms on an idle machine.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from copy import deepcopy
from pathlib import Path
from statistics import median

from mining.policy import catalogue
from mining.policy.document import identity
from mining.policy.stream import render

RULES, FILES, RUNS = 100, 200, 9


def _rules() -> list[dict[str, object]]:
    templates = [item for family in catalogue.families() for item in family.templates]
    docs = []
    for number in range(RULES):
        template = templates[number % len(templates)]
        values = {
            "kinds": (),
            "services": (f"s{number}", "checkout"),
            "tier": 1,
            **template.example,
        }
        spec = {
            "mode": "audit", "severity": template.severity, "subject": template.subject,
            "rationale": "A rule made for measuring, at some length.",
            "match": catalogue.fill_match(template, values),
            "require": [dict(item) for item in template.require],
        }  # fmt: skip
        doc = {
            "apiVersion": "guardrails.rca/v1", "kind": "GuardrailPolicy",
            "metadata": {"id": f"gr-bench-{number}", "title": template.title, "version": "1.0.0"},
            "spec": deepcopy(spec), "evidence": {"incidents": ["INC-1"]},
        }  # fmt: skip
        assert identity(doc)
        docs.append(doc)
    return docs


def _git(repo: Path, *words: str) -> None:
    who = ["-c", "user.name=Bench", "-c", "user.email=bench@x.example"]
    subprocess.run(["git", "-C", str(repo), *who, *words], check=True, capture_output=True)


def _repository(repo: Path) -> None:
    repo.mkdir()
    _git(repo, "init", "-q")
    (repo / "README.md").write_text("base\n")
    _git(repo, "add", "-A")
    _git(repo, "commit", "-q", "-m", "Base")
    for number in range(FILES):
        place = repo / f"svc/s{number % 10}/config/file{number}.py"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("x = 1\n" * 20)
    _git(repo, "add", "-A")
    _git(repo, "commit", "-q", "-m", "feat: many files")


def _once(command: list[str]) -> tuple[float, float]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall * 1000, used * 1000


def main() -> None:
    """Measure and print one JSON line."""
    with tempfile.TemporaryDirectory() as folder:
        repo, rules = Path(folder) / "repo", Path(folder) / "rules.yaml"
        _repository(repo)
        rules.write_text(render(_rules()))
        command = [sys.executable, "-m", "rca", "guard", "check", "--policies", str(rules)]
        command += ["--repo", str(repo), "--base", "HEAD~1"]
        _once(command)
        runs = [_once(command) for _ in range(RUNS)]
    walls, cpus = ([round(run[n]) for run in runs] for n in (0, 1))
    print(json.dumps({
        "rules": RULES, "files": FILES, "runs": RUNS, "median_ms": median(walls),
        "worst_ms": max(walls), "best_ms": min(walls), "median_cpu_ms": median(cpus),
        "load": round(os.getloadavg()[0], 1), "budget_ms": 400,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
