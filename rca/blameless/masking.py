"""Blank out what is shown and not said: code, quotes, addresses, logs, identifiers.

A mention is not a use. Each masked character becomes one MASK character, so that offsets
into the masked text are offsets into the original. Every repetition below is bounded or
starts at a fixed mark: no input makes these expressions look back further than a line.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from rca.blameless.tokens import MASK

_FENCE = re.compile(r"^[ \t]{0,20}(`{3,9}|~{3,9}).*?(?:^[ \t]{0,20}\1[`~]*[ \t]*$|\Z)", re.M | re.S)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.S)
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n.{0,4000}?\n---[ \t]*$", re.M | re.S)
_QUOTED_LINE = re.compile(r"^[ \t]{0,8}>[^\n]*", re.M)
_QUOTE_MARK = re.compile(r"\n[ \t]{0,8}>")
_CODE = re.compile(r"(?<!`)(`{1,3})(?!`)[^`]{1,400}\1(?!`)")
_URL = re.compile(r"\b(?:https?|ftp|ssh|git|s3|gs)://[^\s<>\"')\]]+|\bwww\.[^\s<>\"')\]]+")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,64}\.[\w.-]{0,64}\w")
_LEVEL = r"(?:ERROR|WARN(?:ING)?|INFO|DEBUG|FATAL|TRACE|CRITICAL)\b"
_LOG = re.compile(
    rf"^[ \t]{{0,40}}\[?\d{{4}}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[^\n]{{0,40}}?{_LEVEL}[^\n]*"
    rf"|^[ \t]{{0,40}}\[?{_LEVEL}[\]:|][^\n]*"
    r"|^[ \t]{0,40}Traceback \([^\n]*|^[ \t]{1,40}File \"[^\n]*"
    r"|^[ \t]{1,40}at [\w$.]{1,200}\([^\n]*"
    r"|^[A-Z]\w{0,40}(?:Error|Exception): [^\n]*|^[Ee]rror: [^\n]*",
    re.M,
)
_LOG_MARKS = ("ERROR", "WARN", "INFO", "DEBUG", "FATAL", "TRACE", "CRITICAL", "Traceback",
              'File "', "Error: ", "Exception: ", "error: ", "\tat ", "  at ")  # fmt: skip
_SNAKE = re.compile(r"(?<!\w)\w{0,60}[A-Za-z0-9]_[A-Za-z0-9]\w{0,60}")
_PATH = re.compile(
    r"(?<![\w/.])\.?/?(?:[\w.-]{1,60}/){2,12}[\w.-]{0,60}|(?<![\w/.])~?/[\w.-]{2,60}"
)
_SUFFIX = (
    r"(?:py|js|ts|tsx|go|rs|rb|java|c|h|cpp|cs|sh|sql|ya?ml|json|toml|ini|conf|cfg|md|txt|csv|log"
    r"|tf|hcl|lock|env|xml|html|css|com|net|org|io|dev|internal|local)\b"
)
_ANY_FILE = re.compile(rf"\.{_SUFFIX}")
_FILE = re.compile(rf"(?<![\w.])(?:[A-Za-z][\w-]{{0,40}}\.){{1,6}}{_SUFFIX}")
_FLAG = re.compile(r"(?<![\w-])--[a-z][\w-]{0,40}")
_CALL = re.compile(r"(?<!\w)[A-Za-z_][\w.]{0,60}\(\)")
_DOUBLE = re.compile(r'"[^"]{1,600}"|“[^”]{1,600}”|«[^»]{1,600}»')
_SINGLE = re.compile(r"['‘](?<![\w’']['‘])(?=\S)(?:[^'‘’]|(?<=\w)['’](?=\w)){1,200}['’](?!\w)")
# What is one word, told by a mark in it. Beside a space all of them see the end of the text.
_WORDS = (
    ("://", _URL),
    ("www.", _URL),
    ("@", _EMAIL),
    ("_", _SNAKE),
    ("/", _PATH),
    ("--", _FLAG),
    ("()", _CALL),
)


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
    """Cover what spans lines: front matter, fences, comments, quoted lines, logs, traces."""
    if text.startswith("---"):
        text = _FRONT_MATTER.sub(_cover, text)
    if "```" in text or "~~~" in text:
        text = _FENCE.sub(_cover, text)
    if "<!--" in text:
        text = _COMMENT.sub(_cover, text)
    if ">" in text and _QUOTE_MARK.search(f"\n{text}"):
        text = _QUOTED_LINE.sub(_cover, text)
    return _cover_logs(text)


def _cover_logs(text: str) -> str:
    """Cover lines of logs and traces; only lines with a mark of one are looked at."""
    starts: set[int] = set()
    for mark in _LOG_MARKS:
        at = text.find(mark)
        while at >= 0:
            starts.add(text.rfind("\n", 0, at) + 1)
            end = text.find("\n", at)
            at = text.find(mark, end) if end >= 0 else -1
    parts: list[str] = []
    done = 0
    for start in sorted(starts):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        parts += (text[done:start], _LOG.sub(_cover, text[start:end]))
        done = end
    return "".join((*parts, text[done:])) if parts else text


def mask_inline(text: str) -> str:
    """Cover what stands within a paragraph: code spans, addresses, identifiers, quotes."""
    if "`" in text:
        text = _CODE.sub(_cover, text)
    for mark, pattern in _WORDS:
        if mark in text:
            text = _in_words(pattern, _finder(mark), text)
    if "." in text:
        text = _in_words(_FILE, _next_file, text)
    if '"' in text or "“" in text or "«" in text:
        text = _DOUBLE.sub(_cover_quote, text)
    if "'" in text or "‘" in text:
        text = _SINGLE.sub(_cover_quote, text)
    return text


def _finder(mark: str) -> Callable[[str, int], int]:
    return lambda text, at: text.find(mark, at)


def _next_file(text: str, at: int) -> int:
    found = _ANY_FILE.search(text, at)
    return found.start() if found else -1


def _in_words(pattern: re.Pattern[str], find: Callable[[str, int], int], text: str) -> str:
    """Cover matches of ``pattern``, which holds no space, only in words with a mark.

    Three times as fast on prose as trying the pattern at every letter.
    """
    parts: list[str] = []
    done, at = 0, find(text, 0)
    while at >= 0:
        begin = text.rfind(" ", done, at) + 1 or done
        end = text.find(" ", at)
        end = len(text) if end < 0 else end
        parts += (text[done:begin], pattern.sub(_cover, text[begin:end]))
        done, at = end, find(text, end)
    return "".join((*parts, text[done:])) if parts else text
