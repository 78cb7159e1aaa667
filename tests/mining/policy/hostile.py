"""Records that a gate may meet on a bad day: facts missing, null, mistyped, enormous."""

import random
from typing import Any

from mining.policy import facts

ODD: tuple[Any, ...] = (
    None, True, False, 0, 1, 2, -1, 2.0, 2.5, 2**53, 2**53 + 2, 1e300, "", "2", "true", "unknown",
    "passed", [], ["x"], ["x", 1], [None], {}, {"a": 1}, "2026-10-02T13:00:00Z", "yesterday", "é\n",
)  # fmt: skip
TEXTS = ("acme/shop", "acme/legacy", "checkout", "edge", "revert", "fix", "é", "a\nb", "")
LISTS = (
    [], ["infra/a.tf"], ["svc/auth/a.py", "docs/x.md"], ["svc/author/a.py"], ["auth/a.py"],
    ["config"], ["schema", "auth"], ["break-glass"], ["a\nb/auth/c"], ["infra/"], ["é/auth/ü"],
)  # fmt: skip
TIMES = (
    "2026-10-02T13:00:00Z", "2026-10-02T12:59:59.999999999Z", "2026-10-30T14:00:00+00:00",
    "2026-03-29T01:30:00Z", "2026-10-25T00:30:00-01:00", "2024-02-29T15:00:00+02:00",
    "1999-12-31T23:59:59Z", "2026-02-30T10:00:00Z", "2026-10-02T13:00:00", "2026-10-02",
)  # fmt: skip


def _good(fact: facts.Fact, dice: random.Random) -> Any:
    choices: dict[str, tuple[Any, ...]] = {
        "boolean": (True, False),
        "integer": (0, 1, 2, 3, 30, 90, 91),
        "number": (0, 2.5, 10, 10.5),
        "text": TEXTS,
        "choice": (*fact.choices, "unknown", "else"),
        "text_list": LISTS,
        "instant": TIMES,
    }
    return dice.choice(choices[fact.kind])


def _put(record: dict[str, Any], name: str, value: Any) -> None:
    *way, last = name.split(".")
    here: Any = record
    for part in way:
        if not isinstance(here.get(part), dict):
            here[part] = {}
        here = here[part]
    here[last] = value


def record(dice: random.Random) -> dict[str, Any]:
    """One record; about a third of the facts missing, a third odd."""
    found: dict[str, Any] = {}
    for name, fact in facts.FACTS.items():
        roll = dice.random()
        if roll < 0.6:
            _put(found, name, _good(fact, dice))
        elif roll < 0.8:
            _put(found, name, dice.choice(ODD))
    if dice.random() < 0.1:
        found[dice.choice(("ai", "service", "approvals", "change"))] = dice.choice(ODD)
    if dice.random() < 0.3:
        found["subject"] = dice.choice(("change", "deploy", "both", 7, None))
    return found
