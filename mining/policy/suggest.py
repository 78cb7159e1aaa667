"""From recurring causes to parameterised rules.

A rule is suggested for a pattern when the catalogue has a template for its causes and enough of
its incidents are of the kind that the template answers: three, or two with one of the gravest
severity. What is not known of an incident never counts for a rule; such incidents are listed as
``cannot_tell``. No suggestion is a normal outcome.
"""

import re
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from mining.policy import catalogue
from mining.policy.catalogue import Template
from mining.policy.document import API_VERSION, KIND, identity
from mining.policy.matcher import Truth

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "guardrails.rca")
Word = Literal["thin", "fair", "firm"]


@dataclass(frozen=True)
class MemberEvidence:
    """What a suggestion may know of one incident. Empty and ``unknown`` both mean not known."""

    id: str
    severity: str = ""
    ai: tuple[tuple[str, str, str], ...] = ()
    services: tuple[str, ...] = ()
    tiers: tuple[int, ...] = ()
    trigger: str = ""
    detection_method: str = ""
    detection_gap: str = ""
    factor_classes: tuple[str, ...] = ()
    change_kinds: tuple[str, ...] = ()
    date: str = ""
    unconfirmed: bool = False


@dataclass(frozen=True)
class PatternEvidence:
    """A recurring cause as the miner found it."""

    pattern_id: str
    name: str
    causes: tuple[str, ...]
    members: tuple[MemberEvidence, ...]
    run: str
    stability: float | None = None


@dataclass(frozen=True)
class SuggestSettings:
    """How much evidence a suggestion needs, and what a proposed document says of its owner."""

    min_incidents: int = 3
    min_with_gravest: int = 2
    gravest: tuple[str, ...] = ("SEV1",)
    max_per_pattern: int = 3
    owner_team: str = "unassigned"
    review_days: int = 90
    stable_from: float = 0.6
    firm_from: int = 5


@dataclass(frozen=True)
class Suggestion:
    """A proposed rule with the evidence for it and against it."""

    family: str
    template: str
    title: str
    document: dict[str, Any]
    answers: tuple[str, ...]
    not_touched: tuple[str, ...]
    cannot_tell: tuple[str, ...]
    counterfactual: str
    n: int
    of: int
    interval: tuple[float, float]
    strength: Word
    control_strength: str
    why: str
    reasons: tuple[str, ...]
    pattern_ids: tuple[str, ...] = field(default=())

    @property
    def key(self) -> str:
        """Stable while the same pattern calls for the same template."""
        return f"{self.pattern_ids[0]}/{self.family}/{self.template}"


def has_grown(suggestion: Suggestion, answered_then: Iterable[str]) -> bool:
    """Whether incidents speak for the rule that did not when it was rejected."""
    return not set(suggestion.answers) <= set(answered_then)


@dataclass(frozen=True)
class _Candidate:
    pattern: PatternEvidence
    template: Template
    values: Mapping[str, Any]
    match: Mapping[str, Any]
    answers: tuple[MemberEvidence, ...]
    not_touched: tuple[str, ...]
    cannot_tell: tuple[str, ...]
    also: tuple[PatternEvidence, ...] = ()


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


def _uses(template: Template, name: str) -> bool:
    return any(f"${name}" == item.get("value") for items in template.match.values() for item in items)


def _enough(members: Sequence[MemberEvidence], settings: SuggestSettings) -> bool:
    if len(members) >= settings.min_incidents:
        return True
    grave = any(member.severity in settings.gravest for member in members)
    return grave and len(members) >= settings.min_with_gravest


def _members(pattern: PatternEvidence) -> tuple[MemberEvidence, ...]:
    unique = {member.id: member for member in pattern.members}
    return tuple(unique[name] for name in sorted(unique))


def _attempts(values: Mapping[str, Any], template: Template) -> Iterator[dict[str, Any]]:
    scoped = values["services"] if _uses(template, "services") else ()
    if scoped:
        yield {**values, "services": scoped}
    yield {**values, "services": ()}


def _candidate(
    pattern: PatternEvidence, template: Template, settings: SuggestSettings
) -> _Candidate | None:
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
            return _Candidate(
                pattern, template, values, match, answers,
                _with(verdicts, Truth.FALSE), _with(verdicts, Truth.UNKNOWN),
            )  # fmt: skip
    return None


def _with(verdicts: Mapping[str, Truth], truth: Truth) -> tuple[str, ...]:
    return tuple(name for name, verdict in verdicts.items() if verdict is truth)


def _rank(candidate: _Candidate) -> tuple[int, int, int, str]:
    """The most specific to the evidence first, then the strongest control, then the most answered."""
    template = candidate.template
    specific = sum("aiUnknown" not in need for need in template.needs)
    strength = catalogue.STRENGTHS.index(catalogue.family(template.family).strength)
    return (-specific, strength, -len(candidate.answers), template.id)


def _chosen(pattern: PatternEvidence, settings: SuggestSettings) -> list[_Candidate]:
    templates = [item for family in catalogue.families() for item in family.templates]
    tried = (_candidate(pattern, template, settings) for template in templates)
    best: dict[str, _Candidate] = {}
    for candidate in sorted((item for item in tried if item), key=_rank):
        best.setdefault(candidate.template.family, candidate)
    return list(best.values())[: settings.max_per_pattern]


def _merged(candidates: Iterable[_Candidate]) -> list[_Candidate]:
    """One rule body, one suggestion: patterns that call for the same rule share it."""
    by_body: dict[str, _Candidate] = {}
    for candidate in candidates:
        body = identity({"spec": _spec(candidate)})
        first = by_body.get(body)
        by_body[body] = _joined(first, candidate) if first else candidate
    return list(by_body.values())


def _joined(first: _Candidate, other: _Candidate) -> _Candidate:
    answers = {member.id: member for member in (*first.answers, *other.answers)}
    rest = sorted({*first.not_touched, *other.not_touched} - set(answers))
    unclear = sorted({*first.cannot_tell, *other.cannot_tell} - set(answers) - set(rest))
    members = tuple(answers[name] for name in sorted(answers))
    return replace(
        first, answers=members, not_touched=tuple(rest), cannot_tell=tuple(unclear),
        also=(*first.also, other.pattern),
    )  # fmt: skip


def _one_line(text: str, most: int = 120) -> str:
    clean = re.sub(r"[\x00-\x20\x7f-\xa0\u2028-\u202f\u2066-\u2069\ud800-\udfff]+", " ", text).strip()
    return clean if len(clean) <= most else clean[: most - 1].rstrip() + "…"


def _said(candidate: _Candidate) -> dict[str, str]:
    total = len(candidate.answers) + len(candidate.not_touched) + len(candidate.cannot_tell)
    counts = {"n": str(len(candidate.answers)), "of": str(total)}
    name = _one_line(candidate.pattern.name, 80).replace("{", "(").replace("}", ")")
    return {**catalogue.words(candidate.values), **counts, "pattern": name}


def _spec(candidate: _Candidate) -> dict[str, Any]:
    template = candidate.template
    spec = {
        "mode": "audit",
        "severity": template.severity,
        "subject": template.subject,
        "rationale": catalogue.filled_text(template.rationale, _said(candidate)),
        "match": dict(candidate.match),
        "require": [dict(item) for item in template.require],
    }
    if template.semgrep:
        spec["targets"] = {"semgrep": list(template.semgrep)}
    return spec


def _word(candidate: _Candidate, settings: SuggestSettings) -> Word:
    n = len(candidate.answers)
    if n < settings.min_incidents:
        return "thin"
    stability = candidate.pattern.stability
    steady = stability is not None and stability >= settings.stable_from
    confirmed = 2 * sum(member.unconfirmed for member in candidate.answers) <= n
    return "firm" if n >= settings.firm_from and steady and confirmed else "fair"


def _metadata(
    candidate: _Candidate, body: str, now: datetime, settings: SuggestSettings
) -> dict[str, Any]:
    template = candidate.template
    title = _one_line(catalogue.filled_text(template.title, _said(candidate)))
    return {
        "id": f"gr-{template.id}-{body.removeprefix('sha256:')[:8]}",
        "uid": str(uuid.uuid5(NAMESPACE, f"{template.id}/{body}")),
        "version": "0.1.0",
        "title": title,
        "family": template.family,
        "template": template.id,
        "status": "proposed",
        "owner": {"team": settings.owner_team},
        "created": now.date().isoformat(),
        "reviewBy": (now.date() + timedelta(days=settings.review_days)).isoformat(),
    }


def _interval(n: int, of: int) -> tuple[float, float]:
    from mining.stats import wilson

    low, high = wilson(n, of)
    return (round(float(low), 3), round(float(high), 3))


def _evidence(candidate: _Candidate, word: Word) -> dict[str, Any]:
    pattern = candidate.pattern
    n = len(candidate.answers)
    of = n + len(candidate.not_touched) + len(candidate.cannot_tell)
    cluster: dict[str, Any] = {
        "id": pattern.pattern_id, "run": pattern.run, "label": _one_line(pattern.name) or "unnamed"
    }  # fmt: skip
    if pattern.stability is not None:
        cluster["stability"] = round(pattern.stability, 3)
    return {
        "cluster": cluster,
        "incidents": [member.id for member in candidate.answers],
        "notTouched": list(candidate.not_touched),
        "cannotTell": list(candidate.cannot_tell),
        "unconfirmed": sum(member.unconfirmed for member in candidate.answers),
        "counterfactual": catalogue.filled_text(candidate.template.question, _said(candidate)),
        "strength": word,
        "answered": {"n": n, "of": of, "interval95": list(_interval(n, of))},
        "stats": {"state": "not_estimable", "reason": "no-ledger"},
    }


def _document(
    candidate: _Candidate, word: Word, now: datetime, settings: SuggestSettings
) -> dict[str, Any]:
    spec = _spec(candidate)
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": _metadata(candidate, identity({"spec": spec}), now, settings),
        "spec": spec,
        "evidence": _evidence(candidate, word),
    }


def _reasons(candidate: _Candidate) -> tuple[str, ...]:
    template, pattern = candidate.template, candidate.pattern
    causes = ", ".join(cause for cause in pattern.causes if cause in template.causes)
    said = [f"contributing causes that call for it: {causes}"]
    if candidate.values["services"] and _uses(template, "services"):
        said.append("services that recur: " + ", ".join(candidate.values["services"]))
    shaky = sum(member.unconfirmed for member in candidate.answers)
    if shaky:
        said.append(f"{shaky} of {len(candidate.answers)} rest on unconfirmed records")
    if candidate.also:
        said.append("also called for by: " + ", ".join(p.pattern_id for p in candidate.also))
    said.append("it cannot: " + catalogue.family(template.family).cannot)
    return tuple(said)


def _why(candidate: _Candidate, of: int, interval: tuple[float, float]) -> str:
    n = len(candidate.answers)
    low, high = (round(100 * value) for value in interval)
    return (
        f"{n} of {of} incidents are of the kind this rule asks about (95 % interval {low} to "
        f"{high} %); {len(candidate.not_touched)} it would not have touched, "
        f"{len(candidate.cannot_tell)} cannot be told."
    )


def _suggestion(
    candidate: _Candidate, ledger: Sequence[Mapping[str, Any]] | None, now: datetime,
    settings: SuggestSettings, comparisons: int,
) -> Suggestion:  # fmt: skip
    word = _word(candidate, settings)
    document = _document(candidate, word, now, settings)
    if ledger is not None:
        from mining.policy.backtest import exposure

        document["evidence"]["stats"] = exposure(document, ledger, now, comparisons=comparisons)
    evidence, answered = document["evidence"], document["evidence"]["answered"]
    interval = (answered["interval95"][0], answered["interval95"][1])
    return Suggestion(
        family=candidate.template.family,
        template=candidate.template.id,
        title=document["metadata"]["title"],
        document=document,
        answers=tuple(evidence["incidents"]),
        not_touched=candidate.not_touched,
        cannot_tell=candidate.cannot_tell,
        counterfactual=evidence["counterfactual"],
        n=answered["n"],
        of=answered["of"],
        interval=interval,
        strength=word,
        control_strength=catalogue.family(candidate.template.family).strength,
        why=_why(candidate, answered["of"], interval),
        reasons=_reasons(candidate),
        pattern_ids=(candidate.pattern.pattern_id, *(p.pattern_id for p in candidate.also)),
    )


def suggest(
    patterns: Sequence[PatternEvidence],
    ledger: Sequence[Mapping[str, Any]] | None = None,
    *,
    now: datetime,
    settings: SuggestSettings | None = None,
) -> list[Suggestion]:
    """Proposed rules for the patterns, sorted by document id; often none.

    Each document is ``status: proposed``, ``mode: audit`` and valid. The result depends on the
    arguments only, not on their order; the same rule called for by two patterns comes once, with
    the incidents of both. Without a ledger of changes the statistics say ``no-ledger``.
    """
    settings = settings or SuggestSettings()
    ordered = sorted(patterns, key=lambda pattern: pattern.pattern_id)
    chosen = _merged(item for pattern in ordered for item in _chosen(pattern, settings))
    found = [_suggestion(item, ledger, now, settings, len(chosen)) for item in chosen]
    return sorted(found, key=lambda item: str(item.document["metadata"]["id"]))
