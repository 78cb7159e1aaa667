"""D10 and D11: what people write about AI in sentences. Weak by nature: a human confirms it.

A tool's name proves nothing: it is often the subject of the change. What counts is a tool in the
place of one who works ("written by", "asked … to", "… found the leak") or whose review is answered.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from rca.provenance.finding import Finding, Role
from rca.provenance.tools import UNSPECIFIED, catalogue, model_of
from rca.provenance.words import line_at, prose


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of ``prose_rules.yaml``, compiled. ``anywhere``: also in the subject line."""

    id: str
    role: Role
    pattern: re.Pattern[str]
    anywhere: bool
    hits: tuple[str, ...]
    misses: tuple[str, ...]


def _macros(words: Mapping[str, Sequence[str]]) -> dict[str, str]:
    tool = catalogue().prose_words
    shy = r"(?:Devin|Cursor|Jules|Amp|Sourcery)(?![\w-])"
    return {
        "tool": tool,
        "agent": rf"(?:{tool}|(?<![\w-])(?:an? |the )?(?:AI|LLMs?|GenAI)(?![\w-])"
        r"(?:[ -](?:coding )?(?:assistants?|agents?|tools?|chatbots?|models?))?)",
        "reviewer": f"(?:{tool}|{shy})",
        "not_topic": rf"(?![ -](?:code )?(?:{'|'.join(words['topic'])}))",
        **{name: "|".join(values) for name, values in words.items()},
    }


def _compiled(row: Mapping[str, Any], macros: Mapping[str, str]) -> Rule:
    text = "".join(row["parts"])
    for name, value in macros.items():
        text = text.replace("{" + name + "}", value)
    return Rule(
        id=row["id"],
        role=row["role"],
        pattern=re.compile(text, re.IGNORECASE | re.MULTILINE),
        anywhere=bool(row.get("anywhere")),
        hits=tuple(row["hits"]),
        misses=tuple(row["misses"]),
    )


@cache
def rules() -> tuple[Rule, ...]:
    """The rules of ``prose_rules.yaml``, read once."""
    text = Path(__file__).with_name("prose_rules.yaml").read_text(encoding="utf-8")
    data = yaml.load(text, Loader=yaml.CSafeLoader)
    macros = _macros(data["words"])
    return tuple(_compiled(row, macros) for row in data["rules"])


_DISCLOSURE = re.compile(
    r"^[ \t#*_>-]*(?:full )?"
    r"(?:(?:AI|LLM)[ -](?:usage|use|disclosure|note|assistance|statement)|disclosure|use of AI)"
    r"(?:[ ]?\([^)\n]{0,40}\))?[ \t*_]*:?[ \t*_]*(?P<same>[^\n]*)(?:\n\s*(?P<next>[^\n#]+))?",
    re.I | re.M,
)
_NONE = re.compile(
    r"^\W*(?:no(?:ne|pe)?\b|n/?a\b|not used|nothing|no (?:AI|LLM)|(?:AI|LLMs?) (?:was|were) not)",
    re.I,
)
_WITHOUT = re.compile(
    r"\b(?:made|written|created|done|coded|authored|prepared)\b[^.\n]{0,30}\bwithout (?:any |the )?"
    r"(?:use of |help of |help from )?(?:AI|LLMs?)\b|"
    r"\bno (?:AI|LLMs?) (?:was |were )?(?:used|involved)\b|"
    r"\bNo AI,[^.\n]{0,20}hand[- ]?written|\b(?:AI|LLMs?) (?:was|were) not used\b|"
    r"\bnot (?:AI|LLM)[- ]generated\b",
    re.I,
)
_BOX = re.compile(
    r"^[ \t]*[-*] \[(?P<tick>[ xX])\][ \t]*(?P<text>[^\n]*\b(?:AI|LLMs?|generative)\b[^\n]*)$", re.M
)
_TOPIC_SUBJECT = re.compile(
    r"^(?:\w+(?:\([^)]*\))?!?:[ ]*)?(?:add|update|enable|disable|remove|skip|drop|support|document|"
    r"ask|pin|improve|install|configure|bump|name|retain|allow|make)\b",
    re.I,
)


def _named(text: str) -> tuple[str, str]:
    """(tool id, model) that a sentence names."""
    tool = catalogue().of_words(text)
    return (tool.id if tool else UNSPECIFIED), model_of(text)


def _boxes(text: str) -> Iterator[Finding]:
    """Check-boxes of a pull-request template: a ticked one says yes, or a ticked "No AI" no."""
    for match in _BOX.finditer(text):
        denies = bool(re.search(r"\b(?:no|not|without)\b", match["text"], re.I))
        ticked = match["tick"] != " "
        if ticked and not denies:
            tool, model = _named(match["text"])
            yield replace(
                _suggested("co-author", match[0].strip(), match.start(), tool, model),
                detector="D8",
                strength="medium",
            )
        elif ticked:
            yield _denied(match[0].strip(), match.start())


def _disclosures(text: str) -> Iterator[Finding]:
    for match in _DISCLOSURE.finditer(text):
        said = (match["same"].strip() or (match["next"] or "")).strip()
        heading = match[0].lower()
        about_ai = bool(re.search(r"\b(?:ai|llms?)\b", heading.replace(said.lower(), ""), re.I))
        if not said or not (about_ai or re.search(r"\b(?:AI|LLMs?)\b", said)):
            continue
        if _NONE.match(said) or _WITHOUT.search(said):
            yield _denied(match[0].strip(), match.start())
        else:
            tool, model = _named(said)
            yield _suggested("co-author", match[0].strip(), match.start(), tool, model)


def _sentences(text: str) -> Iterator[Finding]:
    """One finding a line, by the first rule that matches it."""
    seen: set[int] = set()
    for rule in rules():
        for match in rule.pattern.finditer(text):
            start = text.rfind("\n", 0, match.start()) + 1
            line = line_at(text, match.start())
            # A subject line says what the change is about, not who worked on it.
            topic = start == 0 and not rule.anywhere and _TOPIC_SUBJECT.match(line)
            if start in seen or topic or _WITHOUT.search(line):
                continue
            seen.add(start)
            tool, model = _named(match[0])
            yield _suggested(rule.role, line, match.start(), tool, model)


def _suggested(role: Role, quote: str, offset: int, tool: str, model: str) -> Finding:
    return Finding("D10", "ai", role, "weak", quote[:300], "message", tool, model, offset=offset)


def _denied(quote: str, offset: int) -> Finding:
    return Finding("D11", "none", "", "strong", quote[:300], "message", offset=offset)


@cache
def _any_mention() -> re.Pattern[str]:
    """What every rule needs at least one of; most messages have none, and are done here."""
    shy = "devin|cursor|jules|amp|sourcery"
    return re.compile(
        rf"\b(?:(?:ai|llms?|genai|generative|disclosure|{shy})\b|vibe)|{catalogue().prose_words}",
        re.IGNORECASE,
    )


def findings(message: str) -> list[Finding]:
    """What the message says about AI in words: suggestions, or an explicit no."""
    if not _any_mention().search(message):
        return []
    text = prose(message)
    denials = (
        _denied(line_at(text, match.start()), match.start()) for match in _WITHOUT.finditer(text)
    )
    return [*_disclosures(text), *_boxes(text), *_sentences(text), *denials]
