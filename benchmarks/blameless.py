"""The wording review against alex, write-good and proselint: right, heard, noisy, fast.

All read the same labelled sentences of RCA_DATA in one run. The peers are fetched into a folder of
their own for the run; one that can't be fetched is named as absent.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rca.blameless import Reviewer
from rca.blameless.lexicon import load
from tests.blameless import corpus

_NODE = """
import { readFileSync } from "node:fs";
import { text } from "alex";
import writeGood from "write-good";
const tool = process.argv[2];
const read = tool === "alex" ? (t) => text(t).messages.length : (t) => writeGood(t).length;
const texts = JSON.parse(readFileSync(process.argv[3], "utf8"));
read("Warm up.");
const begun = process.cpuUsage();
const counts = texts.map(read);
const used = process.cpuUsage(begun);
console.log(JSON.stringify({ counts, seconds: (used.user + used.system) / 1e6 }));
"""

_PROSELINT = """
import json, sys, time
from pathlib import Path
from proselint.checks import __register__
from proselint.registry import CheckRegistry
from proselint.tools import LintFile
CheckRegistry().register_many(__register__)
texts = json.loads(Path(sys.argv[1]).read_text())
begun = time.process_time()
counts = [len(LintFile("x", content=text).lint()) for text in texts]
print(json.dumps({"counts": counts, "seconds": time.process_time() - begun}))
"""


@dataclass(frozen=True)
class Reading:
    """Which of the texts a tool flagged, and in how many seconds of one core."""

    flagged: list[bool]
    seconds: float


Tool = Callable[[list[str]], Reading]


def _ours(texts: list[str]) -> Reading:
    reviewer = Reviewer()
    reviewer.review("Warm up.")
    begun = time.process_time()
    flagged = [bool(reviewer.review(text).findings) for text in texts]
    return Reading(flagged, time.process_time() - begun)


def _run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=300, check=True
    )


def _outside(command: list[str], folder: Path) -> Tool:
    def read(texts: list[str]) -> Reading:
        source = folder / "texts.json"
        source.write_text(json.dumps(texts), encoding="utf-8")
        said = json.loads(_run([*command, str(source)], folder).stdout)
        return Reading([count > 0 for count in said["counts"]], said["seconds"])

    return read


def _node_tools(folder: Path) -> dict[str, Tool]:
    (folder / "package.json").write_text('{"private": true, "type": "module"}', encoding="utf-8")
    _run(["npm", "install", "--silent", "--no-audit", "--no-fund", "alex", "write-good"], folder)
    (folder / "read.mjs").write_text(_NODE, encoding="utf-8")
    return {name: _outside(["node", "read.mjs", name], folder) for name in ("alex", "write-good")}


def _proselint(folder: Path) -> dict[str, Tool]:
    _run([sys.executable, "-m", "venv", "env"], folder)
    python = str(folder / "env" / "bin" / "python")
    _run([python, "-m", "pip", "install", "--quiet", "proselint"], folder)
    (folder / "read.py").write_text(_PROSELINT, encoding="utf-8")
    return {"proselint": _outside([python, "read.py"], folder)}


def _peers(folder: Path) -> dict[str, Tool]:
    found: dict[str, Tool] = {}
    for get in (_node_tools, _proselint):
        inner = Path(tempfile.mkdtemp(dir=folder))
        try:
            found |= get(inner)
        except (OSError, subprocess.SubprocessError) as error:
            print(f"  absent: {get.__name__.strip('_')} ({type(error).__name__})")
    return found


def _compare(data: Path) -> None:
    sentences, ordinary = corpus.labelled(data), corpus.ordinary(data)
    texts = [text for text, _ in sentences] + ordinary
    print(f"  {len(sentences)} labelled sentences, {len(ordinary)} ordinary ones")
    print("  tool          precision  recall      F1  alerts per 1,000     MB/s")
    with tempfile.TemporaryDirectory() as name:
        for tool, read in {"rca lint": _ours, **_peers(Path(name))}.items():
            try:
                _print_row(tool, read(texts), sentences, texts)
            except (OSError, subprocess.SubprocessError, ValueError) as error:
                print(f"  {tool}: could not be run ({type(error).__name__})")


def _print_row(
    tool: str, reading: Reading, sentences: list[tuple[str, str | None]], texts: list[str]
) -> None:
    marks = list(zip((bool(category) for _, category in sentences), reading.flagged, strict=False))
    hits = sum(blame and flag for blame, flag in marks)
    precision = hits / max(1, sum(flag for _, flag in marks))
    recall = hits / sum(blame for blame, _ in marks)
    f1 = 2 * precision * recall / max(1e-9, precision + recall)
    rest = reading.flagged[len(sentences) :]
    size = sum(len(text.encode()) for text in texts) / 1e6
    print(
        f"  {tool:12}  {precision:9.3f}  {recall:6.3f}  {f1:6.3f}  "
        f"{1000 * sum(rest) / len(rest):16.1f}  {size / reading.seconds:7.2f}"
    )


def _own() -> None:
    reviewer = Reviewer()
    for name in corpus.OWN:
        found = corpus.score(corpus.own_sentences(name), reviewer)
        print(
            f"  own {name:16}  precision {found.precision:.3f}  recall {found.recall:.3f}  "
            f"n {found.hits + len(found.missed)} that blame"
        )


def _by_category(data: Path) -> None:
    found = corpus.score(corpus.labelled(data), Reviewer())
    for name, asked in sorted(found.asked.items()):
        print(f"  recall of {name:15} {found.found[name]:3} of {asked}")


def _seconds(reviewer: Reviewer, text: str, *, repeats: int = 3) -> float:
    best = float("inf")
    for _ in range(repeats):
        begun = time.process_time()
        reviewer.review(text, cap=None)
        best = min(best, time.process_time() - begun)
    return best


def _throughput(data: Path) -> None:
    reviewer = Reviewer()
    ordinary = corpus.ordinary(data)
    paragraphs = [" ".join(ordinary[at : at + 6]) for at in range(0, len(ordinary), 6)]
    every = [text for rule in load().rules for text in rule.hits]
    hot = [" ".join(every[at : at + 4]) for at in range(0, len(every), 4)]
    for name, parts, times in (("ordinary text", paragraphs, 7), ("every sentence hit", hot, 60)):
        text = "\n\n".join(parts * times)
        speed = len(text.encode()) / 1e6 / _seconds(reviewer, text)
        print(f"  {name:20} {len(text.encode()) / 1e6:5.2f} MB  {speed:6.2f} MB/s")


def _latency(data: Path) -> None:
    reviewer = Reviewer()
    words = " ".join(corpus.ordinary(data)).split()
    texts = [" ".join(words[at : at + 150]) for at in range(0, len(words) - 150, 150)]
    times = sorted(_seconds(reviewer, text, repeats=1) for text in texts)
    p95 = times[int(len(times) * 0.95)] * 1000
    print(f"  150 words: median {times[len(times) // 2] * 1000:.2f} ms, p95 {p95:.2f} ms")


_HOSTILE = (
    "The ", ".", "`", '"', "failed ", "if we had ", "should have ", "ran the wrong ", "(", "> a\n",
    "the operator, who failed, and ", "<!-- blameless-ignore x: y -->\n\n",
)  # fmt: skip


def _growth() -> None:
    reviewer = Reviewer()
    pieces = _HOSTILE
    worst = ("", 0.0, 0.0)
    for piece in pieces:
        once, twice = (
            _seconds(reviewer, (piece * size)[:size], repeats=2) for size in (100_000, 200_000)
        )
        worst = max(worst, (piece, twice, twice / max(once, 1e-4)), key=lambda item: item[1])
    print(
        f"  slowest of {len(pieces)} hostile 200 kB lines: {worst[1]:.2f} s "
        f"({worst[0].strip()!r}); {worst[2]:.1f} times a line of half its length"
    )


def main() -> None:
    """Print quality, speed and growth; the comparison needs RCA_DATA."""
    _own()
    _growth()
    given = os.environ.get("RCA_DATA")
    if not given:
        print("  RCA_DATA is not set: no labelled sentences, no comparison")
        return
    data = Path(given)
    _throughput(data)
    _latency(data)
    _by_category(data)
    _compare(data)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  peak memory {peak:.0f} MB")
