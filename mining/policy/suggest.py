"""From recurring causes to parameterised rules.

A rule is suggested for a pattern when the catalogue has a template for its causes and enough of
its incidents are of the kind that the template answers: three, or two with one of the gravest
severity. What is not known of an incident never counts for a rule; such incidents are listed as
``cannot_tell``. No suggestion is a normal outcome.
"""

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from mining.policy import candidates, catalogue
from mining.policy.candidates import Candidate
from mining.policy.document import API_VERSION, KIND
from mining.policy.evidence import PatternEvidence, SuggestSettings

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "guardrails.rca")
Word = Literal["thin", "fair", "firm"]


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


def _one_line(text: str, most: int = 120) -> str:
    clean = re.sub(
        r"[\x00-\x20\x7f-\xa0\u2028-\u202f\u2066-\u2069\ud800-\udfff]+", " ", text
    ).strip()
    return clean if len(clean) <= most else clean[: most - 1].rstrip() + "…"


def _said(candidate: Candidate) -> dict[str, str]:
    total = len(candidate.answers) + len(candidate.not_touched) + len(candidate.cannot_tell)
    counts = {"n": str(len(candidate.answers)), "of": str(total)}
    names = [_one_line(pattern.name, 80) for pattern in (candidate.pattern, *candidate.also)]
    more = [f"and {len(names) - 2} more"] if names[2:] else []
    name = "; ".join([*names[:2], *more]).replace("{", "(").replace("}", ")")
    return {**catalogue.words(candidate.values), **counts, "pattern": name}


def _spec(candidate: Candidate) -> dict[str, Any]:
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


def _word(candidate: Candidate, settings: SuggestSettings) -> Word:
    n = len(candidate.answers)
    if n < settings.min_incidents:
        return "thin"
    stability = candidate.pattern.stability
    steady = stability is not None and stability >= settings.stable_from
    confirmed = 2 * sum(member.unconfirmed for member in candidate.answers) <= n
    return "firm" if n >= settings.firm_from and steady and confirmed else "fair"


def _metadata(
    candidate: Candidate, body: str, now: datetime, settings: SuggestSettings
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
    from mining.stats import share_interval

    low, high = share_interval(n, of)
    return (round(float(low), 3), round(float(high), 3))


def _evidence(candidate: Candidate, word: Word) -> dict[str, Any]:
    pattern = candidate.pattern
    n = len(candidate.answers)
    of = n + len(candidate.not_touched) + len(candidate.cannot_tell)
    sources = (pattern, *candidate.also)
    cluster: dict[str, Any] = {
        "id": ",".join(source.pattern_id for source in sources),
        "run": pattern.run,
        "label": _one_line("; ".join(source.name for source in sources)) or "unnamed",
    }
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
    candidate: Candidate, word: Word, now: datetime, settings: SuggestSettings
) -> dict[str, Any]:
    spec = _spec(candidate)
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": _metadata(candidate, candidate.body, now, settings),
        "spec": spec,
        "evidence": _evidence(candidate, word),
    }


def _reasons(candidate: Candidate) -> tuple[str, ...]:
    template, pattern = candidate.template, candidate.pattern
    causes = ", ".join(cause for cause in pattern.causes if cause in template.causes)
    said = [f"contributing causes that call for it: {causes}"]
    if candidate.values["services"] and candidates.uses(template, "services"):
        said.append("services that recur: " + ", ".join(candidate.values["services"]))
    shaky = sum(member.unconfirmed for member in candidate.answers)
    if shaky:
        said.append(f"{shaky} of {len(candidate.answers)} rest on unconfirmed records")
    if candidate.also:
        said.append("also called for by: " + ", ".join(p.pattern_id for p in candidate.also))
    said.append("it cannot: " + catalogue.family(template.family).cannot)
    return tuple(said)


def _why(candidate: Candidate, of: int, interval: tuple[float, float]) -> str:
    n = len(candidate.answers)
    low, high = (round(100 * value) for value in interval)
    return (
        f"{n} of {of} incidents are of the kind this rule asks about (95 % interval {low} to "
        f"{high} %); {len(candidate.not_touched)} it would not have touched, "
        f"{len(candidate.cannot_tell)} cannot be told."
    )


def _suggestion(
    candidate: Candidate, ledger: Sequence[Mapping[str, Any]] | None, now: datetime,
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
    picked = candidates.merged(
        item for pattern in ordered for item in candidates.chosen(pattern, settings)
    )
    found = [_suggestion(item, ledger, now, settings, len(picked)) for item in picked]
    return sorted(found, key=lambda item: str(item.document["metadata"]["id"]))
