"""Page one: the verdict, four tiles, what to decide, what got better, what to discuss."""

from collections.abc import Sequence
from datetime import date, timedelta

from mining import stats
from rca.domain.text import quoted
from rca.domain.vocabulary import DetectionMethod, GuardrailDecision, Verification
from rca.reports import words
from rca.reports.value import Coverage, Decision, Discussion, PatternCard, Tile
from rca.services.quarter.appendix import restricted_words
from rca.services.quarter.compare import GRAVE, Findings, customer_first, limits
from rca.services.quarter.follow import due_in, finished_in_time
from rca.services.quarter.guards import GuardrailFact
from rca.services.quarter.records import ActionFact, Incident, Window
from rca.services.quarter.volume import severity_word

_QUIET = 3
"""Incidents that a pattern needs in earlier quarters before its absence is worth a word."""


def coverage(now: Window) -> Coverage:
    """How complete the quarter is, and the word of confidence that follows from it."""
    n, known = len(now.incidents), max(now.known, len(now.incidents))
    share = n / known if known else 0.0
    if n >= 30 and share >= 0.9:
        confidence = "High"
    elif n >= 10 and share >= 0.7:
        confidence = "Moderate"
    else:
        confidence = "Low"
    return Coverage(
        published=n,
        known=known,
        not_required=now.not_required,
        unconfirmed=now.unconfirmed,
        restricted=restricted_words(now.restricted),
        confidence=confidence,
        under_way=now.under_way,
    )


_RELIABILITY = {
    "incidents": ("more incidents", "fewer incidents"),
    "grave": ("more grave incidents", "fewer grave incidents"),
    "mitigate": ("mitigation took longer", "mitigation was quicker"),
    "detect": ("detection took longer", "detection was quicker"),
    "customer": ("customers found more of them first", "customers found fewer of them first"),
}
_FOLLOWING = {
    "in_time": ("more actions were finished in time", "fewer actions were finished in time"),
    "published": ("more was published in time", "less was published in time"),
}


def headline(now: Window, before: Window, findings: Findings) -> str:
    """One sentence: what may be said to have changed, or that no change can be told."""
    if not now.incidents:
        return f"No incident of {now.period} is published yet."
    if not before.incidents:
        count = words.plural(len(now.incidents), "incident")
        return f"{count} published, with no earlier {now.noun} to compare with."
    changed = [
        up if findings.verdicts[name].up else down
        for name, (up, down) in (_RELIABILITY | _FOLLOWING).items()
        if findings.changed(name)
    ]
    if not changed:
        return f"No change in reliability can be told from {before.period}."
    first = words.listed(changed)
    text = f"{first[0].upper()}{first[1:]} than in {before.period}."
    return (
        text
        if any(findings.changed(n) for n in _RELIABILITY)
        else (f"{text} No change in reliability itself can be told.")
    )


def lede(now: Window, cover: Coverage, cards: Sequence[PatternCard]) -> str:
    """Confidence and coverage, then the pattern that recurred most."""
    state = f" The {now.noun} is still under way." if now.under_way else ""
    text = f"{cover.confidence} confidence, from {cover.published} of {cover.known} incidents."
    text += state
    if cards:
        top = cards[0]
        guardrail = top.guardrail or "none suggested"
        text += (
            f" What recurred most: {words.in_sentence(top.name)}; {top.here} this {now.noun} "
            f"and {top.whole} in all. Guardrail: {guardrail.lower()}."
        )
    return text


# Tiles


def tiles(
    now: Window, before: Window, actions: Sequence[ActionFact], findings: Findings, *, seed: int
) -> tuple[Tile, ...]:
    """Incidents, time to mitigate, found by a customer, actions in time."""
    return (
        _incidents(now, before, findings),
        _mitigate(now, before, findings, seed),
        _share_tile("Found by a customer first", "customer", customer_first(now),
                    customer_first(before), findings),
        _share_tile("Actions finished in time", "in_time", finished_in_time(due_in(actions, now)),
                    finished_in_time(due_in(actions, before)), findings),
    )  # fmt: skip


def _incidents(now: Window, before: Window, findings: Findings) -> Tile:
    n = len(now.incidents)
    interval = stats.poisson_rate(n)
    top = max(interval.high or 1, len(before.incidents)) * 1.15
    found = findings.comparisons["incidents"]
    ratio = (
        f"ratio {found.effect:.2f}, 95% {limits(found)[1:-1]}"
        if found.effect is not None
        else f"95% {interval.low or 0:.0f}–{interval.high or 0:.0f}"
    )
    return Tile(
        "Incidents",
        str(n),
        f"was {len(before.incidents)}",
        n,
        interval.low,
        interval.high,
        len(before.incidents),
        top,
        ratio,
        findings.say("incidents"),
        findings.changed("incidents"),
    )


def _mitigate(now: Window, before: Window, findings: Findings, seed: int) -> Tile:
    found = stats.median_interval(now.minutes("mitigate"), seed=seed)
    earlier = stats.median_interval(before.minutes("mitigate"), seed=seed).value
    n = f"n = {found.n}"
    if found.low is not None:
        n += f", 95% {words.minutes(found.low)} to {words.minutes(found.high)}"
    return Tile(
        "Median time to mitigate",
        words.minutes(found.value),
        f"was {words.minutes(earlier)}" if earlier is not None else "no earlier value",
        found.value,
        found.low,
        found.high,
        earlier,
        max(found.high or found.value or 1, earlier or 0) * 1.15,
        n,
        findings.say("mitigate"),
        findings.changed("mitigate"),
    )


def _share_tile(
    name: str, key: str, here: tuple[int, int], there: tuple[int, int], findings: Findings
) -> Tile:
    part = stats.share(*here)
    earlier = there[0] / there[1] if there[1] else None
    was = f"was {there[0]} of {there[1]}" if there[1] else "no earlier value"
    small = part.small or part.value is None
    interval = (
        "interval not estimable"
        if part.low is None
        else f"95% {100 * part.low:.0f}–{100 * (part.high or 0):.0f}%"
    )
    return Tile(
        name,
        part.fraction if small else words.percent(part.value),
        "" if small else part.fraction,
        part.value,
        part.low,
        part.high,
        earlier,
        1.0,
        f"{interval}, {was}",
        findings.say(key),
        findings.changed(key),
    )


# Decisions, good news, agenda


def decisions(
    cards: Sequence[PatternCard], facts: Sequence[GuardrailFact],
    actions: Sequence[ActionFact], now: Window, as_of: date,
) -> tuple[Decision, ...]:  # fmt: skip
    """What the records themselves ask for; people edit this before the review is frozen."""
    by = _decide_by(now, as_of)
    found = []
    rank = {card.id: place for place, card in enumerate(cards)}
    open_ones = [
        f for f in facts if f.decision == GuardrailDecision.PROPOSED.value and f.pattern_id in rank
    ]
    asked: set[str] = set()
    for fact in sorted(open_ones, key=lambda f: (rank[f.pattern_id or ""], -f.answers, f.title)):
        if fact.pattern_id in asked or len(asked) == 3:
            continue
        asked.add(fact.pattern_id or "")
        card = cards[rank[fact.pattern_id or ""]]
        found.append(
            Decision(
                f"Accept, change or reject the guardrail {quoted(fact.title)}.",
                f"It answers {words.plural(fact.answers, 'incident')} of the pattern "
                f"{words.in_sentence(card.name)}.",
                by=by,
            )
        )
    late = [
        a
        for a in actions
        if a.due and a.done_at is None and a.status in ("open", "in_progress", "blocked")
        and (now.until - a.due).days > 90
    ]  # fmt: skip
    if late:
        found[2:] = []
        found.append(
            Decision(
                f"Fund or decline {words.plural(len(late), 'action')} overdue by more than "
                "90 days.",
                "The oldest: {0.title} ({0.reference}).".format(
                    min(late, key=lambda a: a.due or now.until)
                ),
                by=by,
            )
        )
    return tuple(found[:3])


def _decide_by(now: Window, as_of: date) -> str:
    """A month after the period, and never less than a fortnight from the day of reading."""
    month = (now.period.end + timedelta(days=29)).date()
    return max(month, as_of + timedelta(days=14)).isoformat()


def better(
    cards: Sequence[PatternCard], actions: Sequence[ActionFact], now: Window
) -> tuple[tuple[str, str], ...]:
    """Patterns that went quiet after finished work, and actions seen to work this quarter."""
    found = []
    for card in cards:
        earlier = card.whole - card.here
        if card.here == 0 and earlier >= _QUIET and (card.actions_done or card.guardrail):
            found.append(
                (
                    card.name,
                    f"None this {now.noun} after {earlier} earlier; {card.actions_done} of "
                    f"{card.actions} actions are done. Consistent with that work; one {now.noun} "
                    f"without an event leaves up to {stats.poisson_rate(0).high or 0:.0f} a "
                    f"{now.noun} possible.",
                )
            )
    start, end = now.period.start.date(), now.until.date()
    for action in actions:
        on = action.verified_on
        if (
            action.verified == Verification.EFFECTIVE
            and isinstance(on, date)
            and start <= on <= end
        ):
            found.append((action.title, f"Checked and effective, from {action.reference}."))
    return tuple(found[:3])


AGENDA_RULE = (
    "Chosen by rule: SEV-1, then grave ones whose pattern recurred, then the two that a customer "
    "found after the longest time; five at most."
)


def agenda(now: Window, members: dict[str, tuple[str, ...]]) -> tuple[Discussion, ...]:
    """Incidents worth the meeting, by rule: grave ones, those whose pattern recurred, those that
    a customer found after the longest time. At most five.
    """
    chosen: dict[str, Discussion] = {}

    def choose(incident: Incident, why: str) -> None:
        chosen.setdefault(
            incident.reference,
            Discussion(incident.reference, incident.title, severity_word(incident.severity), why),
        )

    for incident in now.incidents:
        if incident.severity is GRAVE[0]:
            choose(incident, "SEV-1")
    for incident in now.incidents:
        if incident.reference in members and incident.severity in GRAVE:
            choose(incident, f"Recurs: {words.in_sentence(members[incident.reference][0])}")
    late = [
        (m, i)
        for i in now.incidents
        if i.content.detection_method is DetectionMethod.CUSTOMER_REPORT
        and (m := i.minutes("detect")) is not None
    ]
    for span, incident in sorted(late, key=lambda pair: (-pair[0], pair[1].reference))[:2]:
        choose(incident, f"A customer found it after {words.minutes(span)}")
    return tuple(chosen.values())[:5]


def in_full(now: Window) -> str:
    """The incident to read whole: the one whose record holds most, graver ones first."""

    def weight(incident: Incident) -> tuple[int, int, str]:
        content = incident.content
        held = len(content.timeline) + 3 * len(content.factors) + 2 * len(content.notes)
        return (incident.severity in GRAVE, held, incident.reference)

    return max(now.incidents, key=weight).reference if now.incidents else ""
