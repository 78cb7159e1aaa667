"""From a group of similar incidents to the pattern that people read: name, counts, evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mining.causes import CauseScorer
from mining.foreign import ForeignScorer
from mining.naming import (
    Words,
    name_of,
    naming_words,
    reasons,
    shared_words,
)
from mining.patterns import READ_OF_ONE, Member, Near, Pattern, counts, identity_of
from mining.phrases import own_words
from mining.readings import Readings
from mining.recurrence import Group, LinkSettings, Recurrence
from mining.tasks import Begun
from mining.taxonomy import Taxonomy
from mining.wording import Draft, Wording, begin_wording


@dataclass(frozen=True)
class Builder:
    """Turns groups of positions into pattern values.

    Of a group larger than :data:`READ_OF_ONE`, the most central members are read for causes and
    quotes; its words are counted over all.
    """

    readings: Readings
    scorer: CauseScorer | ForeignScorer
    words: Words
    jobs: int | None = None

    @property
    def taxonomy(self) -> Taxonomy:
        """The taxonomy that the scorer knows."""
        return self.scorer.taxonomy

    def begin(self, parts: Sequence[Recurrence]) -> "Drafts":
        """Let helpers begin with the patterns of every organisation."""
        groups = [(part, group) for part in parts for group in part.groups]
        drafts = [self._draft(part, group) for part, group in groups]
        begun = begin_wording(drafts, self.readings, self.taxonomy, self.jobs)
        late = {id(part): _late(part) for part in parts}
        named = [_named(part, group, late[id(part)]) for part, group in groups]
        return Drafts(self, groups, drafts, begun, late, named)

    def _draft(self, part: Recurrence, group: Group) -> Draft:
        members = [part.space.items[m] for m in group.members]
        return Draft(tuple(members[:READ_OF_ONE]), shared_words(members, self.words))

    def pattern(
        self, part: Recurrence, group: Group, draft: Draft, wording: Wording,
        late: Mapping[str, Sequence[str]],
    ) -> Pattern:  # fmt: skip
        """The pattern of one group; ``late`` holds further reports of the same incidents."""
        items = part.space.items
        members = [items[m] for m in group.members]
        shared, causes = draft.shared, wording.causes
        phrases = tuple((self.words.as_written(n), w) for n, w in shared)
        ids = [item.id for item in members]
        own = own_words(members)
        rest = [(name, weight) for name, weight in shared if name not in own]
        said = [wording.phrase] if wording.phrase else naming_words(rest, members, self.words)
        named = name_of(causes, said, self.taxonomy)
        return Pattern(
            id=identity_of(ids),
            name=named,
            kind="recurrence",
            organisation=members[0].record.organisation,
            causes=causes,
            members=_members(part, group, wording.quotes, late),
            size=len(members),
            strength=_strength(group),
            stability=group.stability,
            cohesion=round(group.cohesion, 3),
            phrases=phrases,
            why=reasons(draft.members, phrases, causes, wording.readings, self.taxonomy),
            exemplars=tuple(ids[:3]),
            least_typical=ids[-1] if len(ids) > 2 else "",
            see_also=tuple(items[m].id for m in group.see_also),
            near=tuple(_near(items[m].id, score, group) for m, score in group.near),
            method="average linkage over text and fields",
            **counts([item.record for item in members]),
        )


@dataclass(frozen=True, slots=True)
class Named:
    """A pattern before its words: its id, and those of its members."""

    id: str
    ids: tuple[str, ...]


def _named(part: Recurrence, group: Group, late: Mapping[str, Sequence[str]]) -> Named:
    ids = [part.space.items[m].id for m in group.members]
    return Named(identity_of(ids), tuple(i for one in ids for i in (one, *late.get(one, ()))))


@dataclass(frozen=True)
class Drafts:
    """Patterns whose wording is under way."""

    builder: Builder
    groups: Sequence[tuple[Recurrence, Group]]
    drafts: Sequence[Draft]
    begun: Begun
    late: Mapping[int, Mapping[str, Sequence[str]]]
    named: Sequence[Named]

    def patterns(self) -> list[Pattern]:
        """The patterns, in the order of ``named``."""
        worded = self.begun.results()
        return [
            self.builder.pattern(part, group, draft, wording, self.late[id(part)])
            for (part, group), draft, wording in zip(self.groups, self.drafts, worded, strict=True)
        ]


def _late(part: Recurrence) -> dict[str, list[str]]:
    """Further reports of each incident that is kept."""
    found: dict[str, list[str]] = {}
    for duplicate, kept in part.duplicates.items():
        found.setdefault(kept, []).append(duplicate)
    return found


def _members(
    part: Recurrence, group: Group, quotes: Sequence[str], late: Mapping[str, Sequence[str]]
) -> tuple[Member, ...]:
    found = []
    top = max(group.centrality) or 1.0
    for place, (position, mean) in enumerate(zip(group.members, group.centrality, strict=True)):
        item = part.space.items[position]
        central = round(min(1.0, max(0.0, mean / top)), 3)
        told = quotes[place] if place < len(quotes) else ""
        forced = position in group.by_human
        member = Member(item.id, told, central, added_by_human=forced)
        found.append(member)
        found += [replace(member, id=i, duplicate_of=item.id) for i in late.get(item.id, ())]
    return tuple(found)


def _near(identifier: str, score: float, group: Group) -> Near:
    return Near(identifier, round(score, 3), round(max(0.0, LinkSettings().cut - score), 3))


def _strength(group: Group) -> str:
    if len(group.members) < 3:
        return "pair"
    return "firm" if (group.stability or 0) >= 0.8 and len(group.members) >= 4 else "recurring"
