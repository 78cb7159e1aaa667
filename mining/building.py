"""From a group of similar incidents to the pattern that people read: name, counts, evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from mining.causes import CauseScorer
from mining.foreign import ForeignScorer
from mining.naming import (
    Words,
    best_quote,
    cue_stems,
    name_of,
    naming_words,
    pattern_causes,
    reasons,
    shared_words,
)
from mining.patterns import READ_OF_ONE, Member, Near, Pattern, counts, identity_of
from mining.phrases import own_words, phrase_of
from mining.prepare import Prepared, with_parts
from mining.readings import Readings
from mining.recurrence import Group, LinkSettings, Recurrence
from mining.taxonomy import Taxonomy
from mining.vocabulary import ChunkWords


@dataclass(frozen=True)
class Builder:
    """Turns groups of positions into pattern values.

    Of a group larger than :data:`READ_OF_ONE`, the most central members are read for causes and
    quotes; its words are counted over all.
    """

    readings: Readings
    scorer: CauseScorer | ForeignScorer
    words: Words
    chunks: ChunkWords = field(default_factory=ChunkWords)

    @property
    def taxonomy(self) -> Taxonomy:
        """The taxonomy that the scorer knows."""
        return self.scorer.taxonomy

    def patterns(self, part: Recurrence) -> list[Pattern]:
        """The patterns of one organisation."""
        late: dict[str, list[str]] = {}
        for duplicate, kept in part.duplicates.items():
            late.setdefault(kept, []).append(duplicate)
        return [self.pattern(part, group, late) for group in part.groups]

    def pattern(self, part: Recurrence, group: Group, late: Mapping[str, Sequence[str]]) -> Pattern:
        """The pattern of one group; ``late`` holds further reports of the same incidents."""
        items = part.space.items
        members = [items[m] for m in group.members]
        read = [with_parts(item, self.chunks) for item in members[:READ_OF_ONE]]
        results = [self.readings.of(item) for item in read]
        shared = shared_words(members, self.words)
        phrases = tuple((self.words.as_written(n), w) for n, w in shared)
        causes = pattern_causes(results)
        ids = [item.id for item in members]
        named_by = self.taxonomy.name_of(causes[0]) if causes else ""
        told = phrase_of(read, shared, named_by, cue_stems(self.taxonomy, causes))
        own = own_words(members)
        rest = [(name, weight) for name, weight in shared if name not in own]
        said = [told] if told else naming_words(rest, members, self.words)
        named = name_of(causes, said, self.taxonomy)
        return Pattern(
            id=identity_of(ids),
            name=named,
            kind="recurrence",
            organisation=members[0].record.organisation,
            causes=causes,
            members=self._members(part, group, read, dict(shared), late),
            size=len(members),
            strength=_strength(group),
            stability=group.stability,
            cohesion=round(group.cohesion, 3),
            phrases=phrases,
            why=reasons(read, phrases, causes, results, self.taxonomy),
            exemplars=tuple(ids[:3]),
            least_typical=ids[-1] if len(ids) > 2 else "",
            see_also=tuple(items[m].id for m in group.see_also),
            near=tuple(_near(items[m].id, score, group) for m, score in group.near),
            method="average linkage over text and fields",
            **counts([item.record for item in members]),
        )

    def _members(
        self, part: Recurrence, group: Group, read: Sequence[Prepared],
        shared: Mapping[str, float], late: Mapping[str, Sequence[str]],
    ) -> tuple[Member, ...]:  # fmt: skip
        found = []
        top = max(group.centrality) or 1.0
        for place, (position, mean) in enumerate(zip(group.members, group.centrality, strict=True)):
            item = part.space.items[position]
            central = round(min(1.0, max(0.0, mean / top)), 3)
            forced = position in group.by_human
            told = best_quote(read[place], shared) if place < len(read) else ""
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
