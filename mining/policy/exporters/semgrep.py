"""Semgrep rules from reviewed templates. Patterns are picked, never invented.

Metadata holds strings only: a float there has crashed the engine while it still returned success.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from mining.policy.exporters import Coverage, Pack
from mining.policy.stream import dump

SEVERITY = {"low": "INFO", "medium": "WARNING", "high": "WARNING", "critical": "ERROR"}
TEMPLATES: Mapping[str, Mapping[str, Any]] = {
    "http-call-without-timeout": {
        "languages": ["python"],
        "message": "An outgoing call without a timeout waits for as long as the other side does.",
        "patterns": [
            {
                "pattern-either": [
                    {"pattern": f"requests.{verb}(...)"}
                    for verb in ("get", "post", "put", "patch", "delete", "head", "request")
                ]
            },
            *(
                {"pattern-not": f"requests.{verb}(..., timeout=$T, ...)"}
                for verb in ("get", "post", "put", "patch", "delete", "head", "request")
            ),
        ],
        "test": (
            "import requests\n\n"
            "# ruleid: {id}\nrequests.get(url)\n"
            "# ok: {id}\nrequests.get(url, timeout=3)\n"
        ),
    },
    "retry-without-bound": {
        "languages": ["python"],
        "message": "A retry without a bound turns one failure into a storm.",
        "patterns": [
            {"pattern": "while True:\n    try:\n        ...\n    except $E:\n        continue\n"}
        ],
        "test": (
            "# ruleid: {id}\nwhile True:\n    try:\n        call()\n        break\n"
            "    except OSError:\n        continue\n"
            "# ok: {id}\nfor attempt in range(3):\n    try:\n        call()\n        break\n"
            "    except OSError:\n        continue\n"
        ),
    },
}


def _rule(doc: Mapping[str, Any], name: str) -> dict[str, Any]:
    template = TEMPLATES[name]
    return {
        "id": f"{doc['metadata']['id']}.{name}",
        "languages": list(template["languages"]),
        "severity": SEVERITY[doc["spec"]["severity"]],
        "message": template["message"],
        "metadata": {
            "guardrail": doc["metadata"]["id"],
            "version": str(doc["metadata"]["version"]),
            "family": doc["metadata"]["family"],
        },
        "patterns": list(template["patterns"]),
    }


def _one(doc: Mapping[str, Any]) -> tuple[list[dict[str, Any]], Coverage]:
    name = str(doc["metadata"]["id"])
    asked = doc["spec"].get("targets", {}).get("semgrep", ())
    if not asked:
        why = ("it names no reviewed template",)
        return [], Coverage(name, "semgrep", "not_applicable", why)
    known = [item for item in asked if item in TEMPLATES]
    if not known:
        return [], Coverage(name, "semgrep", "dropped", ("no such template",))
    why = ("it reads Python source; the rule also asks for the check itself",)
    return [_rule(doc, item) for item in known], Coverage(name, "semgrep", "advisory", why)


def export(docs: Sequence[Mapping[str, Any]], *, now: datetime) -> Pack:
    """Rules and, beside them, the annotated file that ``semgrep --test`` reads."""
    made = [_one(doc) for doc in docs]
    rules = [rule for found, _ in made for rule in found]
    files = {"guardrails.yaml": dump({"rules": rules})} if rules else {}
    if rules:
        tests = (TEMPLATES[rule["id"].rpartition(".")[2]]["test"] for rule in rules)
        named = [text.format(id=rule["id"]) for text, rule in zip(tests, rules, strict=True)]
        files["guardrails.py"] = "\n".join(named)
    return Pack("semgrep", files, tuple(cover for _, cover in made))
