"""The known tools, read from ``tools.yaml``: addresses, account ids, and the words for them."""

import re
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml

AMBIGUOUS_ID = 175728472
"""Copilot's account for both applied review suggestions and co-authoring: the role is unclear."""

UNSPECIFIED = "unspecified-ai"


@dataclass(frozen=True, slots=True)
class Tool:
    """One row of ``tools.yaml``."""

    id: str
    name: str
    words: tuple[str, ...] = ()
    shy: tuple[str, ...] = ()
    mails: tuple[str, ...] = ()
    ids: tuple[int, ...] = ()
    bots: tuple[str, ...] = ()
    branch: tuple[str, ...] = ()
    reviewer: bool = False


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All tools with their compiled patterns."""

    tools: tuple[Tool, ...]
    mail: re.Pattern[str]
    bot: re.Pattern[str]
    by_id: dict[int, Tool] = field(hash=False)
    prose_words: str = ""
    trailer_words: str = ""

    def of_mail(self, mail: str) -> Tool | None:
        """The tool whose exact address this is; numeric ids first, since names change."""
        return _of_mail(self, mail)

    def _find_mail(self, mail: str) -> Tool | None:
        number = _NOREPLY_ID.match(mail)
        if number and int(number[1]) in self.by_id:
            return self.by_id[int(number[1])]
        for tool in self.tools:
            if any(re.fullmatch(one, mail, re.IGNORECASE) for one in tool.mails):
                return tool
        bot = _BOT_MAIL.match(mail)
        return self.of_bot(bot[1]) if bot else None

    def of_bot(self, name: str) -> Tool | None:
        """The tool that signs as ``name[bot]``."""
        return next((tool for tool in self.tools if name.lower() in tool.bots), None)

    def of_words(self, text: str) -> Tool | None:
        """The tool named first in a short text such as a trailer's value."""
        found: tuple[int, int, Tool] | None = None
        for tool in self.tools:
            for word in (*tool.words, *tool.shy):
                match = re.search(_bounded(word), text, re.IGNORECASE)
                if match and (found is None or (match.start(), -len(match[0])) < found[:2]):
                    found = (match.start(), -len(match[0]), tool)
        return found[2] if found else None


@lru_cache(maxsize=4_096)
def _of_mail(known: Catalogue, mail: str) -> Tool | None:
    """Histories repeat their few hundred addresses: looking one up costs more than keeping it."""
    return known._find_mail(mail)


_NOREPLY_ID = re.compile(r"(\d+)\+[^@]*@users\.noreply\.github\.com$", re.IGNORECASE)
_BOT_MAIL = re.compile(r"(?:\d+\+)?([\w-]+)\[bot\]@users\.noreply\.github\.com$", re.IGNORECASE)


def _bounded(word: str) -> str:
    return rf"(?<![\w&/.@-]){word}(?![\w@/]|\.\w|-\w)"


def _any_of(words: list[str]) -> str:
    ordered = sorted(words, key=len, reverse=True)
    return rf"(?<![\w&/.@-])(?:{'|'.join(ordered)})(?![\w@/]|\.\w)"


def _tool(row: dict[str, Any]) -> Tool:
    lists = ("words", "shy", "mails", "ids", "bots", "branch")
    values = {name: tuple(row.get(name, ())) for name in lists}
    return Tool(row["id"], row["name"], reviewer=bool(row.get("reviewer")), **values)


@cache
def catalogue() -> Catalogue:
    """The tools of ``tools.yaml``, read once."""
    text = Path(__file__).with_name("tools.yaml").read_text(encoding="utf-8")
    rows = yaml.load(text, Loader=yaml.CSafeLoader)
    tools = tuple(_tool(row) for row in rows)
    plain = [word for tool in tools for word in tool.words]
    shy = [word for tool in tools for word in tool.shy]
    return Catalogue(
        tools=tools,
        mail=re.compile("|".join(one for tool in tools for one in tool.mails), re.IGNORECASE),
        bot=re.compile("|".join(one for tool in tools for one in tool.bots), re.IGNORECASE),
        by_id={number: tool for tool in tools for number in tool.ids},
        prose_words=_any_of(plain),
        trailer_words=_any_of([*plain, *shy]),
    )


_MODELS = (
    (re.compile(r"\b(opus|sonnet|haiku|fable)[ -]?(\d+(?:[.-]\d{1,2})?)?\b", re.I), "claude-{}-{}"),
    (re.compile(r"\bclaude-(\d(?:[.-]\d)?)-(opus|sonnet|haiku)\b", re.I), "claude-{1}-{0}"),
    (re.compile(r"\b(gpt)[- ]?(\d[\w.]*(?:-[a-z]+)*)", re.I), "{}-{}"),
    (re.compile(r"\b(o[134])(-mini|-pro)?\b"), "{}{}"),
    (re.compile(r"\bgemini[- ](?:(pro|flash)[- ])?(\d(?:\.\d)?)(?:[- ](pro|flash))?", re.I), ""),
    (re.compile(r"\b(deepseek)[- ]([\w.]+)", re.I), "{}-{}"),
)


def model_of(text: str) -> str:
    """A model's family and version out of the many ways to write one; empty when none is named."""
    for pattern, shape in _MODELS:
        match = pattern.search(text)
        if match is None:
            continue
        parts = [(part or "").lower() for part in match.groups()]
        if not shape:
            return "-".join(part for part in ("gemini", parts[1], parts[0] or parts[2]) if part)
        return shape.format(*parts).strip("-").replace("--", "-")
    return ""
