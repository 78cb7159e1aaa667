"""How ``rca lint`` writes findings: for people, for programs, for code hosts."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rca import __version__
from rca.blameless import Finding
from rca.blameless.lexicon import load

_SARIF_LEVELS = {"suggestion": "note", "consider": "warning", "strong": "warning"}
_GITHUB_LEVELS = {"suggestion": "notice", "consider": "warning", "strong": "warning"}


@dataclass(frozen=True, slots=True)
class Checked:
    """One text with what was found in it and, by rule, what was suppressed."""

    name: str
    text: str
    findings: tuple[Finding, ...]
    suppressed: dict[str, int]


def _said(finding: Finding) -> str:
    return " ".join(finding.excerpt.split())


def as_text(checked: Sequence[Checked]) -> str:
    """One finding in three lines: where and what, why, a question."""
    lines = []
    for item in checked:
        for found in item.findings:
            where = f"{item.name}:{found.line}:{found.column}"
            lines.append(f"{where}: {found.level} [{found.rule}] {_said(found)}")
            lines += [f"    {found.message}", f"    {found.question}"]
    total = sum(len(item.findings) for item in checked)
    left = sum(sum(item.suppressed.values()) for item in checked)
    tail = f"{total} {'sentence' if total == 1 else 'sentences'}"
    tail += f", {left} left on purpose" if left else ""
    lines.append(f"{tail}.")
    return "\n".join(lines) + "\n"


def as_json(checked: Sequence[Checked]) -> str:
    """``{"files": [{"file", "findings", "suppressed"}]}``."""
    files = [
        {
            "file": item.name,
            "findings": [finding.to_json() for finding in item.findings],
            "suppressed": item.suppressed,
        }
        for item in checked
    ]
    return json.dumps({"files": files}, indent=2, ensure_ascii=False) + "\n"


def _sarif_result(item: Checked, found: Finding) -> dict[str, Any]:
    lines = item.text[found.start : found.end].split("\n")
    column = found.column + len(lines[0]) if len(lines) == 1 else len(lines[-1]) + 1
    region = {
        "startLine": found.line,
        "startColumn": found.column,
        "endLine": found.line + len(lines) - 1,
        "endColumn": column,
        "charOffset": found.start,
        "charLength": found.end - found.start,
    }
    place = {"artifactLocation": {"uri": item.name}, "region": region}
    return {
        "ruleId": found.rule,
        "level": _SARIF_LEVELS[found.level],
        "message": {"text": f"{found.message} {found.question}"},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"sentence/v1": found.key},
    }


def as_sarif(checked: Sequence[Checked]) -> str:
    """SARIF 2.1.0 with columns in code points."""
    used = {found.rule for item in checked for found in item.findings}
    rules = [
        {
            "id": rule.id,
            "shortDescription": {"text": rule.message},
            "help": {"text": rule.question},
            "properties": {"category": rule.category},
        }
        for rule in load(clarity=True).rules
        if rule.id in used
    ]
    run = {
        "tool": {"driver": {"name": "rca lint", "version": __version__, "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "results": [_sarif_result(item, found) for item in checked for found in item.findings],
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0"}
    return json.dumps({**log, "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _escaped(text: str, *, value: bool = False) -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if value else text


def as_github(checked: Sequence[Checked]) -> str:
    """Workflow commands that annotate lines of a pull request."""
    lines = []
    for item in checked:
        for found in item.findings:
            place = f"file={_escaped(item.name, value=True)},line={found.line},col={found.column}"
            title = _escaped(f"{found.rule}: {_said(found)}", value=True)
            words = _escaped(f"{found.message} {found.question}")
            lines.append(f"::{_GITHUB_LEVELS[found.level]} {place},title={title}::{words}")
    return "".join(f"{line}\n" for line in lines)


FORMATS: dict[str, Callable[[Sequence[Checked]], str]] = {
    "text": as_text,
    "json": as_json,
    "sarif": as_sarif,
    "github": as_github,
}
