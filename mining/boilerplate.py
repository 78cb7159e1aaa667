"""Sentences that belong to the template of a postmortem and not to the incident."""

import re

from mining.signs import holds

_BOILERPLATE = re.compile(
    r"all times? (?:are |is )?(?:in|listed|given)|times are in (?:utc|local)|"
    r"\bapolog|\bsorry\b|stay informed|"
    r"(?:creating|configure|set up) custom (?:service health )?alerts|"
    r"subscrib|video tutorials|watch our|for more information|learn more|"
    r"see (?:also )?the (?:link|docs)|"
    r"we (?:sincerely|deeply) |thank you for|your patience|contact (?:us|support|your)|"
    r"we understand (?:how|that) (?:important|disruptive|frustrating)|"
    r"^(?:n/?a|tbd|todo|none|unknown|category: .*|time to (?:detection|recovery|resolve).*)\W*$",
    re.IGNORECASE,
)
_REMAINS = re.compile(r"(?:n/?a|tbd|todo|none|unknown)\W*$")
LONGEST_REMAINS = 40
_BOILERPLATE_SIGNS = (
    "all time", "times are", "time to ", "apolog", "sorry", "stay informed", "alerts", "subscrib",
    "video tut", "watch our", "more information", "learn more", "the link", "the docs",
    "we sincerely", "we deeply", "thank you", "patience", "contact ", "we understand", "category: ",
)  # fmt: skip


def may_hold_boilerplate(lowered: str) -> bool:
    """A quick look for plain words, for a text in lower case."""
    return holds(lowered, _BOILERPLATE_SIGNS)


def is_boilerplate(sentence: str) -> bool:
    """Whether a sentence belongs to the template, not the incident (apologies, time zones)."""
    lowered = sentence.lower()
    # A look for plain words first: the pattern itself costs as much as all the rest of splitting.
    if may_hold_boilerplate(lowered):
        return bool(_BOILERPLATE.search(lowered))
    return is_remains(lowered)


def is_remains(sentence: str) -> bool:
    """Whether an empty answer of a form was left standing."""
    return len(sentence) < LONGEST_REMAINS and bool(_REMAINS.match(sentence.lower()))
