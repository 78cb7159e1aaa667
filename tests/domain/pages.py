"""Twenty pages of one text and one list of rows, over the merge alone: no database, no clock.

A save takes three moments (what it leans on is read, it is stored, its answer arrives), and others
act in between; a request or an answer may be lost, and the person types on meanwhile. The store
keeps revisions by the rule of :mod:`rca.services.revisions`. A word exists once in the world.
"""

import re
from collections import Counter
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from typing import Any

from rca.domain import merge as merging
from rca.domain import rebase

FIELDS = ("summary", "factors")
_WORD = re.compile(r"\bw\d+x\d+\b")
Values = dict[str, Any]


@dataclass
class Kept:
    """A text of the history."""

    number: int
    account: int
    values: Values
    conflict: bool = False


@dataclass
class Outcome:
    """What a save answers; ``merge`` is None where nobody saved in between."""

    saved: bool
    values: Values
    merge: merging.Merge | None
    version: int
    revision: int


class Store:
    """What is stored, and its history."""

    def __init__(self) -> None:
        self.values: Values = {"summary": "", "factors": []}
        self.version, self.seen, self.last = 1, 0, 1
        self.history = [Kept(1, -1, deepcopy(self.values))]

    def texts(self) -> list[Kept]:
        """The history without what was kept from conflicts."""
        return [kept for kept in self.history if not kept.conflict]

    def show(self) -> int:
        """Somebody is shown what is stored: its revision stays."""
        self.seen = self.texts()[-1].number
        return self.seen

    def leant_on(self, number: int) -> Values:
        """The text of a revision, or of the one before it when that is gone."""
        return deepcopy([kept for kept in self.texts() if kept.number <= number][-1].values)

    def _own(self, account: int, number: int) -> list[tuple[Values, Values]]:
        texts = self.texts()
        return [
            (old.values, new.values)
            for old, new in pairwise(texts)
            if new.number > number and new.account == account
        ]

    def save(
        self, account: int, base: Values, mine: Values, sent: tuple[int, int], choices: Values
    ) -> Outcome:
        """As :func:`rca.services.conflicts.save_section`."""
        version, number = sent
        values, merged = mine, None
        if version != self.version or choices:
            base = rebase.rebased(base, mine, self._own(account, number))
            settled = choices if version == self.version else {}
            merged = merging.merge(base, mine, self.values, fields=FIELDS, choices=settled)
            if merged.open:
                self.show()
                return Outcome(False, deepcopy(self.values), merged, self.version, 0)
            if "theirs" in settled.values():
                self.keep(mine)
            values = merged.values
        if values == self.values:
            return Outcome(True, deepcopy(values), merged, self.version, self.show())
        self._store(account, deepcopy(values), number)
        return Outcome(True, deepcopy(values), merged, self.version, self.last)

    def _store(self, account: int, values: Values, number: int) -> None:
        before = self.texts()[-1]
        if before.account == account and before.number == number > max(self.seen, 1):
            self.history.remove(before)
        self.last += 1
        self.values, self.version = values, self.version + 1
        self.history.append(Kept(self.last, account, deepcopy(values)))

    def keep(self, values: Values) -> None:
        """A text that lost a choice stays in the history."""
        self.last += 1
        self.history.append(Kept(self.last, -1, deepcopy(values), conflict=True))


@dataclass
class Flight:
    """A save on its way."""

    values: Values
    unsent: set[str]
    taken_back: set[str]
    base: Values
    sent: tuple[int, int]
    choices: Values
    tries: int
    outcome: Outcome | None = None


@dataclass
class World:
    """The store, and the model of acknowledged words."""

    store: Store = field(default_factory=Store)
    promised: set[str] = field(default_factory=set)
    chosen_away: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)


class Page:
    """One open page of an account, as the editor's script keeps it."""

    def __init__(self, world: World, number: int, account: int, random: Random) -> None:
        self.world, self.number, self.account, self.random = world, number, account, random
        self.written = 0
        self.own: list[str] = []
        self.unsent: set[str] = set()
        self.taken_back: set[str] = set()
        self.load()

    def load(self) -> None:
        """A fresh page."""
        store = self.world.store
        self.revision, self.version = store.show(), store.version
        self.values = deepcopy(store.values)
        self.flight: Flight | None = None

    def step(self) -> None:
        """Type, take a word back, save, or let a save go on."""
        act = self.random.random()
        if self.flight is not None:
            return self.type() if act < 0.3 else self.go_on(lossy=True)
        if act < 0.5:
            return self.type()
        if act < 0.57:
            return self.take_back()
        if act < 0.95 or self.unsent:
            return self.send()
        return self.load()

    def type(self) -> None:
        """A new word in the text, in a row, or as a row; sometimes rows are moved."""
        self.written += 1
        word, rows = f"w{self.number}x{self.written}", self.values["factors"]
        self.own.append(word)
        self.unsent.add(word)
        where = self.random.random()
        if where < 0.6:
            self.values["summary"] = self._insert(self.values["summary"], word)
        elif where < 0.85 and rows:
            row = self.random.choice(rows)
            row["statement"] = self._insert(row["statement"], word)
        else:
            rows.insert(self.random.randint(0, len(rows)), {"id": f"r{word}", "statement": word})
            if self.random.random() < 0.3:
                self.random.shuffle(rows)

    def _insert(self, text: str, word: str) -> str:
        words = text.split(" ") if text else []
        words.insert(self.random.randint(0, len(words)), word)
        return " ".join(words)

    def take_back(self) -> None:
        """Remove a word of one's own."""
        words = self.values["summary"].split(" ")
        mine = [word for word in words if word in self.own]
        if mine:
            word = self.random.choice(mine)
            self.values["summary"] = " ".join(one for one in words if one != word)
            self.own.remove(word)
            self.taken_back.add(word)

    def send(
        self, choices: Values | None = None, version: int | None = None, tries: int = 0
    ) -> None:
        """The first moment: what the page leans on is read."""
        self.flight = Flight(
            deepcopy(self.values), set(self.unsent), set(self.taken_back),
            self.world.store.leant_on(self.revision),
            (self.version if version is None else version, self.revision), choices or {}, tries,
        )  # fmt: skip

    def go_on(self, *, lossy: bool) -> None:
        """The next moment of a save."""
        flight, lost = self.flight, lossy and self.random.random() < 0.08
        assert flight is not None
        if flight.outcome is None and lost:
            self.flight = None
        elif flight.outcome is None:
            flight.outcome = self.world.store.save(
                self.account, flight.base, flight.values, flight.sent, flight.choices
            )
            self._choose_away(flight, flight.outcome)
        else:
            self.flight = None
            self.world.counts["lost answers"] += lost
            if not lost:
                self._answered(flight, flight.outcome)

    def _choose_away(self, flight: Flight, outcome: Outcome) -> None:
        """The person saw both texts, and knows which words they leave to the history."""
        for clash in outcome.merge.clashes if outcome.merge and flight.choices else ():
            mine, theirs = (set(_WORD.findall(str(side))) for side in (clash.mine, clash.theirs))
            left = {"mine": theirs - mine, "theirs": mine - theirs}
            self.world.chosen_away |= left.get(flight.choices.get(clash.path, ""), set())

    def _answered(self, flight: Flight, outcome: Outcome) -> None:
        if not outcome.saved:
            self.world.counts["clashes"] += 1
            self.world.store.keep(flight.values)
            if flight.tries < 6 and outcome.merge is not None:
                choices = {clash.path: self._choice(clash) for clash in outcome.merge.clashes}
                self.send(choices, outcome.version, flight.tries + 1)
            return
        self.world.counts["saved"] += 1
        self.world.promised |= flight.unsent
        self.world.promised -= flight.taken_back
        self.unsent -= flight.unsent
        self.taken_back -= flight.taken_back
        typed_on = self.values != flight.values
        if typed_on and outcome.merge is not None and not self._takes(flight.values, outcome):
            self.world.counts["went on from the older text"] += 1
            return
        if not typed_on:
            self.values = outcome.values
        self.version, self.revision = outcome.version, outcome.revision

    def _choice(self, clash: merging.Clash) -> str:
        return self.random.choice(
            ("mine", "theirs", "both") if clash.joinable else ("mine", "theirs")
        )

    def _takes(self, sent: Values, outcome: Outcome) -> bool:
        """Put what was typed since over what came back, where nobody else touched it."""
        before, now, other = (
            {"": side["summary"]} | {row["id"]: row["statement"] for row in side["factors"]}
            for side in (sent, self.values, outcome.values)
        )
        typed = [key for key in now if now[key] != before.get(key)]
        if any(key in before and other.get(key) != before[key] for key in typed):
            return False
        values = outcome.values
        rows = {row["id"]: row for row in values["factors"]}
        for key in typed:
            if not key:
                values["summary"] = now[key]
            elif key in rows:
                rows[key]["statement"] = now[key]
            else:
                values["factors"].append({"id": key, "statement": now[key]})
        self.values = values
        return True


def words_of(values: Values) -> Counter[str]:
    """How often each word stands in the text and the rows."""
    texts = [values["summary"], *(row["statement"] for row in values["factors"])]
    return Counter(word for text in texts for word in _WORD.findall(text))


def play(seed: int, *, steps: int, pages: int = 20, accounts: int = 4) -> World:
    """``pages`` people act by chance; at the end each saves what is still unsaved."""
    world, random = World(), Random(seed)
    opened = [Page(world, n, n % accounts, Random(seed * 1_000 + n)) for n in range(pages)]
    for _ in range(steps):
        random.choice(opened).step()
    for page in opened:
        for _ in range(60):
            if page.flight is not None:
                page.go_on(lossy=False)
            elif page.unsent:
                page.send()
    return world


def judge(world: World) -> tuple[set[str], set[str]]:
    """Acknowledged words that are gone, and words that stand twice."""
    current, kept = words_of(world.store.values), set[str]()
    for text in world.store.history:
        kept |= set(words_of(text.values))
    gone = world.promised - set(current) - (world.chosen_away & kept)
    return gone, {word for word, count in current.items() if count > 1}
