"""Path patterns: one small language, turned into one small set of regular expressions.

``*`` and ``?`` stay inside a path segment, ``**/`` is any number of leading folders, a closing
``/**`` is everything below, ``**`` elsewhere is any text. Classes and braces are refused, so that
a pattern means the same here, in RE2 and in Rust's engine.
"""

import re
from functools import lru_cache

_TOKEN = re.compile(r"\*\*/|\*\*|\*|\?|[^*?]")
_MEANING = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
_SPECIAL = frozenset("\\.+*?()|[]{}^$")
MAX_DOUBLE_STARS = 4


def problem(pattern: str) -> str | None:
    """What is wrong with a path pattern, in words; None when it is usable."""
    if not pattern:
        return "an empty path pattern matches nothing"
    if any(sign in pattern for sign in "[]{}!\\"):
        return "path patterns know *, ** and ? only"
    if pattern.startswith("/"):
        return "paths are relative to the repository: leave the leading / out"
    if pattern.count("**") > MAX_DOUBLE_STARS:
        return f"more than {MAX_DOUBLE_STARS} of ** in one pattern"
    if "***" in pattern:
        return "*** has no meaning"
    return None


def regex(pattern: str) -> str:
    """The unanchored regular expression of a pattern, readable by Python, RE2 and Rust."""
    parts = []
    for token in _TOKEN.findall(pattern):
        literal = "\\" + token if token in _SPECIAL else token
        parts.append(_MEANING.get(token, literal))
    return "".join(parts)


def anchored(pattern: str) -> str:
    """The whole-text form that other engines need: ``.`` reaches over line ends there too."""
    return f"^(?s:{regex(pattern)})$"


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(regex(pattern), re.DOTALL)


@lru_cache(maxsize=512)
def any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """An expression that a whole text matches when any of the patterns does; none match nothing."""
    joined = "|".join(f"(?:{regex(pattern)})" for pattern in patterns)
    return re.compile(joined if patterns else r"(?!)", re.DOTALL)


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text matches the pattern. Case counts."""
    return _compiled(pattern).fullmatch(text) is not None
