"""Masks what no vocabulary, quote or report may hold: secrets, people, hosts, ids and times.

The rules are conservative towards text and harsh towards tokens: an ordinary word survives, a
token that looks made by a machine does not. Nothing is cached, so no secret outlives a call.
"""

import re
from functools import cache, partial
from itertools import pairwise
from pathlib import Path

from mining.signs import holds

# Dotted names are hosts only under endings like these; `values.yaml` and `boot.ini` are files.
_HOST_ENDINGS = re.compile(
    r"com|net|org|io|dev|cloud|internal|local|localdomain|lan|corp|"
    r"intranet|app|co|uk|eu|de|fr|nl|dk|se|no|fi|es|it|pl|ru|cn|jp|"
    r"in|au|ca|us|br|ch|at|be|cz|ie|nz|kr|edu|gov|mil|int|info|biz|"
    r"arpa|example|test|svc|cluster|ai|tech|systems|online|site",
    re.IGNORECASE,
)


@cache
def _given_names() -> frozenset[str]:
    """Given names that stand in no dictionary; the data file says which are left out."""
    lines = Path(__file__).with_name("given_names.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(" ".join(line for line in lines if not line.startswith("#")).split())


@cache
def _capitalised_names() -> frozenset[str]:
    return frozenset(name.capitalize() for name in _given_names())


_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|\Z)", re.DOTALL)
# Plain words that the patterns after them need: looked for first, at a tenth of the price.
_AUTH_WORDS = ("bearer", "basic", "authorization")
_NAME_WORDS = (
    "pass", "pwd", "secret", "token", "api key", "apikey", "api_key", "api-key", "credential",
    "cookie", "session",
)  # fmt: skip
_KEYS_OF = ("access", "private", "secret", "account", "signing", "encryption", "license")
# Things pass in every postmortem: the bare word names a secret only where something is assigned,
# and so does a word inside a longer name, as in `db_password: …` or `accessToken = …`.
_NAMED_SECRET = re.compile(
    r"(?:(?<![^\W_])|(?-i:(?<=[a-z])(?=[A-Z])))"
    r"((?:pass[_-]?(?:word|wd|phrase|code|key)|pass(?=[\"'`]?\s*[:=])|pwd|secret|token|"
    r"api[ _-]?key|(?:access|private|secret|account|signing|encryption|license)[ _-]?key|"
    r"credentials?|cookie|session[ _-]?id)\w*)"
    r"([\"'`]?(?:\s*[:=]+>?\s*|\s+(?:(?:is|was|to|of)\s+)?))([\"'`]?)([^\s\"'`,;<>]{5,})",
    re.IGNORECASE,
)
_AUTH_HEADER = re.compile(r"\b(bearer|basic|authorization:?)\s+([A-Za-z0-9._~+/=-]{12,})", re.I)
_ROLE_LINE = re.compile(
    r"(?im)^([ \t]*(?:[-*|][ \t]*)?\**(?:authors?|owners?|incident commander|commander|ic|scribe|"
    r"facilitator|reported by|reporter|written by|responders?|participants?|attendees|on[- ]?call|"
    r"assignee|dri|comms(?: lead)?|reviewers?|approvers?|contact|signed(?: off)? by)\**[ \t]*[:|]"
    r"[ \t]*)([^\n|]+)"
)
_ROLE_ENDS = (
    "author", "authors", "owner", "owners", "commander", "ic", "scribe", "facilitator", "by",
    "reporter", "responder", "responders", "participant", "participants", "attendees", "call",
    "assignee", "dri", "comms", "lead", "reviewer", "reviewers", "approver", "approvers", "contact",
)  # fmt: skip
_HANDLE = re.compile(r"(?<![\w@./])@[A-Za-z][\w.-]*\w")
_HONORIFIC = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|Prof)\.?\s+[A-Z][\w'’-]+(?:\s+[A-Z][\w'’-]+)?")
_HONORIFICS = ("Mr", "Ms", "Dr", "Prof")
_TITLE = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|Prof)\b")
_NAME_LIKE = re.compile(r"[A-Z][a-zà-öø-ÿ]{1,14}")
_CAPITALISED = re.compile(
    r"\b([A-Z][a-zà-öø-ÿ]{1,14})\b((?:[ ](?:van|von|de|der|den|da|di|la|[A-Z]\.))*"
    r"[ ][A-Z][a-zà-öø-ÿ'’-]+\b)?"
)
# A chunk is looked at when it has a digit or a sign that prose does not use inside, or is long.
# Each chunk is scanned once: the possessive part never gives back what it took.
_CHUNK = re.compile(r"(?<!\S)(?:[^\s0-9@=_/\\.:]*+[0-9@=_/\\.:]\S*|\S{12,})")
_ENDS = "\"'“”‘’`*_()[]{}<>.,;:!?-–—…"

_EMAIL = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
_URL = re.compile(r"(?:[a-z][a-z0-9+.-]{1,15}:)?//\S+|www\.\S+", re.IGNORECASE)
_IP = re.compile(
    r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2})?(?::\d+)?(?![\w.]*\d)|"
    r"(?<![\w:])(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{1,4}|(?<!\w)[0-9a-f:]*::[0-9a-f:]+",
    re.IGNORECASE,
)
_HOST = re.compile(
    r"(?<![\w.@/-])(?:[A-Za-z0-9_](?:[\w-]*\w)?\.)+([A-Za-z]{2,12})(?::\d+)?(?![\w-])"
)
_TIME = re.compile(
    r"\b\d{4}-\d{2}-\d{2}(?:T[\d:.]+Z?)?\b|\b\d{1,2}[/.]\d{1,2}[/.]\d{2,4}\b|"
    r"\b\d{1,2}(?::|h)\d{2}(?::\d{2})?(?:[.,]\d+)?(?:Z|UTC|am|pm)?\b|\b\d{1,2}(?:am|pm)\b",
    re.IGNORECASE,
)
_VENDOR_TOKEN = re.compile(
    r"\b(?:AKIA|ASIA|AIza|ya29\.|gh[pousr]_|github_pat_|glpat-|xox[abposr]-|xapp-|sk-|sk_live_|sk_test_|"
    r"rk_live_|pk_live_|whsec_|SG\.|npm_|pypi-|dop_v1_|hvs\.|dckr_pat_|shpat_|AGE-SECRET-KEY-|eyJ)"
    r"[\w.+/=-]{8,}"
)
_UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE)
_HEX = re.compile(r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,}\b", re.IGNORECASE)
_TICKET = re.compile(
    r"(?<![\w-])[A-Z][A-Z0-9]{1,9}-\d{1,7}\b|(?<!\w)#\d{2,}\b|\b(?:i|vol|sg|vpc|eni)-[0-9a-f]{6,}\b"
)
_LOW_HEX = re.compile(r"\d|[0-9a-fA-F]:")
_DIGIT = re.compile(r"\d")
_OPAQUE = re.compile(r"[A-Za-z0-9+/_=~-]{12,}")
_ASSIGNED = re.compile(r"^([\w.-]*(?:pass|pwd|secret|token|key|credential)[\w.-]*[:=]+)\S+", re.I)
_MARK = re.compile(r"\[(?:secret|person|email|url|host|time|id)\]")


def _alternations(token: str) -> int:
    """How often a token changes between digits, lower and upper case."""
    kinds = [
        "d" if c.isdigit() else "u" if c.isupper() else "l" if c.islower() else "" for c in token
    ]
    solid = [kind for kind in kinds if kind]
    return sum(a != b for a, b in pairwise(solid))


def looks_secret(token: str) -> bool:
    """Whether a bare token looks generated: long and mixed in a way that words never are."""
    has_digit = any(c.isdigit() for c in token)
    has_letter = any(c.isalpha() for c in token)
    longest = max((len(run) for run in re.split(r"[-_/]", token)), default=0)
    if longest < 12:
        return False
    alternations = _alternations(token)
    if has_digit and has_letter:
        return alternations >= max(4, longest // 5)
    return longest >= 20 and alternations >= longest // 3


def _mask_opaque(match: re.Match[str]) -> str:
    return "[secret]" if looks_secret(match[0]) else match[0]


def _mask_host(match: re.Match[str]) -> str:
    return "[host]" if _HOST_ENDINGS.fullmatch(match[1]) else match[0]


def _plain(chunk: str) -> bool:
    """Whether a chunk is an ordinary word with its punctuation, as most are."""
    return _is_word(chunk.strip(_ENDS))


def _is_word(word: str) -> bool:
    return word.isalpha() and len(word) < 20 and (word[1:].islower() or word.isupper())


def _mask_chunk(match: re.Match[str], *, with_times_and_ids: bool = True) -> str:
    chunk = match[0]
    if _plain(chunk) or _MARK.search(chunk):
        return chunk
    chunk = _mask_addresses(chunk, with_times_and_ids)
    if len(chunk) >= 12:
        chunk = _OPAQUE.sub(_mask_opaque, chunk)
    if not with_times_and_ids or not _DIGIT.search(chunk):
        return chunk
    return _TICKET.sub("[id]", _HEX.sub("[id]", chunk))


def _mask_addresses(chunk: str, with_times_and_ids: bool) -> str:
    """Each mask is tried only where its signs stand: most chunks have none of them."""
    if ":" in chunk or "=" in chunk:
        chunk = _ASSIGNED.sub(r"\1[secret]", chunk)
    if len(chunk) > 10:
        chunk = _VENDOR_TOKEN.sub("[secret]", chunk)
    if "//" in chunk or "." in chunk:
        chunk = _URL.sub("[url]", chunk)
    if "@" in chunk:
        chunk = _EMAIL.sub("[email]", chunk)
    if "::" in chunk or _LOW_HEX.search(chunk):
        if with_times_and_ids:
            chunk = _TIME.sub("[time]", _UUID.sub("[id]", chunk))
        chunk = _IP.sub("[host]", chunk)
    if "." in chunk:
        chunk = _HOST.sub(_mask_host, chunk)
    return chunk


def _mask_named(match: re.Match[str]) -> str:
    name, link, quote, value = match.groups()
    before, bare = match.string[: match.start()][-1:], value.strip(".,:;!?)")
    inside = before == "_" or before.isalpha()
    machine_made = not inside and not bare.isalpha()
    assigned = bool(link.strip(" \t\"'`")[:1] in {":", "="}) or bool(quote and link.strip())
    counted = name.lower() == "tokens" and bare.isdigit()
    if (machine_made or assigned) and not counted:
        return f"{name}{link}{quote}[secret]"
    return match[0]


def _mask_person(match: re.Match[str]) -> str:
    return "[person]" if match[1].lower() in _given_names() else match[0]


def mask_secrets(text: str) -> str:
    """Replace key blocks, assigned passwords and authorisation headers by ``[secret]``."""
    lowered = text.lower()
    if "-----BEGIN" in text:
        text = _PEM.sub("[secret]", text)
    if holds(lowered, _AUTH_WORDS):
        text = _AUTH_HEADER.sub(r"\1 [secret]", text)
    if holds(lowered, _NAME_WORDS) or ("key" in lowered and holds(lowered, _KEYS_OF)):
        text = _NAMED_SECRET.sub(_mask_named, text)
    return text


def plain_word(chunk: str) -> str | None:
    """The lower-case word that a piece between blanks is, or ``None`` when it is more than that."""
    word = chunk.strip(_ENDS)
    if (
        not _is_word(word)
        or ":" in chunk
        or "[" in chunk
        or word in _capitalised_names()
        or _TITLE.search(word)
    ):
        return None
    return word.lower()


def hangs_together(chunk: str) -> bool:
    """Whether a piece between blanks can't be masked without its neighbours.

    That is a title, what may be a given name, and what may end the name of a role.
    """
    if names_in(chunk) or "|" in chunk or _TITLE.search(chunk):
        return True
    role, colon, _ = chunk.partition(":")
    return bool(colon) and (not role.strip("*") or role.strip("*").lower().endswith(_ROLE_ENDS))


def holds_title(text: str) -> bool:
    """Whether the text has a title such as "Dr", after which names stand."""
    return bool(_TITLE.search(text))


def mask_people(text: str) -> str:
    """Replace names, handles and the people of role lines ("Owner: …") by ``[person]``.

    Works from role words, honorifics and a list of given names; it errs on the side of masking.
    """
    if ":" in text or "|" in text:
        text = _ROLE_LINE.sub(r"\1[person]", text)
    if "@" in text:
        text = _HANDLE.sub("[person]", text)
    if holds(text, _HONORIFICS):
        text = _HONORIFIC.sub("[person]", text)
    if names_in(text):
        text = _CAPITALISED.sub(_mask_person, text)
    return text


def names_in(text: str) -> bool:
    """Whether a word of the text may be a given name; a quick look before the real one."""
    return not _capitalised_names().isdisjoint(_NAME_LIKE.findall(text))


def mask(text: str) -> str:
    """The text, readable, with secrets, people, addresses, hosts, ids and times as marks.

    Marks are ``[secret] [person] [email] [url] [host] [time] [id]``. Product and component names
    stay: inside one organisation they are the signal. Masking twice changes nothing.
    """
    return mask_people(_CHUNK.sub(_mask_chunk, mask_secrets(text)))


def mask_private(text: str) -> str:
    """:func:`mask` for readers: times, tickets and commit ids stay, they are part of the story."""
    keep = partial(_mask_chunk, with_times_and_ids=False)
    return mask_people(_CHUNK.sub(keep, mask_secrets(text)))


def drop_marks(text: str) -> str:
    """The text with every mark of :func:`mask` blanked."""
    return _MARK.sub(" ", text)
