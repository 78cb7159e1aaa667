"""Many editors of one postmortem, and a model that says what must be found afterwards.

Each editor is a page as the script of the editor keeps it: per section the inputs, the version and
the revision that they were filled from. It adds words that exist once in the world, adds and moves
rows, loses answers on the way, retries, opens fresh pages, and settles clashes. The model holds
every word whose save was acknowledged; a word that its own author took back is taken off it. A word
may leave the current text only because somebody who was shown it chose another text; then it must
stand in a revision that the history lists.
"""

import re
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlmodel import Session, select

from rca.domain.access import Viewer
from rca.domain.merge import Clash
from rca.domain.postmortem import PostmortemContent, new_id
from rca.domain.sections import SECTION_FIELDS
from rca.domain.vocabulary import RevisionKind, Section
from rca.services import authoring, conflicts, reading
from rca.store import tables as t

Opened = Callable[[], AbstractContextManager[Session]]
SECTIONS = (Section.SUMMARY, Section.FACTORS, Section.TIMELINE, Section.HEADER, Section.IMPACT)
TEXTS = {
    Section.SUMMARY: ("summary", "what_happened", "response"),
    Section.HEADER: ("tldr",),
    Section.IMPACT: ("impact_summary",),
}
ROWS = {Section.FACTORS: ("factors", "statement"), Section.TIMELINE: ("timeline", "text")}
_WORD = re.compile(r"\bw\d+x\d+\b")


@dataclass
class World:
    """The database, the one postmortem, and the model of acknowledged words."""

    reading: Opened
    writing: Opened
    reference: str
    at: datetime
    promised: set[str] = field(default_factory=set)
    chosen_away: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)

    def tick(self, seconds: float) -> datetime:
        """Time goes on for everybody."""
        self.at += timedelta(seconds=seconds)
        return self.at


@dataclass
class Part:
    """One section of an open page."""

    values: dict[str, Any]
    version: int
    revision: int


class Editor:
    """One person's page."""

    def __init__(self, world: World, viewer: Viewer, number: int, random: Random) -> None:
        self.world, self.viewer, self.number, self.random = world, viewer, number, random
        self.written = 0
        self.unsent: dict[Section, set[str]] = {section: set() for section in SECTIONS}
        self.taken_back: dict[Section, set[str]] = {section: set() for section in SECTIONS}
        self.own: dict[Section, list[str]] = {section: [] for section in SECTIONS}
        self.load()

    def load(self) -> None:
        """A fresh page, as a reload shows it; words that were never saved are the person's loss."""
        with self.world.writing() as session:
            view = reading.shown(
                session,
                viewer=self.viewer,
                reference=self.world.reference,
                live=True,
                now=self.world.at,
            )
        newest = next(r.number for r in view.revisions if r.kind is not RevisionKind.CONFLICT)
        data = view.content.model_dump(mode="json")
        self.parts = {
            section: Part(
                {name: data[name] for name in SECTION_FIELDS[section]},
                view.section_versions[section.value],
                newest,
            )
            for section in SECTIONS
        }
        for section in SECTIONS:
            self.unsent[section].clear()
            self.taken_back[section].clear()

    def step(self) -> None:
        """Type something, or save, or lose an answer, or look anew."""
        section = self.random.choice(SECTIONS)
        act = self.random.random()
        if act < 0.55:
            self.type(section)
        elif act < 0.62:
            self.take_back(section)
        elif act < 0.94:
            self.save(section, lost=act > 0.90)
        else:
            for each in SECTIONS:
                self.save(each)
            self.load()

    def _new_word(self, section: Section) -> str:
        self.written += 1
        word = f"w{self.number}x{self.written}"
        self.unsent[section].add(word)
        self.own[section].append(word)
        return word

    def type(self, section: Section) -> None:
        """A word somewhere in a text, or a row."""
        values, word = self.parts[section].values, self._new_word(section)
        if section in TEXTS:
            name = self.random.choice(TEXTS[section])
            values[name] = self._insert(values[name], word)
            return
        name, part = ROWS[section]
        rows = values[name]
        if rows and self.random.random() < 0.6:
            row = self.random.choice(rows)
            if len(row[part]) < 200:
                row[part] = self._insert(row[part], word)
                return
        place = self.random.randint(0, len(rows))
        rows.insert(place, {"id": new_id(), part: word})
        if self.random.random() < 0.3:
            self.random.shuffle(rows)

    def _insert(self, text: str, word: str) -> str:
        words = text.split(" ") if text else []
        words.insert(self.random.randint(0, len(words)), word)
        return " ".join(words)

    def take_back(self, section: Section) -> None:
        """Remove a word of one's own from a text."""
        if section not in TEXTS or not self.own[section]:
            return
        word = self.random.choice(self.own[section])
        values = self.parts[section].values
        for name in TEXTS[section]:
            words = values[name].split(" ")
            if word in words:
                values[name] = " ".join(one for one in words if one != word)
                self.own[section].remove(word)
                self.taken_back[section].add(word)

    def save(self, section: Section, *, lost: bool = False) -> None:
        """Send one section. ``lost``: it is stored, but the answer never arrives."""
        outcome = self._send(section, {})
        tries = 0
        while outcome.saved is None and tries < 5:
            outcome = self._settle(section, outcome)
            tries += 1
        if outcome.saved is None:
            return  # still a choice to make; the words are on the page, not acknowledged
        self.world.counts["saved"] += 1
        if lost:
            self.world.counts["lost answers"] += 1
            return
        self._acknowledged(section)
        if section in TEXTS and self.random.random() < 0.15:
            # Typed while the answer was on its way: over a merged text that would hide others'
            # words, so the page goes on from the older one, as its script does.
            self.type(section)
            if outcome.merge is not None:
                self.world.counts["went on from the older text"] += 1
                return
            self.parts[section].version = outcome.version
            self.parts[section].revision = outcome.saved.revision
            return
        if self.random.random() < 0.9 or outcome.merge is not None:
            data = outcome.content.model_dump(mode="json")
            self.parts[section].values = {name: data[name] for name in SECTION_FIELDS[section]}
        self.parts[section].version = outcome.version
        self.parts[section].revision = outcome.saved.revision

    def _acknowledged(self, section: Section) -> None:
        # From here on the words must be found. One that its author took back need not be.
        self.world.promised |= self.unsent[section]
        self.world.promised -= self.taken_back[section]
        self.unsent[section].clear()
        self.taken_back[section].clear()

    def _send(self, section: Section, choices: dict[str, str], version: int | None = None) -> Any:
        part = self.parts[section]
        with self.world.reading() as session:
            basis = conflicts.basis(
                session,
                viewer=self.viewer,
                reference=self.world.reference,
                revision=part.revision,
            )
        with self.world.writing() as session:
            return conflicts.save_section(
                session,
                viewer=self.viewer,
                reference=self.world.reference,
                section=section,
                base=basis.content,
                values={name: part.values[name] for name in _sent(section)},
                base_version=part.version if version is None else version,
                choices=choices,
                now=self.world.at,
                base_number=part.revision,
            )

    def _settle(self, section: Section, outcome: conflicts.SectionOutcome) -> Any:
        """As the page does on 409: keep mine in the history, then choose by chance."""
        self.world.counts["clashes"] += 1
        mine = authoring.parse_content(
            {
                **outcome.content.model_dump(mode="json"),
                **{name: self.parts[section].values[name] for name in _sent(section)},
            }
        )
        with self.world.writing() as session:
            authoring.keep_conflict(
                session,
                viewer=self.viewer,
                reference=self.world.reference,
                content=mine,
                now=self.world.at,
            )
        assert outcome.merge is not None
        choices = {
            clash.path: self.random.choice(
                ("mine", "theirs", "both") if clash.joinable else ("mine", "theirs")
            )
            for clash in outcome.merge.clashes
        }
        for clash in outcome.merge.clashes:
            self._choose_away(clash, choices[clash.path])
        return self._send(section, choices, outcome.version)

    def _choose_away(self, clash: Clash, choice: str) -> None:
        """The person saw both texts, and knows which words they leave to the history."""
        mine, theirs = (set(_WORD.findall(str(side))) for side in (clash.mine, clash.theirs))
        self.world.chosen_away |= {"mine": theirs - mine, "theirs": mine - theirs}.get(
            choice, set()
        )


def _sent(section: Section) -> tuple[str, ...]:
    """What the harness's pages send: texts and rows, not who is a member."""
    return TEXTS.get(section) or (ROWS[section][0],)


def run(world: World, people: list[Viewer], *, seed: int, steps: int, pages: int) -> list[Editor]:
    """``pages`` editors take ``steps`` steps in all, in a random order, and save at the end."""
    random = Random(seed)
    editors = [
        Editor(world, people[n % len(people)], n, Random(seed * 1_000 + n)) for n in range(pages)
    ]
    for _ in range(steps):
        world.tick(random.choice((0.2, 1.0, 2.0, 20.0)))
        random.choice(editors).step()
    for editor in editors:
        for section in (s for s in SECTIONS if editor.unsent[s]):
            world.tick(0.2)
            editor.save(section)
    return editors


def words_of(content: PostmortemContent) -> Counter[str]:
    """How often each of the harness's words stands in a text."""
    found: Counter[str] = Counter()
    for fields in TEXTS.values():
        for name in fields:
            found.update(_WORD.findall(getattr(content, name)))
    for row in content.factors:
        found.update(_WORD.findall(row.statement))
    for entry in content.timeline:
        found.update(_WORD.findall(entry.text))
    return found


@dataclass(frozen=True)
class Verdict:
    """What the model finds wrong."""

    gone: frozenset[str]
    twice: frozenset[str]
    revisions: int


def judge(world: World) -> Verdict:
    """Each acknowledged word is in the current text, or was chosen away by somebody who saw it and
    is in a revision that the history lists. None stands twice.
    """
    with world.reading() as session:
        view = reading.view(session, viewer=_any(session), reference=world.reference, live=True)
        current = words_of(view.content)
        listed = {revision.number for revision in view.revisions}
        kept: set[str] = set()
        for row in session.exec(select(t.Revision)):
            if row.number in listed:
                kept |= set(words_of(PostmortemContent.model_validate(row.content)))
    return Verdict(
        frozenset(world.promised - set(current) - (world.chosen_away & kept)),
        frozenset(word for word, count in current.items() if count > 1),
        len(listed),
    )


def _any(session: Session) -> Viewer:
    from rca.domain.access import OPERATOR

    return OPERATOR
