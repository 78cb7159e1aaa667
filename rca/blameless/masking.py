"""Blank out what is shown and not said: code, quotes, addresses, logs, identifiers.

A mention is not a use. Each masked character becomes one MASK character, so that offsets
into the masked text are offsets into the original. Every repetition below is bounded or
starts at a fixed mark: no input makes these expressions look back further than a line.
"""

from __future__ import annotations

import re

from rca.blameless.tokens import MASK

_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,}).*?(?:^[ \t]*\1[`~]*[ \t]*$|\Z)", re.M | re.S)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.S)
_CODE = re.compile(r"(?<!`)(`+)(?!`)[^`]{1,400}\1(?!`)")
_URL = re.compile(r"\b(?:https?|ftp|ssh|git|s3|gs)://[^\s<>\"')\]]+|\bwww\.[^\s<>\"')\]]+")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,64}\.[\w.-]{0,64}\w")
_LOG = re.compile(
    r"^[ \t>]*(?:\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[^\n]{0,12}?[ \t]+\[?)?"
    r"(?:ERROR|WARN(?:ING)?|INFO|DEBUG|FATAL|TRACE|CRITICAL)\b[\]:|][^\n]*"
    r"|^[ \t]*Traceback \([^\n]*|^[ \t]+File \"[^\n]*|^[ \t]+at [\w$.]+\([^\n]*"
    r"|^[A-Z]\w{0,40}(?:Error|Exception): [^\n]*|^[Ee]rror: [^\n]*",
    re.M,
)
_IDENTIFIER = re.compile(
    r"(?<!\w)\w{0,60}[A-Za-z0-9]_[A-Za-z0-9]\w{0,60}"
    r"|(?<![\w/.])\.?/?(?:[\w.-]{1,60}/){2,12}[\w.-]{0,60}"
    r"|(?<![\w/.])~?/[\w.-]{2,60}"
    r"|(?<![\w.])(?:[A-Za-z][\w-]{0,40}\.){1,6}"
    r"(?:py|js|ts|tsx|go|rs|rb|java|c|h|cpp|cs|sh|sql|ya?ml|json|toml|ini|conf|cfg|md|txt|csv|log"
    r"|tf|hcl|lock|env|xml|html|css|com|net|org|io|dev|internal|local)\b"
    r"|(?<![\w-])--[a-z][\w-]{0,40}"
    r"|(?<!\w)[A-Za-z_][\w.]{0,60}\(\)"
)
_DOUBLE = re.compile(r'"[^"]{1,600}"|“[^”]{1,600}”|«[^»]{1,600}»')
_SINGLE = re.compile(r"(?<![\w’'])['‘](?=\S)(?:[^'‘’]|(?<=\w)['’](?=\w)){1,200}['’](?!\w)")


def _cover(match: re.Match[str]) -> str:
    text = match.group()
    if "\n" not in text:
        return MASK * len(text)
    return "\n".join(MASK * len(line) for line in text.split("\n"))


def _cover_quote(match: re.Match[str]) -> str:
    inner = match.group()[1:-1]
    # Scare quotes round one word do not exempt it.
    if inner.isalpha():
        return f" {inner} "
    return _cover(match)


def mask_blocks(text: str) -> str:
    """Cover what spans lines: fenced code, comments, log lines and stack traces."""
    if "```" in text or "~~~" in text:
        text = _FENCE.sub(_cover, text)
    if "<!--" in text:
        text = _COMMENT.sub(_cover, text)
    return _LOG.sub(_cover, text)


def mask_inline(text: str) -> str:
    """Cover what stands within a paragraph: code spans, addresses, identifiers, quotes."""
    if "`" in text:
        text = _CODE.sub(_cover, text)
    if "://" in text or "www." in text:
        text = _URL.sub(_cover, text)
    if "@" in text:
        text = _EMAIL.sub(_cover, text)
    if "_" in text or "/" in text or "(" in text or "--" in text or "." in text:
        text = _IDENTIFIER.sub(_cover, text)
    if '"' in text or "“" in text or "«" in text:
        text = _DOUBLE.sub(_cover_quote, text)
    if "'" in text or "‘" in text:
        text = _SINGLE.sub(_cover_quote, text)
    return text
