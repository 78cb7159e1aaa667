"""What this organisation's incidents taught, for coding agents: advice, not enforcement."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from mining.policy.document import identity
from mining.policy.exporters import Coverage, Pack
from mining.policy.words import in_words

_HEAD = """## Guardrails learned from incidents

These rules come from postmortems of this organisation. They are checked by `rca guard check`;
following them first saves a round. Where you cannot tell whether one applies, say so in the pull
request instead of guessing.
"""
_SIGNS = str.maketrans({sign: "\\" + sign for sign in "\\`*_{}[]<>#|"})


def _plain(text: str) -> str:
    """One line of Markdown in which nothing has a meaning of its own."""
    return " ".join(text.translate(_SIGNS).split())


def _section(doc: Mapping[str, Any]) -> str:
    words = in_words(doc)
    lines = [f"### {_plain(doc['metadata']['title'])}", ""]
    lines += [f"- When a {words.subject} has: {_plain('; '.join(words.when)) or 'any value'}"]
    if words.unless:
        lines += [f"- Unless: {_plain('; '.join(words.unless))}"]
    lines += [f"- Then: {_plain(item['message'])}" for item in doc["spec"]["require"]]
    lines += [f"- Mode {doc['spec']['mode']}; rule {_plain(doc['metadata']['id'])}", ""]
    return "\n".join(lines)


def _twin(doc: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": doc["metadata"]["id"],
        "version": doc["metadata"]["version"],
        "identity": identity(doc),
        "title": doc["metadata"]["title"],
        "mode": doc["spec"]["mode"],
        "subject": doc["spec"]["subject"],
        "match": doc["spec"]["match"],
        "require": doc["spec"]["require"],
    }


def export(docs: Sequence[Mapping[str, Any]], *, now: datetime) -> Pack:
    """An ``AGENTS.md`` section and its machine-readable twin."""
    why = ("advice to coding agents; nothing here can stop a change",)
    twin = {"apiVersion": "guardrails.rca/v1", "guardrails": [_twin(doc) for doc in docs]}
    files = {
        "AGENTS.md": _HEAD + "\n" + "\n".join(_section(doc) for doc in docs),
        "guardrails.json": json.dumps(twin, indent=2, sort_keys=True, ensure_ascii=True) + "\n",
    }
    names = (str(doc["metadata"]["id"]) for doc in docs)
    return Pack("agents", files, tuple(Coverage(name, "agents", "advisory", why) for name in names))
