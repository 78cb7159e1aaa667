"""Times as people and tools write them: recognised at a line's start or end, nothing resolved.

A stamp keeps what was written: hour, minute, perhaps a date, a zone, a relative span. Turning
stamps into instants needs their neighbours and is done in :mod:`rca.formats.timeline_order`.
"""

import re
from dataclasses import dataclass, replace
from datetime import timedelta

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAY = r"(?:mon|tue|tues|wed|wednes|thu|thur|thurs|fri|sat|satur|sun)(?:day)?"

# Minutes east of UTC. Abbreviations that name several zones are marked, and flagged on use.
ZONES = {
    "z": 0, "utc": 0, "gmt": 0, "wet": 0, "west": 60, "cet": 60, "cest": 120, "eet": 120,
    "eest": 180, "msk": 180, "est": -300, "edt": -240, "cst": -360, "cdt": -300, "mst": -420,
    "mdt": -360, "pst": -480, "pdt": -420, "jst": 540, "kst": 540, "ist": 330, "bst": 60,
    "sgt": 480, "hkt": 480, "aest": 600, "aedt": 660, "nzst": 720, "nzdt": 780, "brt": -180,
}  # fmt: skip
SEVERAL_ZONES = frozenset(("ist", "cst", "bst"))

_DATE = (
    rf"(?:(?:{_WEEKDAY}),?\s+)?(?:"
    r"(?P<y>\d{4})[-/.](?P<mo>\d{1,2})[-/.](?P<d>\d{1,2})"
    r"|(?P<n1>\d{1,2})[/.](?P<n2>\d{1,2})[/.](?P<n3>\d{4}|\d{2})"
    rf"|(?P<mn1>{_MONTH})\s+(?P<md1>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s+(?P<my1>\d{{4}}))?"
    rf"|(?P<md2>\d{{1,2}})(?:st|nd|rd|th)?\s+(?P<mn2>{_MONTH})(?:,?\s+(?P<my2>\d{{4}}))?"
    r"|(?P<word>today|yesterday))"
)
_CLOCK = (
    r"(?:(?P<h>[01]?\d|2[0-4]):(?P<mi>[0-5]\d)(?::(?P<s>[0-5]\d|60)(?:[.,]\d{1,9})?)?"
    r"(?:\s?(?P<ap>[ap])\.?m\b\.?)?"
    r"|(?P<h2>1[0-2]|0?[1-9])\s?(?P<ap2>[ap])\.?m\b\.?"
    r"|(?P<h3>[01]\d|2[0-3])(?P<mi3>[0-5]\d)(?=\s?(?:z\b|utc|gmt|h\b|hrs\b))(?:h(?:rs)?\b)?"
    r"|(?P<h4>[01]?\d|2[0-3])h(?P<mi4>[0-5]\d)\b)"
)
_ZONE = (
    r"(?:\s?(?P<off>[+-](?:0\d|1[0-4]):?[0-5]\d)\b"
    r"|\s?\(?(?P<tz>utc|gmt)(?P<tzoff>[+-]\d{1,2}(?::?[0-5]\d)?)?\b\)?"
    rf"|(?P<zed>z)\b|\s?\(?(?P<abbr>{'|'.join(sorted(ZONES, key=len, reverse=True))})\b\)?)?"
)
_ABOUT = r"(?P<about>~|≈|about\s|around\s|approx(?:\.|imately)?\s|circa\s|ca\.?\s)?\s?"
_LATER = r"(?:[,;]?\s?(?:at\s)?\s?)"
_STAMP = (
    rf"{_ABOUT}(?:{_DATE}(?:[T_ ]|,\s?|\s?·\s?|\s?-\s)?(?:at\s|@\s?)?\s?{_CLOCK}{_ZONE}"
    rf"|{_CLOCK.replace('?P<', '?P<c_')}{_ZONE.replace('?P<', '?P<c_')}"
    rf"(?:\s?(?:,|·|\bon\b)?\s?{_DATE.replace('?P<', '?P<c_')})?)"
)
_UNTIL = (
    r"(?:\s?(?:-|–|—|to)\s?(?P<until>(?:[01]?\d|2[0-3]):[0-5]\d(?:\s?[ap]m)?)\b(?!:)"
    r"(?:\s?\(?(?P<uz>utc|gmt|z)\b\)?)?)?"
)
_BEFORE = r"(?P<open>[\[(|*_`\s>•‣–—-]*(?:\d{1,2}[.)]\s)?(?:at|on)?\s?[\[(*_`]*)"
LEADING = re.compile(rf"{_BEFORE}{_STAMP}(?!\w|:\d){_UNTIL}(?P<close>[\])*_`]*)", re.IGNORECASE)
TRAILING = re.compile(
    rf"(?P<name>\S.{{0,80}}?)(?P<gap>\s*[\[(]|\s{{2,}}|\t|\s[—–·|-]\s|,\s|\s+)(?:on\s|at\s)?"
    rf"{_STAMP}[\])]?\s*(?P<edited>\(edited\))?$",
    re.IGNORECASE,
)
_T_PLUS = re.compile(
    r"[\[(|*_`\s•-]*T\s?\+\s?(?:(?P<h>\d{1,3}):(?P<m>[0-5]\d)|(?P<n>\d{1,4})\s?"
    r"(?P<u>h(?:ours?|rs?)?|m(?:in(?:ute)?s?)?|s(?:ec(?:ond)?s?)?)?)\b[\])*_`]*",
    re.IGNORECASE,
)
_UNIT = r"(?P<u>hours?|hrs?|h|minutes?|mins?|min|m|seconds?|secs?|s)"
_SPAN_LATER = re.compile(
    rf"[\s*•>-]*(?:\(?\+\s?(?P<plus>\d{{1,4}})\s?{_UNIT.replace('?P<u>', '?P<pu>')}\b\)?"
    rf"|(?:about\s|around\s|~\s?|some\s)?(?P<n>\d{{1,4}}|an?|half an|a few|a couple of)\s"
    rf"{_UNIT}\s(?:later|after(?:wards)?\b))",
    re.IGNORECASE,
)
_AGO = re.compile(r"(?P<n>\d{1,3}|an?)\s(?P<u>minute|hour|day)s?\sago$", re.IGNORECASE)
_DAY_LINE = re.compile(
    rf"[#\s*_=—–|>-]*(?:day changed(?: to)?\s|log opened\s)?(?:{_WEEKDAY}\s+(?P<sm>{_MONTH})\s+"
    rf"(?P<sd>\d{{1,2}})\s+(?:\d\d:\d\d:\d\d\s)?(?P<sy>\d{{4}})|{_DATE})"
    rf"(?:\s?\({_WEEKDAY}\))?[\s*_=:—–|-]*$",
    re.IGNORECASE,
)
# Cheap looks that every stamp passes: most lines hold none, and must cost little.
_CLOCKISH = re.compile(r"\d:\d\d|\d\s?[ap]\.?m|\dh\d\d|\d{4}\s?[zuUgGhZ]", re.IGNORECASE)
_DAYISH = re.compile(rf"\d[-/.]\d|{'|'.join(MONTHS)}|today|yesterday", re.IGNORECASE)
_SPANNED = re.compile(r"\+\s?\d|later|after", re.IGNORECASE)
_LOOSE = re.compile(r"^[:–—|,;_-]+(?=\s|$)\s*|^[|]\s*")
_LOOSE_MARKS = frozenset(":–—|,;_-")
_SECONDS = {"h": 3600, "m": 60, "s": 1}
_COUNTS = {"a": 1, "an": 1, "half an": 0.5, "a few": 3, "a couple of": 2}


@dataclass(frozen=True, slots=True)
class Day:
    """A date as written. ``year`` 0 was not written; ``swappable`` may be month first.

    ``order`` is what a date in numbers proves about its writer: "month", "day" or "".
    """

    year: int
    month: int
    day: int
    swappable: bool = False
    word: str = ""
    order: str = ""


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time as written.

    ``offset`` is minutes east of UTC when said. ``half`` is "a", "p" or "". ``after_start`` and
    ``after_last`` are relative spans; with one of them there is no clock.
    """

    hour: int = 0
    minute: int = 0
    second: int | None = None
    half: str = ""
    day: Day | None = None
    offset: int | None = None
    several_zones: bool = False
    about: bool = False
    padded: bool = True
    after_start: timedelta | None = None
    after_last: timedelta | None = None
    ago: timedelta | None = None
    until: str = ""
    bracketed: bool = False
    written: str = ""


_DAY_NAMES = ("word", "y", "mo", "d", "n1", "n2", "n3", "mn1", "my1", "md1", "mn2", "my2", "md2")
_DAY_GROUPS = {prefix: tuple(prefix + name for name in _DAY_NAMES) for prefix in ("", "c_")}


def _day(parts: re.Match[str], prefix: str = "") -> Day | None:
    found = parts.group(*_DAY_GROUPS[prefix])
    word, year, month, day, first, second, third, *named = found
    if word:
        return Day(0, 0, 0, word=word.lower())
    if year:
        return Day(int(year), int(month), int(day))
    if first:
        short = int(third)
        return _numeric(int(first), int(second), short + 2000 if short < 100 else short)
    for name, own_year, own_day in (named[:3], named[3:]):
        if name:
            return Day(int(own_year or 0), MONTHS.index(name[:3].lower()) + 1, int(own_day))
    return None


def _numeric(first: int, second: int, year: int) -> Day:
    """Day first unless that can't be; swappable when both readings can."""
    if second > 12 >= first:
        return Day(year, first, second, order="month")
    swappable = first <= 12 and first != second
    return Day(year, second, first, swappable, order="" if first <= 12 else "day")


def _offset(parts: re.Match[str], prefix: str) -> tuple[int | None, bool]:
    written = parts[prefix + "off"] or parts[prefix + "tzoff"]
    if written:
        digits = written[1:].replace(":", "")
        hours, minutes = (digits, "0") if len(digits) < 3 else (digits[:-2], digits[-2:])
        minutes_east = int(hours) * 60 + int(minutes)
        return (-minutes_east if written[0] == "-" else minutes_east), False
    if parts[prefix + "tz"] or parts[prefix + "zed"]:
        return 0, False
    name = (parts[prefix + "abbr"] or "").lower()
    return (ZONES[name], name in SEVERAL_ZONES) if name else (None, False)


_CLOCK_FIRST = ("c_h", "c_h2", "c_h3", "c_h4")
_NOTHING = (None, None, None, None)
_STAMP_NAMES = ("h", "h2", "h3", "h4", "mi", "mi3", "mi4", "s", "ap", "ap2", "off")
_STAMP_GROUPS = {p: tuple(p + name for name in _STAMP_NAMES) for p in ("", "c_")}


def _stamp(parts: re.Match[str], bracketed: bool, until: str = "") -> Stamp | None:
    clock_first = parts.group(*_CLOCK_FIRST) != _NOTHING
    prefix = "c_" if clock_first else ""
    found = parts.group(*_STAMP_GROUPS[prefix])
    h1, h2, h3, h4, m1, m3, m4, second, ap1, ap2, written_offset = found
    hour, minute = h1 or h2 or h3 or h4, m1 or m3 or m4 or "0"
    half = (ap1 or ap2 or "").lower()
    if hour is None or (half and not 1 <= int(hour) <= 12):
        return None
    offset, several = _offset(parts, prefix)
    written_offset = written_offset or ""
    if clock_first and second is None and written_offset[:1] == "-" and ":" in written_offset:
        # "09:12-09:20" is a span of time, not a place nine hours west.
        offset, until = None, written_offset[1:]
    return Stamp(
        hour=int(hour),
        minute=int(minute),
        second=min(int(second), 59) if second else None,
        half=half,
        day=_day(parts, prefix),
        offset=offset,
        several_zones=several,
        about=bool(parts["about"]),
        padded=len(hour) == 2,
        until=until.strip(),
        bracketed=bracketed,
        written=parts.group().strip(" \t[]()|*_`>•-–—"),
    )


def leading(line: str) -> tuple[Stamp, str] | None:
    """The stamp that a line begins with, and what follows it; None when there is none."""
    head = line[:160]
    match = LEADING.match(head) if _CLOCKISH.search(head, 0, 80) else None
    if match is None:
        return _relative(line) if _SPANNED.search(head, 0, 48) else None
    stamp = _stamp(match, "[" in match["open"], match["until"] or "")
    if stamp is None or stamp.hour > 23:
        return None
    if match["uz"] and stamp.offset is None:
        stamp = replace(stamp, offset=0)
    rest = line[match.end() :].lstrip(" \t")
    return stamp, _LOOSE.sub("", rest) if rest[:1] in _LOOSE_MARKS else rest


def _relative(line: str) -> tuple[Stamp, str] | None:
    if match := _T_PLUS.match(line):
        if match["h"]:
            span = timedelta(hours=int(match["h"]), minutes=int(match["m"]))
        else:
            span = timedelta(seconds=int(match["n"]) * _SECONDS[(match["u"] or "m")[0].lower()])
        return Stamp(after_start=span, written=match.group().strip(" \t*•>-[]()|_`")), _after(
            line, match
        )
    return _worded(line)


def _worded(line: str) -> tuple[Stamp, str] | None:
    match = _SPAN_LATER.match(line)
    if match is None:
        return None
    if match["plus"]:
        span = timedelta(seconds=int(match["plus"]) * _SECONDS[match["pu"][0].lower()])
        return Stamp(
            after_start=span, about=True, written=match.group().strip(" \t*•>-[]()|_`")
        ), _after(line, match)
    count = match["n"].lower()
    number = float(count) if count.isdigit() else _COUNTS[count]
    span = timedelta(seconds=number * _SECONDS[match["u"][0].lower()])
    return Stamp(
        after_last=span, about=True, written=match.group().strip(" \t*•>-[]()|_`")
    ), _after(line, match)


def _after(line: str, match: re.Match[str]) -> str:
    return re.sub(r"^[\s:–—|,;*_.-]+", "", line[match.end() :])


def trailing(line: str) -> tuple[str, str, Stamp] | None:
    """(name, gap, stamp) of a line that is a name followed by a time; None otherwise."""
    if len(line) > 140 or not line[:1].strip():
        return None
    if line.endswith("ago") and (match := _AGO.search(line)):
        count = 1 if match["n"].lower() in ("a", "an") else int(match["n"])
        unit = {"minute": 60, "hour": 3600, "day": 86400}[match["u"].lower()]
        ago = Stamp(ago=timedelta(seconds=count * unit), about=True, written=match.group())
        return line[: match.start()].rstrip(), "  ", ago
    if not _CLOCKISH.search(line, max(len(line) - 48, 0)):
        return None
    match = TRAILING.fullmatch(line)
    if match is None:
        return None
    stamp = _stamp(match, "[" in match["gap"])
    return (match["name"].rstrip(" ,:"), match["gap"], stamp) if stamp else None


def day_line(line: str) -> Day | None:
    """The date that a line consists of; None when it holds anything else."""
    if len(line) > 60 or not _DAYISH.search(line):
        return None
    match = _DAY_LINE.fullmatch(line.strip())
    if match is None:
        return None
    if match["sy"]:
        month = MONTHS.index(match["sm"][:3].lower()) + 1
        return Day(int(match["sy"]), month, int(match["sd"]))
    return _day(match)
