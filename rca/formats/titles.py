"""A title for a record that came without one: its first sentence."""

import re

_MARKUP = re.compile(r"[*_`]{1,3}|!?\[([^\]]*)\]\([^)]*\)|<[^>\n]{1,200}>")
_NO_PROSE = re.compile(r"^(?:[-=*_~`|: ]{3,}|!\[.*|\|.*|<!--.*|```.*|#{2,6} .*)$")
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)(?<!\be\.g\.)(?<!\bi\.e\.)(?<!\bvs\.)(?<!\bno\.)", re.I)
MOST = 120


def _plain(line: str) -> str:
    bare = _MARKUP.sub(lambda match: match[1] or "", line)
    return " ".join(re.sub(r"^(?:#\s+|[-*+>]\s+|\d+[.)]\s+)", "", bare.strip()).split())


def shorten(text: str, most: int) -> str:
    """``text`` in at most ``most`` characters, cut between words, with ``…`` when cut."""
    text = " ".join(text.split())
    if len(text) <= most:
        return text
    cut = text[: most - 1]
    head, space, _tail = cut.rpartition(" ")
    return (head if space and len(head) > most // 2 else cut).rstrip(" ,;:–-") + "…"


def first_sentence(text: str) -> str:
    """The first sentence of prose, without markup, or "" when there is none."""
    for line in text[:20_000].split("\n"):
        if _NO_PROSE.match(line.strip()):
            continue
        plain = _plain(line)
        if any(char.isalnum() for char in plain):
            end = _SENTENCE_END.search(plain)
            return shorten(plain[: end.start()] if end else plain, MOST)
    return ""
