"""Which reader names leading causes, and the comparison that settled it: told in plain words."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

LEAST_LABELS = 100
ABOVE_CHANCE = 0.05


@dataclass(frozen=True, slots=True)
class Takeover:
    """Which reader names leading causes, and the comparison that settled it.

    ``state`` is ``too_few`` (under :data:`LEAST_LABELS` confirmed labels: not compared), ``kept``
    (compared, the scorer stays) or ``learned``. ``scorer`` and ``learned`` are the mean shares of
    right names per class, out of fold; ``low`` to ``high`` is the interval of their difference.
    ``at_least`` is the low end of the model's own share, which has to lie :data:`ABOVE_CHANCE` over
    one in ``classes``: where the scorer says nothing at all, guessing would beat it.
    """

    state: str
    labels: int
    classes: int = 0
    scorer: float | None = None
    learned: float | None = None
    low: float | None = None
    high: float | None = None
    at_least: float | None = None

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def words_of(found: Mapping[str, Any]) -> str:
    """Which reader is at work and why, as a sentence for people, from :meth:`Takeover.document`."""
    labels = int(found["labels"])
    if found["state"] == "too_few":
        return (
            "Causes that no author chose are read by the taxonomy’s wording, without any learning. "
            f"{labels} of {LEAST_LABELS} confirmed causes are there from which a learned model "
            "could be tried."
        )
    measured = (
        f"On {labels} confirmed causes of {found['classes']} classes, each named without having "
        f"been seen, the learned model named {found['learned']:.0%} right and the taxonomy’s "
        f"wording {found['scorer']:.0%}, every class counted alike (difference "
        f"{_points(found['low'])} to {_points(found['high'])} points, 99%)."
    )
    if found["state"] == "learned":
        return f"A learned model names the leading cause where no author did. {measured}"
    return f"The taxonomy’s wording names causes where no author did. {measured}"


def _points(share: float) -> str:
    return f"{100 * share:+.0f}".replace("-", "−")
