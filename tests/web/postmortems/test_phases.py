"""The drawing of an incident's phases."""

import itertools

import pytest

from rca.domain.postmortem import PostmortemContent
from rca.web.postmortems.phases import EDGE, WIDTH, Drawing, draw
from tests.factories import rich

_MILESTONES = (
    "fault_introduced_at", "impact_started_at", "detected_at", "diagnosed_at", "mitigated_at",
    "impact_ended_at", "resolved_at",
)  # fmt: skip


def _content(clocks: list[str]) -> PostmortemContent:
    times = [
        {"milestone": milestone, "value": f"2026-08-{clock}", "source": "typed", "confirmed": True}
        for milestone, clock in zip(_MILESTONES[-len(clocks) :], clocks, strict=True)
    ]
    return rich(times=times)


def _spans(drawing: Drawing) -> list[tuple[float, float]]:
    """Where each tick's name stands, a letter being six units wide."""
    found = []
    for tick in drawing.ticks:
        width = 6 * len(tick.label)
        left = {"start": 0.0, "middle": width / 2, "end": float(width)}[tick.anchor]
        found.append((tick.x - left, tick.x - left + width))
    return found


@pytest.mark.parametrize(
    "clocks",
    [
        ["14 12:00", "15 07:50", "15 08:30", "15 08:45", "15 08:46", "15 08:47"],
        ["14 12:00", "14 12:01", "14 12:02", "14 12:03", "14 12:04", "15 20:00"],
        ["14 11:58", "14 12:00", "14 12:01", "14 12:02", "14 12:03", "14 12:04", "15 20:00"],
        ["14 11:00", "14 12:00", "14 13:00", "14 14:00", "14 15:00", "14 16:00", "14 17:00"],
    ],
)
def test_names_of_milestones_stand_apart_and_on_the_sheet(clocks: list[str]) -> None:
    drawing = draw(_content(clocks))
    assert drawing is not None
    spans = _spans(drawing)
    assert all(right < left for (_, right), (left, _) in itertools.pairwise(spans)), spans
    assert spans[0][0] >= 0
    assert spans[-1][1] <= WIDTH
    assert sum(bar.width for bar in drawing.bars) == pytest.approx(WIDTH - 2 * EDGE)


def test_phases_with_room_are_to_scale_and_longer_ones_are_never_drawn_shorter() -> None:
    even = draw(_content(["14 12:00", "14 13:00", "14 14:00", "14 15:00", "14 16:00"]))
    assert even is not None
    assert even.to_scale
    uneven = draw(_content(["14 12:00", "14 12:10", "14 13:00", "14 15:00", "14 15:01"]))
    assert uneven is not None
    assert not uneven.to_scale
    middle = [bar.width for bar in uneven.bars][1:-1]
    assert middle == sorted(middle)
