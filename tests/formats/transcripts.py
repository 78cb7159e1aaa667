"""Ten pastes of different shapes, written for these tests, with the rows a reader would expect.

A row is (time in UTC or "", text, author). The texts are what a person would copy, line by line.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime

DAY = date(2026, 8, 14)
NOW = datetime(2026, 8, 14, 15, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Example:
    """One paste and what it should give."""

    name: str
    source: str
    text: str
    rows: list[tuple[str, str, str]]
    zone: str = "UTC"
    flags: dict[int, str] = field(default_factory=dict)


SLACK_COPY = Example(
    "slack copied from the desktop app, am and pm, reactions, an edit, a code block",
    "slack",
    """\
Friday, August 14th
PagerDuty APP  9:12 AM
[FIRING:1] CheckoutErrorRate above 5 % for 2m
:eyes:
2
Ana Souza
  9:13 AM
on it, seeing 502s from the gateway (edited)
9:14
started right after the config rollout

can someone check the pool size? :thinking_face:
Li Wei
  9:20 AM
here is what the pods say
```
09:18:01 pool exhausted size=4
09:18:02 pool exhausted size=4
```
so the pool is 4 instead of 40
3 replies
Last reply today at 9:30 AM
Ana Souza
  9:31 AM
rolled back the config :tada:
Li Wei  12:05 PM
error rate back to normal
New
""",
    [
        ("2026-08-14T09:12", "[FIRING:1] CheckoutErrorRate above 5 % for 2m", "PagerDuty"),
        ("2026-08-14T09:13", "on it, seeing 502s from the gateway", "Ana Souza"),
        (
            "2026-08-14T09:14",
            "started right after the config rollout\n\n"
            "can someone check the pool size? :thinking_face:",
            "Ana Souza",
        ),
        (
            "2026-08-14T09:20",
            "here is what the pods say\n```\n09:18:01 pool exhausted size=4\n"
            "09:18:02 pool exhausted size=4\n```\nso the pool is 4 instead of 40",
            "Li Wei",
        ),
        ("2026-08-14T09:31", "rolled back the config :tada:", "Ana Souza"),
        ("2026-08-14T12:05", "error rate back to normal", "Li Wei"),
    ],
    flags={1: "edited"},
)

IRC = Example(
    "an IRC log with a day change, an action and system lines",
    "irc",
    """\
--- Log opened Thu Aug 13 23:40:02 2026
23:41 <@noor> getting pages for the queue, depth is 90k
23:41 < tam> looking
23:52  * tam restarts the consumers
23:58 <@noor> depth still climbing
--- Day changed Fri Aug 14 2026
00:03 < tam> found it: the consumers hang on one poison message
00:07 <@noor> ok, skip it
00:09 < tam> skipped, depth is falling
""",
    [
        ("2026-08-13T23:41", "getting pages for the queue, depth is 90k", "noor"),
        ("2026-08-13T23:41", "looking", "tam"),
        ("2026-08-13T23:52", "restarts the consumers", "tam"),
        ("2026-08-13T23:58", "depth still climbing", "noor"),
        ("2026-08-14T00:03", "found it: the consumers hang on one poison message", "tam"),
        ("2026-08-14T00:07", "ok, skip it", "noor"),
        ("2026-08-14T00:09", "skipped, depth is falling", "tam"),
    ],
)

NOTES = Example(
    "a scribe's bullet notes in local time, spans, approximate times, a row without a time",
    "notes",
    """\
# Incident notes

- 09:05 config rollout starts
- ~09:10 first customers cannot pay
- 09:12-09:20 on-call looks at the gateway
  - wrong dashboard at first
- nobody had access to the payment logs
- 09:31: rollback decided
- 09:40 – rollback done
- 10 minutes later, error rate back to normal
""",
    [
        ("2026-08-14T07:05", "config rollout starts", ""),
        ("2026-08-14T07:10", "first customers cannot pay", ""),
        (
            "2026-08-14T07:12",
            "on-call looks at the gateway\n- wrong dashboard at first (until 09:20)",
            "",
        ),
        ("", "nobody had access to the payment logs", ""),
        ("2026-08-14T07:31", "rollback decided", ""),
        ("2026-08-14T07:40", "rollback done", ""),
        ("2026-08-14T07:50", "error rate back to normal", ""),
    ],
    zone="Europe/Berlin",
    flags={3: "no_time", 6: "ambiguous"},
)

WHATSAPP = Example(
    "a phone messenger's export, day first, several lines in one message",
    "chat",
    """\
[14/08/2026, 09:12:33] Ana: checkout is down for me
[14/08/2026, 09:12:51] Li Wei: same here
in the shop and in the app
[14/08/2026, 09:15:02] Ana: calling Sam
[14/08/2026, 09:45:10] Sam: fixed, it was the certificate
""",
    [
        ("2026-08-14T09:12:33", "checkout is down for me", "Ana"),
        ("2026-08-14T09:12:51", "same here\nin the shop and in the app", "Li Wei"),
        ("2026-08-14T09:15:02", "calling Sam", "Ana"),
        ("2026-08-14T09:45:10", "fixed, it was the certificate", "Sam"),
    ],
)

PAGER = Example(
    "a pager's incident log, newest first, zones in the text",
    "notes",
    """\
Aug 14, 2026 at 11:48 AM CEST — Resolved by Ana Souza.
Aug 14, 2026 at 11:20 AM CEST — Note added: pool raised to 40.
Aug 14, 2026 at 11:13 AM CEST — Acknowledged by Ana Souza.
Aug 14, 2026 at 11:12 AM CEST — Triggered through the API. (Checkout error rate)
""",
    [
        ("2026-08-14T09:48", "Resolved by Ana Souza.", ""),
        ("2026-08-14T09:20", "Note added: pool raised to 40.", ""),
        ("2026-08-14T09:13", "Acknowledged by Ana Souza.", ""),
        ("2026-08-14T09:12", "Triggered through the API. (Checkout error rate)", ""),
    ],
    flags={1: "out_of_order", 2: "out_of_order", 3: "out_of_order"},
)

TABLE = Example(
    "a Markdown table with who and what",
    "table",
    """\
| Time (UTC) | Who | What |
|---|---|---|
| 09:12 | Monitoring | Alert fires for checkout |
| 09:13 | On-call | Acknowledged |
| 09:40 | Storefront team | Rolled back to the last good config |
| 14:02 | Support | Customers informed |
""",
    [
        ("2026-08-14T09:12", "Alert fires for checkout", "Monitoring"),
        ("2026-08-14T09:13", "Acknowledged", "On-call"),
        ("2026-08-14T09:40", "Rolled back to the last good config", "Storefront team"),
        ("2026-08-14T14:02", "Customers informed", "Support"),
    ],
)

ISSUE = Example(
    "an issue thread copied from the page",
    "issue",
    """\
noor-b commented on Aug 14, 2026, 9:14 AM
The nightly export has not finished.

It usually takes 20 minutes.
tam commented on Aug 14, 2026, 9:50 AM
Two jobs hold the same lock:

```
1. 09:41 job A waits
2. 09:42 job B waits
```
noor-b commented on Aug 14, 2026, 11:02 AM (edited)
Killed job B. Export done at 10:58.
""",
    [
        (
            "2026-08-14T09:14",
            "The nightly export has not finished.\n\nIt usually takes 20 minutes.",
            "noor-b",
        ),
        (
            "2026-08-14T09:50",
            "Two jobs hold the same lock:\n\n```\n1. 09:41 job A waits\n2. 09:42 job B waits\n```",
            "tam",
        ),
        ("2026-08-14T11:02", "Killed job B. Export done at 10:58.", "noor-b"),
    ],
    flags={2: "edited"},
)

TEAMS = Example(
    "a chat with names beside bracketed times, over midnight, evening in New York",
    "chat",
    """\
[9:47 PM] Ana Souza
disk alarm on db-2
[9:49 PM] Li Wei
looking, 97 % full
it is the audit log again
[11:58 PM] Ana Souza
still growing
[12:06 AM] Li Wei
rotated the log by hand, 40 % now
""",
    [
        ("2026-08-15T01:47", "disk alarm on db-2", "Ana Souza"),
        ("2026-08-15T01:49", "looking, 97 % full\nit is the audit log again", "Li Wei"),
        ("2026-08-15T03:58", "still growing", "Ana Souza"),
        ("2026-08-15T04:06", "rotated the log by hand, 40 % now", "Li Wei"),
    ],
    zone="America/New_York",
)

RELATIVE = Example(
    "an exercise log that counts from the start",
    "notes",
    """\
T+0 exercise starts, primary is stopped
T+2 alert fires
T+00:05 on-call acknowledges
T+12m replica promoted
T+1h all clear
""",
    [
        ("2026-08-14T09:00", "exercise starts, primary is stopped", ""),
        ("2026-08-14T09:02", "alert fires", ""),
        ("2026-08-14T09:05", "on-call acknowledges", ""),
        ("2026-08-14T09:12", "replica promoted", ""),
        ("2026-08-14T10:00", "all clear", ""),
    ],
)

MACHINE = Example(
    "deploy and host logs with ISO times, offsets and a stack trace",
    "notes",
    """\
2026-08-14T09:11:58Z deploy api 4f2a91c started
2026-08-14T11:12:03.120+02:00 api ERROR KeyError: 'currency'
Traceback (most recent call last):
  File "api/price.py", line 41, in price
    return row["currency"]
KeyError: 'currency'
2026-08-14 09:12:40 UTC canary failed: error rate 31 %
2026-08-14T09:13:02Z deploy api 4f2a91c rolled back
""",
    [
        ("2026-08-14T09:11:58", "deploy api 4f2a91c started", ""),
        (
            "2026-08-14T09:12:03",
            "api ERROR KeyError: 'currency'\nTraceback (most recent call last):\n"
            '  File "api/price.py", line 41, in price\n    return row["currency"]\n'
            "KeyError: 'currency'",
            "",
        ),
        ("2026-08-14T09:12:40", "canary failed: error rate 31 %", ""),
        ("2026-08-14T09:13:02", "deploy api 4f2a91c rolled back", ""),
    ],
)

EXAMPLES = [SLACK_COPY, IRC, NOTES, WHATSAPP, PAGER, TABLE, ISSUE, TEAMS, RELATIVE, MACHINE]
