"""``python -m benchmarks.mining``: our mining beside its peers in one run, with the ratios.

Reads the folder that ``RCA_DATA`` names. ``--scale N`` measures time and memory on N perturbed
copies instead.
"""

import argparse
import json
import os
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from mining.foreign import scorer_for
from mining.pipeline import mine
from mining.placing import Placer
from mining.prepare import prepare_all
from mining.records import IncidentRecord, from_mapping
from mining.similar import SimilarIndex
from mining.tasks import PARALLEL_FROM, helping, workers
from mining.taxonomy import from_rows
from mining.text import sentences
from mining.themes import find_themes

Row = Mapping[str, Any]
# One line a class, as another organisation would hand them over; written here, not copied.
COARSE = (
    ("CONFIG", "Configuration", "Misconfiguration or an incorrect configuration change."),
    ("OVERLOAD", "Overload", "Load or traffic exceeded the available capacity or resources."),
    ("DEPLOY", "Deployment", "A deployment, upgrade or software change introduced a defect."),
    ("EXTERNAL", "External", "Power, cooling, hardware, third-party provider or weather."),
    ("MAINTAIN", "Maintenance", "A maintenance operation, planned or manual, went wrong."),
    ("OTHERS", "Others", "Any other or unknown root cause."),
)


def adjusted_mutual_info_score(gold: Sequence[Any], found: Sequence[Any]) -> float:
    """scikit-learn's, loaded when first asked for: what is measured for time does not hold it."""
    from sklearn import metrics

    return float(metrics.adjusted_mutual_info_score(gold, found))


def peers() -> Mapping[str, Any]:
    """What is run beside ours on the same texts."""
    from benchmarks import _peers

    return _peers.peers()


def encoder() -> Any:
    """The optional encoder, where it is installed."""
    from benchmarks import _peers

    return _peers.encoder()


def rows_of(folder: Path, name: str) -> list[Row]:
    """The labelled rows of one corpus."""
    lines = (folder / "postmortems" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def record(row: Row) -> IncidentRecord:
    """A record without its labels."""
    return from_mapping({key: row[key] for key in ("id", "title", "text", "company", "date")})


def pair_scores(groups: Iterable[Sequence[str]], rows: Sequence[Row]) -> tuple[float, float, float]:
    """Precision, recall and F1 over pairs of the same recurrence."""
    tags = {row["id"]: set(row["labels"]["recurrence"]) for row in rows}
    gold = {p for p in combinations(sorted(tags), 2) if tags[p[0]] & tags[p[1]]}
    told = {pair for group in groups for pair in combinations(sorted(group), 2)}
    hit = len(gold & told)
    precision, recall = hit / max(1, len(told)), hit / max(1, len(gold))
    return precision, recall, 2 * precision * recall / max(1e-9, precision + recall)


def recurrence(rows: Sequence[Row]) -> None:
    """Recurrence and similar incidents inside each organisation of the corpus."""
    for company in sorted({row["company"] for row in rows}):
        own = [row for row in rows if row["company"] == company]
        records = [record(row) for row in own]
        ours = pair_scores((p.ids for p in mine(records).patterns), own)
        print(f"recurrence {company:10s} n={len(own)}  ours P/R/F1 {_three(ours)}")
        for name, labels in _labels(own).items():
            groups = [
                [row["id"] for row, label in zip(own, labels, strict=True) if label == k]
                for k in sorted(set(labels) - {-1})
            ]
            theirs = pair_scores(groups, own)
            told = f"{name} P/R/F1 {_three(theirs)}"
            print(f"{'':34s}{told}  ours/theirs {_ratio(ours[2], theirs[2])}")
        print(f"similar    {company:10s} hit@5/MRR/recall@5 {_three(retrieval(records, own))}")
        if encoder() is not None:
            fused = retrieval(records, own, encoder())
            print(f"similar    {company:10s} with the encoder   {_three(fused)}")


def _labels(rows: Sequence[Row]) -> dict[str, list[int]]:
    """What each peer says of the same texts; what stands in no group is a group of its own."""
    texts = [f"{row['title']} {row['text']}" for row in rows]
    return {name: fit(texts) for name, fit in peers().items()}


def _singled(labels: Sequence[int]) -> list[int]:
    return [-2 - place if label < 0 else label for place, label in enumerate(labels)]


def _ratio(ours: float, theirs: float) -> str:
    return f"{ours / theirs:.1f}" if theirs > 0 else "theirs is 0"


def _three(values: Sequence[float]) -> str:
    return "/".join(f"{value:.3f}" for value in values)


def retrieval(
    records: Sequence[IncidentRecord], rows: Sequence[Row], by: Any = None
) -> tuple[float, ...]:
    """Hit@5, MRR and recall@5 over incidents that have a mate."""
    index = SimilarIndex(records, encoder=by)
    tags = {row["id"]: set(row["labels"]["recurrence"]) for row in rows}
    found = []
    for identifier, own in tags.items():
        mates = {other for other, theirs in tags.items() if other != identifier and own & theirs}
        if not mates:
            continue
        ranked = [s.id for s in index.of(identifier, len(rows))]
        places = [place for place, other in enumerate(ranked) if other in mates]
        hits = sum(place < 5 for place in places)
        found.append((float(hits > 0), 1 / (places[0] + 1), hits / len(mates)))
    return tuple(float(value) for value in np.mean(found, axis=0))


def causes(name: str, rows: Sequence[Row]) -> None:
    """Zero-label causes against the annotator's, and k-means against the same."""
    told = [
        r
        for r in rows
        if r["labels"]["confidence"] != "l" and r["labels"]["primary"] != "unknown_thin"
    ]
    gold = [row["labels"]["primary"] for row in told]
    found = [r.primary or "none" for r in scorer_for(None).score_all([record(r) for r in told])]
    print(f"causes     {name:10s} n={len(told)}  {_against(gold, found)}")
    ours = adjusted_mutual_info_score(gold, found)
    company = [row["company"] for row in told]
    for peer, labels in _labels(told).items():
        theirs = adjusted_mutual_info_score(gold, _singled(labels))
        confound = adjusted_mutual_info_score(company, _singled(labels))
        print(f"{'':34s}{peer} AMI {theirs:.3f}, with company {confound:.3f}  "
              f"ours/theirs {_ratio(ours, theirs)}")  # fmt: skip


def _against(gold: Sequence[str], found: Sequence[str]) -> str:
    from sklearn.metrics import f1_score

    macro = f1_score(gold, found, labels=sorted(set(gold)), average="macro", zero_division=0)
    right = float(np.mean([a == b for a, b in zip(gold, found, strict=True)]))
    ami = adjusted_mutual_info_score(gold, found)
    return f"accuracy {right:.3f} macro-F1 {macro:.3f} AMI {ami:.3f}"


def coarse(rows: Sequence[Row]) -> None:
    """Six classes of another team, each given as one line."""
    scorer = scorer_for(
        from_rows([dict(zip(("id", "name", "description"), c, strict=True)) for c in COARSE])
    )
    gold = [row["labels"]["human_class"] for row in rows]
    found = [r.primary or "none" for r in scorer.score_all([record(row) for row in rows])]
    print(f"six classes           n={len(rows)}  {_against(gold, found)}")


def themes(rows: Sequence[Row]) -> None:
    """Share of useful themes, and how much of them is the company."""
    told = [row for row in rows if row["labels"]["confidence"] != "l"]
    gold = {row["id"]: row["labels"]["primary"] for row in told}
    company = {row["id"]: row["company"] for row in told}
    found = find_themes(prepare_all([record(row) for row in told]), scorer_for(None)).themes
    pure = [Counter(gold[i] for i in t.members).most_common(1)[0][1] / t.size for t in found]
    of = {i: theme.id for theme in found for i in theme.members}
    all_of = [of.get(i, i) for i in gold]
    print(f"themes     public     n={len(told)}  {len(found)} themes, purity >= .6 in "
          f"{sum(p >= 0.6 for p in pure)}, stability {np.mean([t.stability for t in found]):.2f}, "
          f"AMI cause {adjusted_mutual_info_score(list(gold.values()), all_of):.3f} "
          f"company {adjusted_mutual_info_score(list(company.values()), all_of):.3f}")  # fmt: skip


def shuffled(records: Sequence[IncidentRecord], rng: random.Random) -> list[IncidentRecord]:
    """The same records with all words dealt anew."""
    words = [word for r in records for word in r.text.split()]
    rng.shuffle(words)
    taken = iter(words)
    return [
        replace(r, title="", organisation="", text=" ".join(next(taken) for _ in r.text.split()))
        for r in records
    ]


def null_corpora(records: Sequence[IncidentRecord], rounds: int) -> None:
    """How many corpora of shuffled text surface a pattern."""
    surfaced = total = 0
    for seed in range(rounds):
        rng = random.Random(seed)
        for count in (5, 12, 40):
            sample = shuffled(rng.sample(list(records), count), rng)
            surfaced += bool(mine(sample).patterns)
            total += 1
    print(f"null       {surfaced} of {total} corpora of shuffled text surface a pattern")


def scale(rows: Sequence[Row], count: int) -> None:
    """Time and peak memory on perturbed copies of a hundred words."""
    rng = random.Random(0)
    parts = [[s.text for s in sentences(row["text"])] for row in rows]
    words = [word for part in parts for text in part for word in text.split()]
    records = []
    for number in range(count):
        pick = rng.randrange(len(rows))
        told = rng.sample(parts[pick], len(parts[pick]))
        text = " ".join(told).split()[:100]
        for _ in range(len(text) // 8):
            text[rng.randrange(len(text))] = rng.choice(words)
        records.append(
            from_mapping(
                {"id": f"{number:06d}", "title": rows[pick]["title"], "text": " ".join(text)}
            )
        )
    mine(records[:50])
    with helping(workers(None, large=count >= PARALLEL_FROM)):  # so that helpers can be looked at
        wall, cpu = time.perf_counter(), time.process_time()
        found = mine(records)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        beside = helpers()
    told = " + ".join(f"{peak:.0f} MB {spent:.1f} s" for peak, spent in beside) or "none"
    print(f"scale      n={count} wall {wall:.1f} s cpu {cpu:.1f} s peak {peak:.0f} MB, "
          f"helpers {told}; together at most {peak + sum(p for p, _ in beside):.0f} MB, "
          f"{len(found.patterns)} patterns")  # fmt: skip


def helpers() -> list[tuple[float, float]]:
    """Peak memory in MB and processor seconds of each process that this one started (Linux)."""
    ticks, below, parents = os.sysconf("SC_CLK_TCK"), {os.getpid()}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            rest = stat.read_text().rsplit(")", 1)[1].split()
            status = stat.with_name("status").read_text()
        except OSError:  # it ended meanwhile
            continue
        peak = next((int(line.split()[1]) for line in status.splitlines() if "VmHWM" in line), 0)
        spent = (int(rest[11]) + int(rest[12])) / ticks
        parents[int(stat.parent.name)] = (int(rest[1]), peak / 1024, spent)
    for process in sorted(parents):  # children come after their parents
        if parents[process][0] in below:
            below.add(process)
    return [parents[process][1:] for process in sorted(below - {os.getpid()})]


def placing(rows: Sequence[Row]) -> None:
    """How long one new postmortem takes to find its pattern among five hundred."""
    records = [record(row) for row in rows]
    many = [replace(r, id=f"{r.id}-{n}") for n in range(11) for r in records][:500]
    patterns = {p.id: p.ids for p in mine(many).patterns}
    placer, times = Placer(SimilarIndex(many)), []
    for asked in records:
        started = time.process_time()
        placer.place(replace(asked, id="asked"), patterns)
        times.append(1_000 * (time.process_time() - started))
    print(f"placing    one among {len(many)}: median {np.median(times):.0f} ms, "
          f"slowest {max(times):.0f} ms of processor time, n={len(times)}, "
          f"{len(patterns)} patterns")  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    """Print every figure. 2 when RCA_DATA names no folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=10)
    args = parser.parse_args([] if argv is None else argv)
    if not os.environ.get("RCA_DATA"):
        print("benchmarks.mining: RCA_DATA does not name the real postmortems", file=sys.stderr)
        return 2
    folder = Path(os.environ["RCA_DATA"])
    public, org, atl = (rows_of(folder, name) for name in ("public", "org", "atl"))
    if args.scale:
        scale([*public, *org, *atl], args.scale)
        return 0
    recurrence(org)
    causes("public", public)
    causes("org", org)
    coarse(atl)
    placing(org)
    themes(public)
    null_corpora([record(row) for row in [*public, *org, *atl]], args.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
