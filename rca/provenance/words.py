"""A commit message made ready for reading: same length, so that offsets stay true."""

import re

_FENCE = re.compile(r"^([`~]{3,})[^\n]*\n.*?^\1[ \t]*$", re.MULTILINE | re.DOTALL)
_INLINE_CODE = re.compile(r"`[^`\n]{1,200}`")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_QUOTED = re.compile(r"^[ \t]*>[^\n]*$", re.MULTILINE)
_URL = re.compile(r"https?://[^\s)>\]]+")
_TRAILER = re.compile(r"^[ \t>*-]*[A-Za-z][A-Za-z-]+-[Bb]y[ \t]*:[^\n]*$", re.MULTILINE)


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match[0])


def unescaped(message: str) -> str:
    """Literal ``\\n`` (a shell's slip) as a line break of the same length; CR as a space."""
    return message.replace("\\n", " \n").replace("\r", " ").replace("\x00", " ")


def prose(message: str) -> str:
    """What a person wrote in sentences: code, comments, quotes, URLs and trailers are blanked."""
    text = unescaped(message)
    for pattern in (_FENCE, _COMMENT, _QUOTED, _INLINE_CODE, _URL, _TRAILER):
        text = pattern.sub(_blank, text)
    return text


def line_at(text: str, offset: int) -> str:
    """The line around ``offset``, trimmed, at most 200 characters."""
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    return text[start : end if end >= 0 else len(text)].strip()[:200]
