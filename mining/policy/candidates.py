"""Which templates a pattern calls for, with which values, and for which of its incidents.

Three-valued throughout: what is not known of an incident never speaks for a rule.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mining.policy import catalogue
from mining.policy.catalogue import Template
from mining.policy.evidence import MemberEvidence, PatternEvidence, SuggestSettings
from mining.policy.matcher import Truth
from mining.policy.versions import identity


@dataclass(frozen=True)
class Candidate:
    """A template filled for a pattern, and what it would mean for each of its incidents."""

    pattern: PatternEvidence
    template: Template
    values: Mapping[str, Any]
    match: Mapping[str, Any]
    answers: tuple[MemberEvidence, ...]
    not_touched: tuple[str, ...]
    cannot_tell: tuple[str, ...]
    also: tuple[PatternEvidence, ...] = ()

    @property
    def body(self) -> str:
        """Identity of the rule: what it matches and asks for, without its words."""
        template = self.template
        meaning = {"subject": template.subject, "match": self.match, "require": template.require}
        return identity({"spec": meaning})


def _known(value: str) -> bool:
    return value not in ("", "unknown")


def _one_of(value: str, wanted: Sequence[str]) -> Truth:
    if not _known(value):
        return Truth.UNKNOWN
    return Truth.TRUE if value in wanted else Truth.FALSE


def _overlap(values: Sequence[str], wanted: Sequence[str]) -> Truth:
    if not values:
        return Truth.UNKNOWN
    return Truth.TRUE if set(values) & set(wanted) else Truth.FALSE


def _ai_row(row: tuple[str, str, str], asked: Mapping[str, Any]) -> Truth:
    surface, state, effect = row
    if "surfaces" in asked and surface not in asked["surfaces"]:
        return Truth.FALSE
    if state == "unknown":
        return Truth.UNKNOWN
    fits = state in asked["states"] and effect in asked["effects"]
    return Truth.TRUE if fits else Truth.FALSE


def _ai(member: MemberEvidence, asked: Mapping[str, Any]) -> Truth:
    if not member.ai:
        return Truth.UNKNOWN
    return max(_ai_row(row, asked) for row in member.ai)


def _ai_unknown(member: MemberEvidence, asked: object) -> Truth:
    """Whether people looked and could not tell. Never asked (an import, say) speaks for nothing."""
    if not member.ai:
        return Truth.UNKNOWN
    settled = {"attested_none", "ruled_out", "reported", "evidenced"}
    return Truth.FALSE if any(state in settled for _, state, _ in member.ai) else Truth.TRUE


def _tier(member: MemberEvidence, most: int) -> Truth:
    if not member.tiers:
        return Truth.UNKNOWN
    return Truth.TRUE if min(member.tiers) <= most else Truth.FALSE


_NEEDS: Mapping[str, Callable[[MemberEvidence, Any], Truth]] = {
    "ai": _ai,
    "aiUnknown": _ai_unknown,
    "tierAtMost": _tier,
    "trigger": lambda member, wanted: _one_of(member.trigger, wanted),
    "detection": lambda member, wanted: _one_of(member.detection_method, wanted),
    "gap": lambda member, wanted: _one_of(member.detection_gap, wanted),
    "factor": lambda member, wanted: _overlap(member.factor_classes, wanted),
    "kinds": lambda member, wanted: _overlap(member.change_kinds, wanted),
    "any": lambda member, needs: max(_need(member, need) for need in needs),
}
NEEDS = tuple(_NEEDS)
"""What a template may ask of an incident."""


def _need(member: MemberEvidence, need: Mapping[str, Any]) -> Truth:
    return min(_NEEDS[name](member, asked) for name, asked in need.items())


def _calls(member: MemberEvidence, pattern: PatternEvidence, template: Template) -> Truth:
    """Whether the incident is of the kind that the template answers."""
    own = member.factor_classes or pattern.causes
    verdicts = [_overlap(own, template.causes)]
    verdicts += [_need(member, need) for need in template.needs]
    return min(verdicts)


def _touched(member: MemberEvidence, values: Mapping[str, Any]) -> Truth:
    """Whether the filled rule would have applied to the change behind the incident."""
    verdicts = [Truth.TRUE]
    if values.get("services"):
        verdicts.append(_overlap(member.services, values["services"]))
    if values.get("kinds") and member.change_kinds:
        verdicts.append(_overlap(member.change_kinds, values["kinds"]))
    if values.get("tier") is not None:
        verdicts.append(_tier(member, values["tier"]))
    return min(verdicts)


def _often(lists: Iterable[Sequence[str]], least: int) -> tuple[str, ...]:
    counts = Counter(name for names in lists for name in set(names))
    return tuple(sorted(name for name, count in counts.items() if count >= least))


def _services(members: Sequence[MemberEvidence]) -> tuple[str, ...]:
    """The services that recur, when they carry most of the pattern; else none: it is not theirs."""
    recurring = _often((member.services for member in members), 2)
    carried = sum(bool(set(member.services) & set(recurring)) for member in members)
    return recurring if carried >= 0.6 * len(members) and len(recurring) <= 12 else ()


def _kinds(
    pattern: PatternEvidence, template: Template, members: Sequence[MemberEvidence]
) -> tuple[str, ...]:
    """Kinds of the causes that called for the template, and kinds that half the changes had."""
    causes = tuple(cause for cause in pattern.causes if cause in template.causes)
    told = [member.change_kinds for member in members if member.change_kinds]
    seen = _often(told, max(2, (len(told) + 1) // 2))
    known = tuple(kind for kind in seen if kind in catalogue.kinds())
    return tuple(sorted({*catalogue.kinds_of(causes), *known}))


def _values(
    pattern: PatternEvidence, template: Template, members: Sequence[MemberEvidence]
) -> dict[str, Any]:
    tiers = [min(member.tiers) for member in members if member.tiers]
    return {
        "kinds": _kinds(pattern, template, members),
        "services": _services(members),
        "tier": max(tiers) if tiers and "tier" in template.requires else None,
    }


def uses(template: Template, name: str) -> bool:
    """Whether the template has a hole of that name."""
    return any(
        f"${name}" == item.get("value") for items in template.match.values() for item in items
    )


def _enough(members: Sequence[MemberEvidence], settings: SuggestSettings) -> bool:
    if len(members) >= settings.min_incidents:
        return True
    grave = any(member.severity in settings.gravest for member in members)
    return grave and len(members) >= settings.min_with_gravest


def _members(pattern: PatternEvidence) -> tuple[MemberEvidence, ...]:
    unique = {member.id: member for member in pattern.members}
    return tuple(unique[name] for name in sorted(unique))


def _attempts(values: Mapping[str, Any], template: Template) -> Iterator[dict[str, Any]]:
    scoped = values["services"] if uses(template, "services") else ()
    if scoped:
        yield {**values, "services": scoped}
    yield {**values, "services": ()}


def _candidate(
    pattern: PatternEvidence, template: Template, settings: SuggestSettings
) -> Candidate | None:
    if not set(pattern.causes) & set(template.causes):
        return None
    members = _members(pattern)
    called = {member.id: _calls(member, pattern, template) for member in members}
    calling = [member for member in members if called[member.id] is Truth.TRUE]
    if not _enough(calling, settings):
        return None
    for values in _attempts(_values(pattern, template, calling), template):
        match = catalogue.fill_match(template, values)
        verdicts = {m.id: min(called[m.id], _touched(m, values)) for m in members}
        answers = tuple(m for m in members if verdicts[m.id] is Truth.TRUE)
        if match and _enough(answers, settings):
            return Candidate(
                pattern, template, values, match, answers,
                _with(verdicts, Truth.FALSE), _with(verdicts, Truth.UNKNOWN),
            )  # fmt: skip
    return None


def _with(verdicts: Mapping[str, Truth], truth: Truth) -> tuple[str, ...]:
    return tuple(name for name, verdict in verdicts.items() if verdict is truth)


def _rank(candidate: Candidate) -> tuple[int, int, int, str]:
    """The most specific to the evidence first, then the strongest control, then the widest."""
    template = candidate.template
    specific = sum("aiUnknown" not in need for need in template.needs)
    strength = catalogue.STRENGTHS.index(catalogue.family(template.family).strength)
    return (-specific, strength, -len(candidate.answers), template.id)


def chosen(pattern: PatternEvidence, settings: SuggestSettings) -> list[Candidate]:
    """The best template of each family that the pattern calls for, at most a few; often none."""
    templates = [item for family in catalogue.families() for item in family.templates]
    tried = (_candidate(pattern, template, settings) for template in templates)
    best: dict[str, Candidate] = {}
    for candidate in sorted((item for item in tried if item), key=_rank):
        best.setdefault(candidate.template.family, candidate)
    return list(best.values())[: settings.max_per_pattern]


def merged(found: Iterable[Candidate]) -> list[Candidate]:
    """One rule body, one suggestion: patterns of one organisation that call for the same rule
    share it. Evidence never crosses organisations.
    """
    by_body: dict[tuple[str, str], Candidate] = {}
    for candidate in found:
        key = (candidate.pattern.organisation, candidate.body)
        by_body[key] = _joined(by_body[key], candidate) if key in by_body else candidate
    return list(by_body.values())


def _joined(first: Candidate, other: Candidate) -> Candidate:
    answers = {member.id: member for member in (*first.answers, *other.answers)}
    rest = sorted({*first.not_touched, *other.not_touched} - set(answers))
    unclear = sorted({*first.cannot_tell, *other.cannot_tell} - set(answers) - set(rest))
    members = tuple(answers[name] for name in sorted(answers))
    return replace(
        first, answers=members, not_touched=tuple(rest), cannot_tell=tuple(unclear),
        also=(*first.also, other.pattern),
    )  # fmt: skip
