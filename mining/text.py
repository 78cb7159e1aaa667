"""From a postmortem as people write it to sentences and a vocabulary that mean something.

Postmortems are Markdown, plain text or one long line of a status page. Template headings
("Root cause", "What went wrong and why?") carry no incident in them, but they tell what the
sentences under them are about: that is kept as the sentence's ``role``.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mining.boilerplate import (
    LONGEST_REMAINS,
    is_boilerplate,
    is_remains,
    may_hold_boilerplate,
)
from mining.masking import mask, mask_people, mask_private, mask_secrets

__all__ = [
    "Sentence",
    "is_boilerplate",
    "mask",
    "mask_people",
    "mask_secrets",
    "normalise",
    "quote",
    "sentences",
    "strip_boilerplate",
]

# What a section or inline label announces. First match wins, so the order is part of the rule.
_ROLES: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "followup",
        re.compile(
            r"action|follow.?up|next steps?|prevent|lessons|learn|improve|less likely|"
            r"going forward|future|what are we doing|what is next|recommend|"
            r"remediation items|corrective|to.?do"
        ),
    ),
    (
        "cause",
        re.compile(
            r"cause|why|contribut|trigger|fault|five whys|what went wrong|went poorly|analysis|"
            r"diagnos|explanation|failure mode|what broke|technical details"
        ),
    ),
    (
        "response",
        re.compile(
            r"mitigat|resol|recover|respon|remediat|fix|repair|restor|workaround|went well|"
            r"got lucky|how did we"
        ),
    ),
    ("timeline", re.compile(r"timeline|chronolog|sequence of events|event log|key events|stats\b")),
    ("detection", re.compile(r"detect|alert|monitoring")),
    (
        "impact",
        re.compile(
            r"impact|affected|scope|symptom|what happened|summary|overview|background|"
            r"description|customers|tl;?dr|abstract|executive"
        ),
    ),
)

_INLINE_LABEL = re.compile(
    r"(?:(?<=[.!?:)\"]\s)|(?<=^))\**("
    r"(?:preliminary |likely |probable )?root causes?(?: analysis)?|summary(?: of impact)?|impact|"
    r"mitigations?|next steps|resolution|trigger|contributing factors?|detection|remediation|"
    r"customer impact|timeline|background|lessons learned|action items|recovery|prevention|"
    r"cause|follow.?ups?"
    r")\**[ ]?:\**[ ]+|"
    r"(?:(?<=[.!?:)\"]\s)|(?<=^))("
    r"what (?:happened|went wrong(?:,? and why)?|are we doing about it|was the impact)|"
    r"how (?:did we respond|are we making incidents like this less likely(?: or less impactful)?|"
    r"can (?:we|our customers)[^?]{0,60}|did (?:this|it) happen)|why did (?:this|it) happen"
    r")\?[ ]*",
    re.IGNORECASE | re.MULTILINE,
)
# What a label ends with: looked for first, since the pattern above costs far more.
_LABEL_ENDS = (
    "cause", "causes", "analysis", "summary", "impact", "mitigation", "mitigations", "steps",
    "resolution", "trigger", "factor", "factors", "detection", "remediation", "timeline",
    "background", "learned", "items", "recovery", "prevention", "up", "ups",
)  # fmt: skip
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+(.*?)\s*#*\s*$")
_BOLD_LINE = re.compile(r"^\s*(?:\*\*|__)([^*_]{2,80}?)(?:\*\*|__)\s*:?\s*$")
_LONGEST_HEADING = 120
_UNDERLINE = re.compile(r"^\s*(?:={3,}|-{3,})\s*$")
_CAPITALS = re.compile(r"^[A-Z][A-Z ,/&'-]{3,60}:?$")
_LABEL_LINE = re.compile(r"^\s*([A-Z][\w ,/&'-]{2,50}):\s*$")
_BULLET = re.compile(r"^\s*(?:[-*+•]|\d{1,2}[.)])\s+")
_TABLE = re.compile(r"^\s*\|.*\|\s*$")
_TABLE_RULE = re.compile(r"^[\s|:+-]+$")
_STAMPED = re.compile(
    r"^\W*(?:\d{4}-\d{2}-\d{2}|\d{1,2}[:h.]\d{2}\b|"
    r"(?:mon|tue|wed|thu|fri|sat|sun)\w*[ ,])[^A-Za-z]*",
    re.IGNORECASE,
)
# The first sign as a set of its own: the engine then runs to the next one without trying others.
# A full stop of a short form ends no sentence; each look back has one width.
_BOUNDARY = re.compile(
    r"[.!?;](?:(?<!;)(?<![.!?][.!?])(?<!\b[A-Za-z]\.)(?<!\b(?i:vs|ca|cf|no|mr|ms|dr|st)\.)"
    r"(?<!\b(?i:e\.g|i\.e|etc|inc|ltd|mrs)\.)(?<!\b(?i:approx)\.)"
    r"[.!?]*[\"'”’)\]*_`]*\s+(?=[\"'“‘(\[*_`]*[A-Z0-9])|(?<=;)\s+(?=[A-Z]))"
)
_MAX_SENTENCE = 600
_TOO_SHORT = 2
_PLAINLY_LONG = LONGEST_REMAINS + 10


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence, bullet or table row.

    ``text`` is tidy (one line, no bullet sign); ``start`` and ``end`` are offsets into the text
    that was split, verbatim. ``role`` says what its section is about: ``cause``, ``impact``,
    ``response``, ``followup``, ``detection``, ``timeline`` or ``''``.
    """

    text: str
    start: int
    end: int
    role: str = ""


def normalise(text: str) -> str:
    """Compose characters, make quotes and spaces plain, drop control characters. Idempotent."""
    text = unicodedata.normalize("NFKC", text)
    text = text.replace("’", "'").replace("‘", "'").replace("“", '"').replace("”", '"')
    text = text.replace("\u200b", "").replace("\ufeff", "")
    text = "".join(c if c in "\n\t" or c.isprintable() else " " for c in text.replace("\r\n", "\n"))
    return re.sub(r"[ \t]+", " ", text).strip()


def role_of(heading: str) -> str:
    """What a section with this heading is about; ``''`` when the heading does not tell."""
    lowered = heading.lower()
    return next((role for role, pattern in _ROLES if pattern.search(lowered)), "")


def _heading_of(line: str, following: str) -> str | None:
    """The heading that a line is, or ``None``."""
    stripped = line.strip()
    if len(stripped) < _LONGEST_HEADING or stripped.startswith("#"):
        match = _HEADING.match(line) or _BOLD_LINE.match(line) or _LABEL_LINE.match(line)
        if match:
            return match[1]
        if stripped and _UNDERLINE.match(following):
            return stripped
        return stripped if _CAPITALS.match(stripped) else None
    return None


@dataclass(slots=True)
class _Block:
    """Consecutive lines that form one paragraph, bullet or table row."""

    start: int
    end: int
    role: str


def _starts_item(line: str) -> bool:
    return bool(_BULLET.match(line) or _TABLE.match(line) or _STAMPED.match(line))


def _blocks(text: str) -> Iterator[_Block]:
    """Paragraphs, bullets and table rows with the role of their section."""
    role, offset, block = "", 0, None
    lines = text.splitlines(keepends=True)
    if len(lines) == 1 and _is_prose(lines[0]):
        yield _Block(0, len(lines[0].rstrip()), "")
        return
    for index, line in enumerate(lines):
        start, offset = offset, offset + len(line)
        bare = line.rstrip()
        heading = _heading_of(bare, lines[index + 1] if index + 1 < len(lines) else "")
        ends = not bare or heading is not None or _UNDERLINE.match(bare) or _TABLE_RULE.match(bare)
        if block is not None and (ends or _starts_item(bare)):
            yield block
            block = None
        if heading is not None:
            role = role_of(heading)
        elif not ends:
            block = block or _Block(start, start, role)
            block.end = start + len(bare)
    if block is not None:
        yield block


def _is_prose(line: str) -> bool:
    """Whether a line can't be a heading, a rule or an empty row, by a look at its beginning."""
    return len(line) > 2 * _LONGEST_HEADING and line[:1].isalpha() and " " not in line[-1:]


def _labelled(text: str, block: _Block) -> Iterator[_Block]:
    """A block cut at inline labels such as "Root Cause: …", each part with its own role."""
    start, role = block.start, block.role
    body = text[block.start : block.end]
    if not _may_hold_label(body):
        yield block
        return
    for match in _INLINE_LABEL.finditer(text, block.start, block.end):
        if match.start() > start:
            yield _Block(start, match.start(), role)
        start, role = match.end(), role_of(match[1] or match[2])
    yield _Block(start, block.end, role)


def _may_hold_label(body: str) -> bool:
    """Whether a colon follows the end of a label, or a question may be one."""
    at = body.find(":")
    while at >= 0:
        if body[max(0, at - 20) : at].rstrip(" *").lower().endswith(_LABEL_ENDS):
            return True
        at = body.find(":", at + 1)
    if "?" not in body:
        return False
    lowered = body.lower()
    return "what " in lowered or "how " in lowered or "why " in lowered


def _cuts(text: str, block: _Block) -> Iterator[tuple[int, int]]:
    start = block.start
    for match in _BOUNDARY.finditer(text, block.start, block.end):
        yield start, match.end()
        start = match.end()
    yield start, block.end


def _tidy(fragment: str) -> str:
    if not fragment[:1].isalpha():
        fragment = _BULLET.sub("", fragment, count=1)
    if "|" in fragment or "**" in fragment:
        fragment = fragment.replace("|", " ").replace("**", "")
    return " ".join(fragment.split())[:_MAX_SENTENCE]


def sentences(text: str) -> tuple[Sentence, ...]:
    """The sentences of a postmortem in order, without headings and without boilerplate.

    Bullets and table rows count as sentences; soft-wrapped lines are joined. Offsets point into
    ``text`` as given. A role that an inline label set lasts to the end of its own paragraph.
    """
    found = []
    for tidy, start, end, role in _fragments(text):
        fragment = text[start:end]
        lead = len(fragment) - len(fragment.lstrip())
        found.append(Sentence(tidy, start + lead, start + len(fragment.rstrip()), role))
    return tuple(found)


def sentence_texts(text: str) -> list[str]:
    """The tidy texts of :func:`sentences` alone."""
    return [tidy for tidy, _, _, _ in _fragments(text)]


_Fragment = tuple[str, int, int, str]


def _fragments(text: str) -> list[_Fragment]:
    """Tidy text, offsets and role of each sentence that says something of the incident."""
    found: list[_Fragment] = []
    carried = ""
    signed = may_hold_boilerplate(text.lower())
    for block in _blocks(text):
        block.role = block.role or carried
        for part in _labelled(text, block):
            for start, end in _cuts(text, part):
                tidy = _tidy(text[start:end])
                if len(tidy) > _TOO_SHORT and (tidy[0].isalpha() or any(map(str.isalpha, tidy))):
                    found.append((tidy, start, end, part.role))
            carried = part.role if part.role != block.role else carried
    told = is_boilerplate if signed else is_remains
    return [row for row in found if not told(row[0])]


def opening_and_rest(text: str, count: int) -> tuple[str, str] | None:
    """The text of the first ``count`` sentences and of all others: not tidied, but with the words
    that :func:`sentences` has. ``None`` when only a closer look can tell them.
    """
    if "|" in text or "**" in text or may_hold_boilerplate(text.lower()):
        return None
    opening: list[str] = []
    rest: list[str] = []
    seen = 0
    for block in _blocks(text):
        for part in _labelled(text, block):
            ends = [match.end() for match in _BOUNDARY.finditer(text, part.start, part.end)]
            ends.append(part.end)
            if not _all_tell(text, part.start, ends):
                return None
            left = count - seen
            cut = part.start if left <= 0 else ends[min(left, len(ends)) - 1]
            opening.append(text[part.start : cut])
            rest.append(text[cut : part.end])
            seen += len(ends)
    return _one_line(opening), _one_line(rest)


def _all_tell(text: str, start: int, ends: Sequence[int]) -> bool:
    """Whether every piece up to the next end is plainly a sentence that :func:`sentences` keeps."""
    for end in ends:
        length = end - start
        if length > _MAX_SENTENCE or not any(map(str.isalpha, text[start:end])):
            return False
        if length < _PLAINLY_LONG:
            tidy = _tidy(text[start:end])
            if len(tidy) <= _TOO_SHORT or is_remains(tidy):
                return False
        start = end
    return True


def _one_line(parts: Sequence[str]) -> str:
    """The parts as one line with single blanks, as patterns of words with a blank expect them."""
    joined = " ".join(parts)
    if "  " in joined or "\n" in joined or "\t" in joined:
        return " ".join(joined.split())
    return joined


def strip_boilerplate(text: str) -> str:
    """The text without template headings, apologies and form remains; one sentence a line."""
    return "\n".join(sentence.text for sentence in sentences(text))


def quote(sentence: str, limit: int = 240) -> str:
    """A sentence as it was written, with secrets, people and addresses masked, cut at a word."""
    shown = mask_private(sentence)
    if len(shown) <= limit:
        return shown
    return shown[: limit - 1].rsplit(" ", 1)[0] + "…"
