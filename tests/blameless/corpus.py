"""Sentences with labels: our own, and the labelled public ones that RCA_DATA names."""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from rca.blameless import Reviewer

HERE = Path(__file__).resolve().parent
OWN = (
    "sentences",
    "sentences_later",
    "sentences_third",
    "sentences_fourth",
    "sentences_fifth",
    "sentences_sixth",
)


def own_sentences(name: str) -> list[tuple[str, str | None]]:
    """(sentence, category or None for fine) of one of our sets."""
    groups = yaml.safe_load((HERE / f"{name}.yaml").read_text(encoding="utf-8"))
    return [
        (text, None if category == "fine" else category)
        for category, texts in groups.items()
        for text in texts
    ]


def labelled(data_dir: Path) -> list[tuple[str, str | None]]:
    """The labelled public sentences."""
    lines = (data_dir / "blameless" / "dev.jsonl").read_text(encoding="utf-8").splitlines()
    return [(row["text"], row["category"]) for row in map(json.loads, lines)]


def ordinary(data_dir: Path) -> list[str]:
    """Ordinary published sentences, presumed fine."""
    path = data_dir / "blameless" / "background-dev.jsonl"
    return [json.loads(line)["text"] for line in path.read_text(encoding="utf-8").splitlines()]


@dataclass
class Score:
    """Counts of one reading."""

    hits: int = 0
    false: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    found: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)

    @property
    def precision(self) -> float:
        """Right findings of all findings."""
        return self.hits / max(1, self.hits + len(self.false))

    @property
    def recall(self) -> float:
        """Found of all that blame."""
        return self.hits / max(1, self.hits + len(self.missed))

    def weakest(self, least: int = 15) -> tuple[str, float]:
        """The category with the lowest recall among those with ``least`` sentences or more."""
        large = {name: n for name, n in self.asked.items() if n >= least}
        return min(((name, self.found[name] / n) for name, n in large.items()), key=lambda x: x[1])


def score(sentences: list[tuple[str, str | None]], reviewer: Reviewer) -> Score:
    """Read each sentence by itself."""
    result = Score()
    for text, category in sentences:
        flagged = bool(reviewer.review(text).findings)
        if category:
            result.asked[category] += 1
            result.found[category] += flagged
        if category and flagged:
            result.hits += 1
        elif category:
            result.missed.append(text)
        elif flagged:
            result.false.append(text)
    return result
