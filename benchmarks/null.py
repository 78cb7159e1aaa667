"""``python -m benchmarks null``: how often nothing is mistaken for something.

All words of real postmortems are dealt anew over records of the same lengths, and every record
gets answers drawn by chance: whatever a run surfaces is false. A second row of each size has no
answers at all, so that mitigations are read from the dealt words. The third keeps the real texts
and deals the answers alone: there only findings can be false, and those of a mitigation left
blank, which is read from the real text, may be true and are counted apart.

``python -m benchmarks.null 40 1000 300 500``: 40 seeds a size from number 1000 on, at these sizes.
"""

import os
import random
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.mining import record, rows_of
from mining.pipeline import MiningOptions, MiningResult, mine
from mining.records import AI_STATES, SEVERITIES, IncidentRecord

SIZES = (1, 5, 20, 60, 150, 300, 500)
SEEDS = 40
_ANSWERS = {
    "trigger": ("binary_push", "config_push", "capacity", "manual_operation", "hardware", ""),
    "detection_method": ("alert_slo", "customer_report", "employee", ""),
    "detection_gap": ("no_monitor", "threshold_wrong", ""),
    "mitigation": ("rollback", "restart", "failover", ""),
    "tier": ("1", "2", "3"),
}


def dealt(records: Sequence[IncidentRecord], rng: random.Random) -> list[IncidentRecord]:
    """The same lengths with all words of the records dealt anew, and no title."""
    words = [word for record in records for word in record.text.split()]
    rng.shuffle(words)
    taken = iter(words)
    return [
        replace(r, title="", text=" ".join([next(taken) for _ in r.text.split()])) for r in records
    ]


def answered(records: Sequence[IncidentRecord], rng: random.Random) -> list[IncidentRecord]:
    """The records of one organisation with answers drawn by chance, some of them left open."""
    services = [f"service-{number}" for number in range(6)]
    return [
        replace(
            record,
            organisation="",
            services=(rng.choice(services),),
            severity=rng.choice(SEVERITIES[:4]),
            ai_state=rng.choice((*AI_STATES, None)),
            fields={name: v for name, of in _ANSWERS.items() if (v := rng.choice(of))},
        )
        for record in records
    ]


def drawn(
    records: Sequence[IncidentRecord], count: int, rng: random.Random
) -> list[IncidentRecord]:
    """So many of the records, each as seldom as can be, under ids of their own."""
    turns = -(-count // len(records))
    many = [r for _ in range(turns) for r in rng.sample(list(records), len(records))][:count]
    return [replace(record, id=f"{place:03d}") for place, record in enumerate(many)]


@dataclass
class Tally:
    """Runs of one size, and in how many something was surfaced.

    ``from_text`` are those on real texts that claim nothing but a cause with a mitigation, both of
    which may have been read from one text. Of dealt words that is false like everything else.
    """

    runs: int = 0
    patterns: int = 0
    findings: int = 0
    from_text: int = 0
    either: int = 0

    def add(self, result: MiningResult, *, real: bool) -> None:
        """Count one run, on ``real`` texts or on dealt words."""
        told = [
            real and finding.subject_kind == "cause" and finding.dimension == "mitigation"
            for finding in result.findings.claimed
        ]
        claims = not all(told)
        self.runs += 1
        self.patterns += bool(result.patterns)
        self.findings += claims
        self.from_text += bool(told) and not claims
        self.either += claims or bool(result.patterns)


def tallied(
    records: Sequence[IncidentRecord],
    count: int,
    seeds: Iterable[int],
    *,
    words: bool,
    fields: bool = True,
) -> Tally:
    """Null runs of one size. ``words``: deal the words too; ``fields``: give answers at all."""
    tally = Tally()
    for seed in seeds:
        rng = random.Random(f"{count}-{seed}")
        sample = drawn(records, count, rng)
        sample = answered(dealt(sample, rng) if words else sample, rng)
        if not fields:
            sample = [
                replace(r, services=(), severity=None, ai_state=None, fields={}) for r in sample
            ]
        tally.add(mine(sample, MiningOptions(jobs=1)), real=not words)
    return tally


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table. Arguments: how many seeds, the first of them, and sizes; all optional.

    2 when RCA_DATA names no folder.
    """
    if not os.environ.get("RCA_DATA"):
        print("benchmarks.null: RCA_DATA does not name the real postmortems", file=sys.stderr)
        return 2
    folder = Path(os.environ["RCA_DATA"])
    records = [record(row) for name in ("public", "org", "atl") for row in rows_of(folder, name)]
    many, first, *sizes = (*map(int, argv or ()), *(SEEDS, 0)[len(argv or ()) :])
    seeds = range(first, first + many)
    for count in sizes or SIZES:
        for words, fields, told in (
            (True, True, "words dealt, answers by chance"),
            (True, False, "words dealt, no answers"),
            (False, True, "real texts, answers by chance"),
        ):
            found = tallied(records, count, seeds, words=words, fields=fields)
            patterns = f"{found.patterns} a pattern, " if words else ""
            apart = "" if words else f", {found.from_text} only a cause with a mitigation"
            print(
                f"null  n={count:<4d} {told:32s} of {found.runs} runs: {patterns}"
                f"{found.findings} a finding{apart}",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
