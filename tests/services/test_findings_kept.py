"""Findings of stored postmortems: every question of the form, and what is not known beside it."""

from datetime import datetime

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from mining.answers import DIMENSIONS
from rca.domain.postmortem import PostmortemContent
from rca.services.findings import FindingsPage, list_findings
from rca.services.mining import mine_now
from rca.services.mining_corpus import gravest_tier, read_corpus
from rca.store import tables as t
from rca.store.engine import reading, writing
from tests.people import make_people
from tests.services.test_mining_runs import publish

_TIERS = {"orders": 0, "basket": 1, "stock": 2, "search": None}
_ENDS = ("We rolled the release back.", "The pods were restarted.", "It went away by itself.")
_ROLES = ("enabled", "triggered", "amplified", "hid")


def content(number: int) -> PostmortemContent:
    """One of the certificate incidents when even, of the disk incidents when odd."""
    expired = number % 2 == 0
    told = "The certificate expired." if expired else "A disk failed in a server."
    factor = {"statement": "A condition", "role": _ROLES[number % 4 // 2 * 2 + expired]}
    asked = {"surface": "code", "state": ("reported", "attested_none", "unknown")[number % 3]}
    return PostmortemContent(
        title=f"Incident {number}",
        summary=told,
        response=_ENDS[number % 3],
        severity=f"SEV{1 + number % 3}",
        services=[list(_TIERS)[number % 4]],
        trigger=("binary_push", "capacity", "unknown")[number % 3],
        detection_method="customer_report" if expired else "alert_slo",
        detection_gap=("no_monitor", "none")[number % 2],
        factors=[factor],
        ai_influences=[asked] if number % 5 else [],
    )


def catalogue(session: Session) -> None:
    for name, tier in _TIERS.items():
        session.add(t.Service(name=name.title(), tier=tier))


@pytest.fixture
def mined(engine: Engine, now: datetime) -> Engine:
    with writing(engine) as session:
        people = make_people(session, now)
        catalogue(session)
        for number in range(30):
            publish(session, people, content(number), now)
    mine_now(engine, now=now)
    return engine


_PAGES: dict[str, FindingsPage] = {}


@pytest.fixture
def page(engine: Engine, request: pytest.FixtureRequest) -> FindingsPage:
    """Made once on each database: a frozen value."""
    name = engine.dialect.name
    if name not in _PAGES:
        with reading(request.getfixturevalue("mined")) as session:
            _PAGES[name] = list_findings(session)
    return _PAGES[name]


def test_every_question_of_the_form_takes_part(page: FindingsPage) -> None:
    made = {one.key: one.comparisons for one in page.questions}
    assert set(made) == set(DIMENSIONS)
    assert all(made.values()), made


def test_what_is_not_known_is_told_apart(page: FindingsPage) -> None:
    asked = {one.key: (one.answered, one.unknown, one.blank) for one in page.questions}
    assert asked["ai"] == (16, 8, 6)
    assert asked["trigger"] == (20, 10, 0)
    assert asked["mitigation"] == (20, 0, 10)
    assert asked["tier"][1] > 0  # a service whose tier the catalogue does not say


def test_an_association_is_supported_with_its_counts(page: FindingsPage) -> None:
    best = next(row for row in page.rows if "Customer report" in row.answer)
    assert best.verdict == "supported"
    assert (best.here, best.here_n, best.there, best.there_n) == (15, 15, 0, 15)


def test_one_question_can_be_asked_for(mined: Engine) -> None:
    with reading(mined) as session:
        tiers, page = list_findings(session, question="tier"), list_findings(session)
    assert tiers.rows
    assert {row.answer.split(":")[0] for row in tiers.rows} == {"Tier"}
    assert tiers.comparisons < page.comparisons


def test_what_holds_is_counted_over_every_comparison_and_not_over_the_kept(
    session: Session, now: datetime
) -> None:
    asked = {"answered": 30, "unknown": 0, "records": 30}
    tier = {"dimension": "tier", **asked, "comparisons": 900, "supported": 700, "suggestive": 50}
    ai = {"dimension": "ai", **asked, "comparisons": 90, "supported": 7, "suggestive": 5}
    result = {"comparisons": 990, "findings": [], "coverage": [tier, ai]}
    session.add(
        t.MiningRun(id="r", started_at=now, finished_at=now, data_digest="s", result=result)
    )
    session.flush()
    whole, one = list_findings(session), list_findings(session, question="ai")
    assert (whole.supported, whole.suggestive, whole.comparisons) == (707, 55, 990)
    assert (one.supported, one.suggestive, one.comparisons) == (7, 5, 90)
    assert list_findings(session, cause="dns").supported == 0


def test_no_service_is_more_critical_than_a_named_tier_unless_unknown() -> None:
    tiers = {"orders": 0, "stock": 2, "search": None}
    assert gravest_tier(["Stock"], tiers) == "2"
    assert gravest_tier(["stock", "orders"], tiers) == "0"
    assert gravest_tier(["orders", "search"], tiers) == "0"  # nothing can be more critical
    assert gravest_tier(["stock", "search"], tiers) == "unknown"
    assert gravest_tier(["elsewhere"], tiers) == "unknown"
    assert gravest_tier([], tiers) is None


def test_records_carry_the_answers_but_no_person(engine: Engine, now: datetime) -> None:
    with writing(engine) as session:
        catalogue(session)
        publish(session, make_people(session, now), content(1), now)
        record = read_corpus(session).records[0]
    assert record.fields == {
        "trigger": "capacity",
        "detection_method": "alert_slo",
        "detection_gap": "none",
        "tier": "1",
        "factor_role": "enabled",
    }
