"""The verdict as text, JSON, SARIF, JUnit or GitHub annotations."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rca.gate.check import Judged

_LEVEL = {"audit": "note", "warn": "warning", "enforce": "error"}
_GITHUB = {"audit": "notice", "warn": "warning", "enforce": "error"}
_SHOWN = ("violation", "unknown", "excepted")


def _said(item: Judged) -> str:
    messages = "; ".join(f"{r.message} ({r.control})" for r in item.outcome.violations)
    return f"{item.title}: {messages}"


def _clean(text: str) -> str:
    """No control characters: a terminal or an annotation must not obey a title."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def text(found: Sequence[Judged], history: Sequence[str] = (), *, explain: bool = False) -> str:
    """For people: what is asked, then what could not be told, then what history says."""
    lines = []
    for item in found:
        if item.outcome.state not in _SHOWN and not explain:
            continue
        lines.append(f"{item.outcome.state.replace('_', ' ')} [{item.mode}] {item.outcome.rule}")
        lines.append(f"  {item.title}")
        lines += [f"  - {r.message} ({r.control})" for r in item.outcome.violations]
        if item.outcome.state == "unknown" or explain:
            lines += [f"    {line}" for line in item.outcome.text().splitlines()[1:]]
    counts = {
        state: sum(item.outcome.state == state for item in found)
        for state in ("violation", "unknown", "excepted", "pass", "not_applicable")
    }
    said = ", ".join(f"{n} {state.replace('_', ' ')}" for state, n in counts.items() if n)
    lines.append(f"{len(found)} guardrails: {said or 'none applies'}.")
    lines += [f"history: {line}" for line in history]
    return "\n".join(map(_clean, lines)) + "\n"


def plain(found: Sequence[Judged], history: Sequence[str] = ()) -> dict[str, Any]:
    """Everything, leaf by leaf, as JSON-like data."""
    return {
        "outcomes": [
            {
                "rule": item.outcome.rule,
                "title": item.title,
                "mode": item.mode,
                "severity": item.severity,
                "state": item.outcome.state,
                "exception": item.outcome.exception,
                "leaves": [leaf.text() for leaf in item.outcome.leaves],
                "requirements": [
                    {"control": r.control, "state": r.state, "message": r.message,
                     "because": r.leaf.text()}
                    for r in item.outcome.requirements
                ],
            }
            for item in found
        ],
        "blocked": any(item.blocks for item in found),
        "history": list(history),
    }  # fmt: skip


def _json(found: Sequence[Judged], history: Sequence[str]) -> str:
    return json.dumps(plain(found, history), indent=2, ensure_ascii=True) + "\n"


def _sarif(found: Sequence[Judged], history: Sequence[str]) -> str:
    rules = [{"id": item.outcome.rule, "shortDescription": {"text": item.title}} for item in found]
    results = [
        {
            "ruleId": item.outcome.rule,
            "level": _LEVEL[item.mode],
            "message": {"text": _said(item)},
            "locations": [
                {"physicalLocation": {"artifactLocation": {"uri": ".guardrails/guardrails.yaml"}}}
            ],
        }
        for item in found
        if item.outcome.state == "violation"
    ]
    run = {"tool": {"driver": {"name": "rca guard", "rules": rules}}, "results": results}
    return json.dumps({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0",
        "runs": [run],
    }, indent=2, ensure_ascii=True) + "\n"  # fmt: skip


def _xml(text: str) -> str:
    for sign, entity in (("&", "amp"), ("<", "lt"), (">", "gt"), ('"', "quot")):
        text = text.replace(sign, f"&{entity};")
    return text


def _junit(found: Sequence[Judged], history: Sequence[str]) -> str:
    failed = sum(item.blocks for item in found)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuite name="guardrails" tests="{len(found)}" failures="{failed}">',
    ]
    for item in found:
        lines.append(f'  <testcase name="{_xml(_clean(item.outcome.rule))}">')
        if item.blocks:
            lines.append(f'    <failure message="{_xml(_clean(_said(item)))}"/>')
        elif item.outcome.state in ("violation", "unknown"):
            said = _clean(f"{item.outcome.state}: {_said(item)}")
            lines.append(f"    <system-out>{_xml(said)}</system-out>")
        lines.append("  </testcase>")
    return "\n".join([*lines, "</testsuite>"]) + "\n"


def _escaped(value: str, *, in_property: bool = False) -> str:
    """GitHub's own escapes: without them a title could start a command of its own."""
    value = value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return value.replace(":", "%3A").replace(",", "%2C") if in_property else value


def _github(found: Sequence[Judged], history: Sequence[str]) -> str:
    lines = [
        f"::{_GITHUB[item.mode]} title={_escaped(item.outcome.rule, in_property=True)}::"
        f"{_escaped(_clean(_said(item)))}"
        for item in found
        if item.outcome.state == "violation"
    ]
    return "\n".join(lines) + ("\n" if lines else "") + text(found, history)


FORMATS: Mapping[str, Callable[[Sequence[Judged], Sequence[str]], str]] = {
    "text": text,
    "json": _json,
    "sarif": _sarif,
    "junit": _junit,
    "github": _github,
}
