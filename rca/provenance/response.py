"""AI in the response to an incident, as timelines tell of it: who acted, who advised, how it went.

Weak evidence by nature: it proposes a row that a person confirms, edits or throws away. What the
AI did is read from a verb beside a tool's name; whether it helped or misled is only noted where
the sentence says so, and never weighed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from rca.provenance.finding import VERSION
from rca.provenance.tools import UNSPECIFIED, catalogue, model_of

ResponsePart = Literal["adviser", "agent_operator", "author"]
Turn = Literal["helped", "misled", ""]

_ACTED = (
    "restarted|rolled back|reverted|ran|executed|applied|scaled|deleted|dropped|drained|deployed|"
    "disabled|enabled|paused|stopped|changed|set|opened|merged|pushed|failed over|killed|purged"
)
_ADVISED = (
    "suggested|proposed|recommended|advised|said|told|claimed|explained|summari[sz]ed|answered|"
    "reported|pointed|flagged|found|identified|diagnosed|traced|linked|correlated|noticed|spotted|"
    "blamed|concluded|guessed|ruled out|insisted|warned|listed|named|thought"
)
_WROTE = "wrote|drafted|generated|prepared|translated"
_ASKED = (
    "asked|consulted|prompted|queried|used|asking|consulting|using|according to|advice (?:of|from)|"
    "suggestion (?:of|from|by)|answer (?:of|from)|suggested by|advised by|found by|on the advice of"
)
_MISLED = re.compile(
    r"\b(?:wrong(?:ly)?|incorrect(?:ly)?|misled|misleading|mistaken|out[- ]of[- ]date|outdated|"
    r"stale|does not exist|did not exist|no such|false (?:lead|trail)|"
    r"turned out (?:not|to be (?:wrong|false))|"
    r"red herring|hallucinat\w+|made it worse|not the cause|invented|without effect|no effect|"
    r"cost us|lost \w+ minutes|dead end|not possible|(?:could|was) not (?:be )?confirmed)\b",
    re.I,
)
_HELPED = re.compile(
    r"\b(?:correct(?:ly)?|right(?:ly)?|helped|which (?:led|pointed) (?:us )?to the cause|confirmed|"
    r"this was it|fixed it|resolved it|saved|recovered|found the (?:cause|leak|bug|culprit|query)|"
    r"worked|brought .{0,20} back)\b",
    re.I,
)
_APPROVED = re.compile(
    r"\b(?:approved|approval|confirmed by|after (?:a )?review|signed off|with permission)\b", re.I
)
_ALONE = re.compile(
    r"\b(?:unattended|automatically|by itself|on its own|"
    r"without (?:asking|approval|confirmation))\b",
    re.I,
)
# The AI as the thing that failed, or that is built: no one's tool in the response.
_TOPIC = re.compile(
    r"^[ -](?:API|endpoint|gateway|service|integration|plugin|feature|client|quota|workflow|"
    r"backend)\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class ResponseTrace:
    """What one line of a timeline says of an AI in the response.

    ``autonomy`` is a value of the vocabulary or empty; ``turn`` what the line says of how it went.
    """

    part: ResponsePart
    tool: str
    model: str
    autonomy: str
    turn: Turn
    quote: str
    version: str = VERSION


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    agent = (
        rf"(?:{catalogue().prose_words}|(?<![\w-])(?:AI|LLM)(?:[ -](?:coding |ops |SRE |on-call |"
        r"incident )?(?:assistant|agent|bot|tool|copilot|chatbot|model|responder|SRE))?(?![\w-])"
        r"|(?<![\w-])(?:coding|SRE|ops|on-call|incident) (?:agent|assistant|copilot)(?![\w-])"
        r"|(?<![\w-])(?:the )?chatbot(?![\w-]))"
    )
    did = re.compile(
        rf"(?P<who>{agent})(?P<after>[^.!?\n]{{0,40}}?)\b"
        rf"(?:(?P<acted>{_ACTED})|(?P<advised>{_ADVISED})|(?P<wrote>{_WROTE}))\b",
        re.I,
    )
    asked = re.compile(rf"\b(?:{_ASKED})\b[^.!?\n]{{0,25}}?(?P<who>{agent})", re.I)
    return did, asked


def read(text: str, *, actor: str = "") -> ResponseTrace | None:
    """What a line of a timeline says of an AI that acted or advised; None when it says nothing.

    ``actor`` is the line's actor, where the timeline has a column for it.
    """
    line = " ".join(text.split())[:2_000]
    did, asked = _patterns()
    told = f"{actor.strip()}: {line}" if actor.strip() else line
    for pattern in (did, asked):
        for match in pattern.finditer(told):
            if _TOPIC.match(told[match.end("who") :]):
                continue
            return _trace(told, match)
    return None


def _trace(line: str, match: re.Match[str]) -> ResponseTrace:
    groups = match.groupdict()
    part: ResponsePart = "adviser"
    if groups.get("acted"):
        part = "agent_operator"
    elif groups.get("wrote"):
        part = "author"
    tool = catalogue().of_words(match["who"])
    return ResponseTrace(
        part=part,
        tool=tool.id if tool else UNSPECIFIED,
        model=model_of(line),
        autonomy=_autonomy(line, part),
        turn=_turn(line),
        quote=line[:400],
    )


def _autonomy(line: str, part: ResponsePart) -> str:
    if part == "adviser":
        return "suggested"
    if part == "author":
        return "drafted"
    if _APPROVED.search(line):
        return "acted_with_approval"
    return "acted_unattended" if _ALONE.search(line) else "unknown"


def _turn(line: str) -> Turn:
    """The line's own word on how it went; nothing when it has both words or none."""
    wrong, right = _MISLED.search(line), _HELPED.search(line)
    if wrong and not right:
        return "misled"
    return "helped" if right and not wrong else ""
