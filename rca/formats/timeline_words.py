"""What the words of a row suggest: its phase, a milestone, whether its author is a role or a tool.

Guesses only. They are proposed beside the row and a person decides.
"""

import re

from rca.domain.vocabulary import Milestone, TimelineKind


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(patterns) + r")", re.IGNORECASE)


_COMMUNICATION = _any(
    r"status ?page", r"posted (?:an? )?update", r"(?:informed|notified|e-?mailed|told) (?:\w+ )?"
    r"(?:customers?|users|support|stakeholders|sales|leadership)", r"public (?:update|notice)", r"customers? (?:were |are )?(?:informed|notified|told)",
    r"comms? (?:out|sent)", r"announce[sd]?\b",
)  # fmt: skip
_DETECTION = _any(
    r"alert(?:s|ed|ing)?\b", r"page[ds]?\b", r"paging\b", r"trigger(?:ed|s)\b", r"fir(?:ed|ing)\b",
    r"\[?firing\b", r"(?:customers?|users?|support|clients?)\b.{0,30}\b(?:report|complain|see|can't|cannot|getting)",
    r"reports? (?:of|from)\b", r"(?:anyone|anybody) else (?:seeing|getting)", r"seeing (?:a lot of |lots of |many |some )?(?:5\d\d|errors?|timeouts?|failures?|spikes?)",
    r"notic(?:ed|ing)\b", r"monitor(?:ing)? (?:shows|showed|went)", r"spik(?:e|ing)\b", r"threshold\b",
)  # fmt: skip
_REPAIR = _any(
    r"roll(?:ed|ing|s)? ?back", r"revert(?:ed|ing|s)?\b", r"restart(?:ed|ing|s)?\b",
    r"(?:deploy(?:ed|ing)?|ship(?:ped|ping)?|merged|pushed) (?:the |a )?(?:hot)?fix", r"hotfix",
    r"mitigat", r"scal(?:ed|ing) (?:up|out|down)", r"disabl(?:ed|ing)\b", r"fail(?:ed|ing)? ?over to",
    r"switched (?:off|to|back)", r"turned off", r"drain(?:ed|ing)\b", r"purg(?:ed|ing)\b", r"unblocked", r"fixed\b",
    r"(?:increased|raised|bumped) (?:the )?(?:limit|pool|quota|memory)", r"kill(?:ed|ing) (?:the )?(?:job|query|process|pod)",
)  # fmt: skip
_DIAGNOSIS = _any(
    r"look(?:s|ing)? (?:like|at|into)", r"investigat", r"because\b", r"caus(?:e|ed|ing)\b",
    r"suspect", r"turns? out", r"found (?:the|that|it|a|an)\b", r"correlat", r"root ?cause",
    r"identified\b", r"the (?:problem|issue|reason) (?:is|was)", r"git bisect", r"(?:logs?|traces?|graphs?|dashboard) (?:show|says?|point)",
    r"diagnos",
)  # fmt: skip
_KEY = _any(
    r"declar(?:ed|ing)\b.{0,30}(?:incident|sev)", r"all[- ]clear", r"fully recovered",
    r"incident (?:is |was )?(?:over|closed|resolved|declared)", r"resolved\b", r"back to normal",
    r"recovered\b",
)  # fmt: skip
_KINDS = (
    (TimelineKind.COMMUNICATION, _COMMUNICATION),
    (TimelineKind.KEY_MOMENT, _KEY),
    (TimelineKind.REPAIR, _REPAIR),
    (TimelineKind.DETECTION, _DETECTION),
    (TimelineKind.DIAGNOSIS, _DIAGNOSIS),
)
_QUESTION = re.compile(
    r"\?\s*$|^\s*(?:should|can|could|shall|do|does|is|are|what|who|why|how)\b", re.I
)
_NOT_YET = _any(r"not (?:yet )?", r"isn't", r"hasn't", r"haven't", r"will\b", r"going to",
                r"about to", r"trying to", r"plan(?:ning)? to", r"if\b", r"un(?:able|resolved)")  # fmt: skip
_MILESTONES = (
    (Milestone.DECLARED, _any(r"declar(?:ed|ing)\b.{0,30}(?:incident|sev)", r"incident declared",
                              r"opened (?:an? )?incident")),
    (Milestone.ACKNOWLEDGED, _any(r"acknowledge[sd]\b", r"\back(?:ed|'d)\b")),
    (Milestone.STATUS_PAGE_POSTED, _any(r"status ?page\b.{0,30}\b(?:posted|updated|up|live)",
                                        r"(?:posted|updated)\b.{0,30}\bstatus ?page")),
    (Milestone.MITIGATED, _any(r"mitigated\b", r"rolled back\b", r"rollback (?:is )?(?:done|complete|finished)",
                               r"roll(?:ed)?-?back (?:is )?complete",
                               r"revert(?:ed)?\b.{0,30}\b(?:deployed|live|done|complete)")),
    (Milestone.RESOLVED, _any(r"(?:incident )?(?:is |was |has been )?resolved\b", r"all[- ]clear",
                              r"fully recovered", r"incident (?:is |was )?(?:over|closed)", r"back to normal")),
    (Milestone.DETECTED, _any(r"alert (?:fires?|fired|triggered)", r"triggered\b", r"(?:was )?paged\b",
                              r"page(?:s|d) (?:the )?on-?call", r"\[?firing\b", r"first (?:report|alert)")),
    (Milestone.DIAGNOSED, _any(r"root ?cause (?:is|was|found|identified)", r"found (?:it|the cause)",
                               r"cause (?:is|was) (?:found|identified)", r"identified the")),
)  # fmt: skip

_ROLES = (
    (re.compile(r"^(?:ic|incident commander|commander)$", re.I), "Incident commander"),
    (re.compile(r"^(?:comms?|comms? lead|communications?(?: lead)?)$", re.I), "Communications lead"),
    (re.compile(r"^(?:scribe)$", re.I), "Scribe"),
    (re.compile(r"^(?:primary|secondary|on-?call)(?: (?:engineer|sre))?$", re.I), "On-call"),
    (re.compile(r"^(?:cs|support|customer (?:support|success|service)|help ?desk)$", re.I), "Support"),
    (re.compile(r"^.{1,60} team$", re.I), ""),
    (re.compile(r"^(?:sre|dba|ops|operations|security|network|platform|database|dev|developer)s?(?: team)?$", re.I), ""),
)  # fmt: skip
_TOOL = re.compile(
    r"(?:\b|_)(?:bot|app|alert(?:s|manager|ing)?|pagerduty|opsgenie|victorops|grafana|datadog|sentry|"
    r"prometheus|nagios|zabbix|github|gitlab|jenkins|argo ?cd|spinnaker|statuspage|pingdom|"
    r"cloudwatch|new ?relic|honeycomb|terraform|slackbot|webhook|system|monitor(?:ing)?|cron)(?:\b|_|\[)",
    re.IGNORECASE,
)


# Beginnings of words without which none of the patterns above can match: most rows hold none.
_STEMS = frozenset(
    "stat post info noti emai e-ma told publ comm anno aler page pagi trig fire firi cust user "
    "supp clie repo anyo anyb seei moni spik thre roll reve rest depl ship merg push hotf miti scal "
    "disa fail swit turn drai purg unbl incr rais bump kill look inve beca caus susp foun corr root "
    "iden prob issu reas git logs log trac grap dash diag decl all- all full inci reso back reco "
    "open ackn acke ack' acks ack erro firs fixe upda".split()
)


_MILESTONE_STEMS = frozenset(
    "decl open ackn acke ack' acks ack stat post upda miti roll reve reso all- all full inci back "
    "aler trig page pagi fire firi firs root foun caus iden".split()
)


def _may_say_something(text: str, stems: frozenset[str] = _STEMS) -> bool:
    return any(word.lstrip("#*_([\"'“‘<>:-")[:4] in stems for word in text.lower().split())


def guess_kind(text: str) -> TimelineKind:
    """The phase that the words suggest; a plain event when they suggest none."""
    head = text[:600]
    if not _may_say_something(head):
        return TimelineKind.EVENT
    for kind, pattern in _KINDS:
        if pattern.search(head):
            if kind is TimelineKind.KEY_MOMENT and _QUESTION.search(head):
                continue
            return kind
    return TimelineKind.EVENT


def guess_milestone(text: str) -> Milestone | None:
    """The milestone that the words state as done; None for questions, plans and denials."""
    head = text[:300]
    if (
        not _may_say_something(head, _MILESTONE_STEMS)
        or _QUESTION.search(head)
        or _NOT_YET.search(head)
    ):
        return None
    return next((milestone for milestone, pattern in _MILESTONES if pattern.search(head)), None)


def role_of(author: str) -> str:
    """The author when it is a role or a tool already, "" when it may be a person's name."""
    bare = " ".join(re.sub(r"\b(?:APP|BOT|WORKFLOW)$", "", author.strip("@<>+% ")).split())
    for pattern, role in _ROLES:
        if pattern.match(bare):
            return role or bare[:1].upper() + bare[1:]
    return bare if _TOOL.search(author) else ""
