"""Case-control over matched sets: who is compared with whom, and what may be said of it."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from mining.exposure import ExposedChange, Exposure
from mining.matched import DatedChange, analyse_matched, match

START = datetime(2026, 3, 1, tzinfo=UTC)


def change(
    name: str,
    *,
    outcome: bool | None = False,
    exposure: Exposure = "unknown",
    service: str = "checkout",
    lines: int | None = 20,
    day: float = 0,
) -> DatedChange:
    made = ExposedChange(name, exposure, outcome, service=service, lines=lines)
    return DatedChange(made, START + timedelta(days=day))


def test_controls_share_service_size_and_fortnight() -> None:
    case = change("case", outcome=True)
    others = [
        change("like it", day=13.9),
        change("too late", day=14.1),
        change("too early", day=-14.1),
        change("elsewhere", service="search"),
        change("larger", lines=5_000),
        change("size unknown", lines=None),
        change("pending", outcome=None),
        change("review only", exposure="excluded"),
        change("another case", outcome=True, day=40),
    ]
    sets = {found[0].id: [one.id for one in found[1]] for found in match([case, *others])}
    assert sets == {"case": ["like it"], "another case": []}


def test_controls_are_drawn_by_lot_whatever_their_labels() -> None:
    controls = [change(f"c{n}", day=n / 10) for n in range(30)]
    labelled = [
        DatedChange(ExposedChange(one.change.id, "evidenced", False, service="checkout", lines=20),
                    one.at)
        for one in controls
    ]  # fmt: skip
    case = change("case", outcome=True)
    first, second = match([case, *controls])[0][1], match([*reversed(labelled), case])[0][1]
    assert [one.id for one in first] == [one.id for one in second]
    assert len(first) == 4


def test_a_planted_effect_is_found_and_its_absence_is_not() -> None:
    def ledger(risk_with: float, risk_without: float) -> list[DatedChange]:
        rng = random.Random(11)
        found = []
        for n in range(6_000):
            with_ai = rng.random() < 0.3
            happened = rng.random() < (risk_with if with_ai else risk_without)
            exposure: Exposure = "evidenced" if with_ai else "unknown"
            found.append(change(f"c{n}", outcome=happened, exposure=exposure, day=n / 100))
        return found

    planted = analyse_matched(ledger(0.09, 0.03), definition={})
    assert planted.estimate.words == "associated with more"
    assert planted.estimate.ratio == pytest.approx(3.2, rel=0.25)
    assert "not a risk ratio" in planted.sentence
    nothing = analyse_matched(ledger(0.04, 0.04), definition={})
    assert nothing.estimate.words == "cannot distinguish"


def test_nothing_is_said_without_cases_or_under_five_events() -> None:
    empty = analyse_matched([change("a"), change("b", exposure="evidenced")], definition={})
    assert empty.estimate.ratio is None
    assert empty.sentence.startswith("No estimate")
    few = [change(f"x{n}", outcome=True, exposure="evidenced", day=n * 60) for n in range(3)]
    few += [change("y", outcome=True, day=400), change("z", exposure="evidenced", day=400)]
    few += [change(f"k{n}", day=n * 60) for n in range(3)]
    report = analyse_matched(few, definition={"unit": "a change"})
    assert report.estimate.words == "cannot distinguish"
    assert report.estimate.reason == "under 5 events in an arm"
    assert (report.cases, report.unmatched, report.controls) == (4, 0, 4)
    assert report.cases_unknown == 1
    assert report.as_dict()["definition"]["unit"] == "a change"
