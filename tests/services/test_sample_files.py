"""The sample company reads, is varied, and keeps the product's own rules."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from mining.taxonomy import load as load_taxonomy
from rca.blameless import Reviewer
from rca.domain import ai
from rca.domain.lifecycle import unmet
from rca.domain.postmortem import AIInfluence, PostmortemContent
from rca.domain.quarters import quarter_of
from rca.domain.vocabulary import (
    ActionStatus,
    AIEffect,
    AIEvidenceBasis,
    AIPart,
    AIState,
    EstimateKind,
    Milestone,
    RecordKind,
    Severity,
    Status,
    TimePrecision,
    Verification,
    Visibility,
)
from rca.paths import sample_data_dir
from rca.services.sample_files import (
    SampleError,
    SamplePostmortem,
    parse,
    read_company,
    read_postmortems,
    read_when,
)

QUARTERS = ("2025-Q2", "2025-Q3", "2025-Q4", "2026-Q1", "2026-Q2", "2026-Q3")
DAY = date(2026, 3, 29)


@pytest.fixture(scope="module")
def items() -> tuple[SamplePostmortem, ...]:
    return read_postmortems()


@pytest.fixture(scope="module")
def published(items: tuple[SamplePostmortem, ...]) -> list[SamplePostmortem]:
    return [item for item in items if item.status is Status.PUBLISHED]


def quarter(content: PostmortemContent) -> str:
    mark = content.mark(Milestone.IMPACT_STARTED)
    if mark is None or mark.value is None:
        mark = content.mark(Milestone.DETECTED)
    return quarter_of(mark.value, mark.precision) if mark else "undated"


def influences(items: tuple[SamplePostmortem, ...]) -> Iterator[AIInfluence]:
    for item in items:
        yield from item.content.ai_influences


def test_it_reads_and_each_file_is_named_for_its_record(
    items: tuple[SamplePostmortem, ...],
) -> None:
    names = sorted(path.stem for path in (sample_data_dir() / "postmortems").glob("*.yaml"))
    assert [item.reference for item in items] == names
    assert len(items) >= 62


def test_every_quarter_has_records_and_no_severity_is_missing(
    items: tuple[SamplePostmortem, ...],
) -> None:
    quarters = Counter(quarter(item.content) for item in items)
    assert all(quarters[name] >= 8 for name in QUARTERS)
    severities = Counter(item.content.severity for item in items)
    assert all(severities[severity] >= 3 for severity in Severity)
    assert severities[None] >= 1


def test_kinds_statuses_and_visibility_vary(items: tuple[SamplePostmortem, ...]) -> None:
    kinds = Counter(item.content.record_kind for item in items)
    assert kinds[RecordKind.NEAR_MISS] >= 8
    assert kinds[RecordKind.DRILL] == 2
    statuses = {item.status for item in items}
    assert statuses >= {
        Status.DRAFT,
        Status.IN_REVIEW,
        Status.CHANGES_REQUESTED,
        Status.APPROVED,
        Status.PUBLISHED,
    }
    closed = [i for i in items if i.content.visibility is not Visibility.OPEN]
    assert len(closed) == 2
    assert all(len(item.content.participants) >= 3 for item in closed)


def test_records_are_uneven_as_real_ones_are(items: tuple[SamplePostmortem, ...]) -> None:
    lengths = sorted(len(item.content.timeline) for item in items)
    assert lengths[0] == 0
    assert lengths[-3] >= 20
    marks = [mark for item in items for mark in item.content.times]
    precisions = {mark.precision for mark in marks}
    assert {TimePrecision.APPROX, TimePrecision.UNKNOWN, TimePrecision.EXACT} <= precisions
    measures = {row.estimate for item in items for row in item.content.impact_measures}
    assert measures == set(EstimateKind)
    shaky = [i for i in items if any(not f.confirmed for f in i.content.factors)]
    assert len(shaky) >= 3


def test_recurrences_have_three_to_seven_members_over_several_quarters(
    items: tuple[SamplePostmortem, ...],
) -> None:
    groups: dict[str, list[SamplePostmortem]] = {}
    for item in items:
        if item.group:
            groups.setdefault(item.group, []).append(item)
    assert len(groups) >= 6
    for members in groups.values():
        assert 3 <= len(members) <= 7
        assert len({quarter(item.content) for item in members}) >= 3
    alone = [item for item in items if not item.group]
    assert len(alone) >= 25


def test_ai_answers_cover_what_a_newcomer_should_see(items: tuple[SamplePostmortem, ...]) -> None:
    said = Counter(ai.summarise(item.content.ai_influences) for item in items)
    assert said[ai.INFLUENCED] >= 12
    assert said[ai.SUSPECTED] >= 6
    assert said[ai.NONE] >= 20
    assert said[ai.UNKNOWN] >= 8
    rows = list(influences(items))
    states = Counter(row.state for row in rows)
    assert states[AIState.SUSPECTED] >= 8
    assert states[AIState.RULED_OUT] >= 3
    bases = {item.basis for row in rows for item in row.evidence}
    assert {
        AIEvidenceBasis.COMMIT_TRAILER,
        AIEvidenceBasis.PR_LABEL,
        AIEvidenceBasis.GIT_NOTE,
        AIEvidenceBasis.LOG,
    } <= bases


def test_ai_helped_misled_and_did_not_catch(items: tuple[SamplePostmortem, ...]) -> None:
    rows = list(influences(items))
    assert sum(row.effect is AIEffect.HELPED for row in rows) >= 2
    misled = [r for r in rows if r.part is AIPart.ADVISER and r.effect is AIEffect.CONTRIBUTED]
    assert misled
    assert all(row.evidence and row.conditions for row in misled)
    missed = [r for r in rows if r.part is AIPart.REVIEWER and r.effect is AIEffect.FAILED_TO_CATCH]
    assert missed
    assert any(len({claim.party for claim in row.claims}) >= 2 for row in rows)


def test_contributed_rests_on_evidence_and_a_condition(
    items: tuple[SamplePostmortem, ...],
) -> None:
    assert not [problem for row in influences(items) for problem in row.problems()]


def test_published_ones_meet_the_requirements_or_say_why_not(
    published: list[SamplePostmortem],
) -> None:
    for item in published:
        assert bool(unmet(item.content)) == bool(item.exception), item.reference
    assert sum(bool(item.exception) for item in published) <= 5


def test_those_in_review_or_later_meet_them_too(items: tuple[SamplePostmortem, ...]) -> None:
    sent = [i for i in items if i.status in (Status.IN_REVIEW, Status.APPROVED)]
    assert sent
    assert not [item.reference for item in sent if unmet(item.content)]


def test_actions_are_in_every_state_with_teams_and_reasons(
    items: tuple[SamplePostmortem, ...],
) -> None:
    actions = [action for item in items for action in item.content.actions]
    assert {action.status for action in actions} == set(ActionStatus)
    assert {action.verified for action in actions} == set(Verification)
    for action in actions:
        assert action.team, action.title
        if action.status is ActionStatus.WONT_DO:
            assert action.status_reason
            assert action.approver
        if action.status in (ActionStatus.SUPERSEDED, ActionStatus.BLOCKED):
            assert action.status_reason
    overdue = [a for a in actions if a.status is ActionStatus.OPEN and a.due and a.due < DAY]
    assert len(overdue) >= 3


def test_factor_classes_are_in_the_taxonomy(items: tuple[SamplePostmortem, ...]) -> None:
    known = {leaf.id for leaf in load_taxonomy().leaves} | {""}
    used = {factor.factor_class for item in items for factor in item.content.factors}
    assert used <= known
    assert len(used) >= 15


def test_links_point_at_records_and_services_that_exist(
    items: tuple[SamplePostmortem, ...],
) -> None:
    references = {item.reference for item in items}
    services = {row["name"] for row in read_company()["services"]}
    for item in items:
        assert {link.reference for link in item.content.related} <= references
        assert set(item.content.services) <= services
    linked = [f for item in items for f in item.content.factors if f.timeline_ids]
    answered = [a for item in items for a in item.content.actions if a.factor_ids]
    assert len(linked) > 80
    assert len(answered) > 80


def _texts(content: PostmortemContent) -> list[str]:
    texts = [content.title, content.tldr, content.summary, content.what_happened, content.response]
    texts += [row.text for row in content.timeline] + [row.statement for row in content.factors]
    texts += [row.text for row in content.notes] + [row.title for row in content.actions]
    for row in content.ai_influences:
        texts += [row.note, row.conditions_note, row.counterfactual]
    return texts


def test_language_is_blameless_except_in_drafts_left_for_the_reviewer(
    items: tuple[SamplePostmortem, ...],
) -> None:
    reviewer = Reviewer()
    found = {
        item.reference: sum(len(reviewer.review(text).findings) for text in _texts(item.content))
        for item in items
    }
    hinted = {reference for reference, count in found.items() if count}
    open_ones = {item.reference for item in items if item.status is not Status.PUBLISHED}
    assert hinted <= open_ones
    assert sum(found.values()) >= 5


def test_nothing_says_root_cause_or_caused_by_ai(items: tuple[SamplePostmortem, ...]) -> None:
    everything = "\n".join(text for item in items for text in _texts(item.content)).lower()
    assert "root cause" not in everything
    assert "caused by" not in everything


@pytest.mark.parametrize(
    ("text", "value", "precision"),
    [
        ("08:12", "2026-03-29T08:12:00+00:00", "minute"),
        ("08:12:30", "2026-03-29T08:12:30+00:00", "exact"),
        ("+1 02:10", "2026-03-30T02:10:00+00:00", "minute"),
        ("~-3 14:00", "2026-03-26T14:00:00+00:00", "approx"),
        ("2025-05", "2025-05-01", "month"),
        ("2025-05-06", "2025-05-06", "day"),
        ("~2025-05-06", "2025-05-06", "approx"),
        ("unknown", None, "unknown"),
    ],
)
def test_a_short_time_says_its_precision(text: str, value: str | None, precision: str) -> None:
    assert read_when(text, DAY) == (value, precision)


SHORT = """
reference: INC-2026-9001
status: published
day: 2026-03-29
published: 2026-03-29
author: jonas
content:
  title: Lamps are dark
  services: [catalogue]
  timeline:
  - 08:12 (detection, key, t1, by on-call engineer) Alert fires, later than it could have.
  factors:
  - f1 monitoring_gap hid tooling likely [t1] The alert counts lamps by day.
  measures: [users_affected 12/300 estimated | by hand]
  actions:
  - {title: Count lamps by hour, for: [f1], criterion: A dark hour pages}
"""


def test_short_rows_become_full_ones_with_the_same_ids_each_time() -> None:
    first, again = parse(SHORT), parse(SHORT)
    assert first == again
    entry, factor = first.content.timeline[0], first.content.factors[0]
    assert entry.at == datetime(2026, 3, 29, 8, 12, tzinfo=UTC)
    assert (entry.kind.value, entry.key) == ("detection", True)
    assert entry.actor_role == "on-call engineer"
    assert factor.timeline_ids == [entry.id]
    assert first.content.actions[0].factor_ids == [factor.id]
    measure = first.content.impact_measures[0]
    assert (measure.value, measure.denominator, measure.note) == (12, 300, "by hand")


def test_its_history_is_in_order_even_when_it_was_published_on_the_day() -> None:
    item = parse(SHORT)
    assert item.created < item.submitted < item.approved < item.published


@pytest.mark.parametrize(
    ("good", "wrong"),
    [
        ("(detection, key", "(detektion, key"),
        ("08:12 (", "8.12 ("),
        ("f1 monitoring_gap hid", "f1 monitoring_gap hidden"),
    ],
)
def test_a_wrong_row_is_said_with_its_record(good: str, wrong: str) -> None:
    with pytest.raises(SampleError, match="INC-2026-9001"):
        parse(SHORT.replace(good, wrong))
