"""Write docs/blameless.md from the rules themselves: ``python -m rca.blameless.guide FILE``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from rca.blameless.finding import CATEGORIES
from rca.blameless.lexicon import Rule, load

_HEAD = """# The blameless-language reviewer

<!-- blameless-mute all: this page shows what it flags -->

It reads postmortems for words that put the cause on a person, or make a culprit of an AI, and asks
a question that leads further. It works offline and gives the same answer every time. It never
blocks saving or publishing, and nothing it does is counted per person.

Who the sentence is about decides: “failed to” blames an engineer and describes a disk. Where that
can't be told, the reviewer is silent. Not flagged: what a system should have done, what could
have been worse, neutral acts of named people, negated blame, attackers, organisations as a whole,
facts about an AI (it ran, it suggested, it deleted with the access it had). Code, quotes, block
quotes, log lines, addresses and identifiers are not read. English only: other languages get
silence.

| level | meaning |
|---|---|
| suggestion | mild: we, a team, an adverb |
| consider | a role with a fault, a label such as human error, an AI as scapegoat |
| strong | a named person with a fault, contempt |

## On the command line

```
rca lint docs/postmortems --format github --min-level consider
rca lint - --fail-on strong < summary.md
rca lint --jsonl sentences.jsonl
```

`--format` is text, json, sarif or github. The exit code is 0 unless `--fail-on LEVEL` is given and
met (then 1); a file that can't be read is 2. `--allow FILE` is a YAML list of rule, phrase and
reason; `--mute RULE`, `--name NAME` (a person named like a product) and `--clarity` (hindsight
words, vague actions, questions with who) do what they say.

As a pre-commit hook, with hints shown and nothing blocked:

```yaml
- repo: <where this project is>
  rev: <a release>
  hooks:
    - id: rca-lint
      args: []  # or [--fail-on, strong]
```

## Leaving a sentence as it is

- `<!-- blameless-ignore RULE: reason -->` in its paragraph, or alone before it.
- `<!-- blameless-mute RULE: reason -->` for the whole text.
- In the app: “Keep mine” with a reason, for one sentence or a rule in one postmortem.
- “Kept wording” in the account menu, for the organisation: an admin writes down the phrase, the
  rule and why. The list downloads as `wording-allow.yaml`, for `rca lint --allow` in a
  repository; a file of that name in the instance's home folder holds as well.

How often a rule's hints are left is counted by rule; above 30 % the rule should be looked at.
"""

_TITLES = {
    "person-blame": "Blame of a person",
    "counterfactual": "What did not happen",
    "human-error": "Human error as the cause",
    "normative": "Verdicts on conduct",
    "hidden-agent": "The passive that judges",
    "ai-scapegoat": "An AI as the culprit",
    "clarity": "Clarity (off unless asked for)",
}
_SHOWN = 4


def _rule(rule: Rule) -> Iterator[str]:
    levels = sorted(set(rule.levels.values()), key=("suggestion", "consider", "strong").index)
    yield f"### `{rule.id}`"
    yield ""
    yield f"{rule.message} ({', '.join(levels)})"
    yield ""
    yield "Flagged:"
    yield ""
    yield from (f"- {text}" for text in rule.hits[:_SHOWN])
    yield ""
    yield "Not flagged:"
    yield ""
    yield from (f"- {text}" for text in rule.misses[:_SHOWN])
    yield ""


def guide() -> str:
    """The whole page."""
    rules = load(clarity=True).rules
    lines = [_HEAD]
    for category in (*CATEGORIES, "clarity"):
        chosen = [rule for rule in rules if rule.category == category]
        lines += [f"## {_TITLES[category]}", "", f"The question: *{chosen[0].question}*", ""]
        for rule in chosen:
            lines += _rule(rule)
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(guide(), encoding="utf-8")
