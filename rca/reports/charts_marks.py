"""What every kind of chart is made with: the colours of print, and altair in short words.

Colours stand as attributes in print values that survive greyscale; the page's style sheet maps
them to its own tokens, so that dark mode needs no second drawing.
"""

from collections.abc import Sequence
from typing import Any

from rca.reports.charts_size import NAMES, wide

INK, INK_2, LINE, GRID = "#15201e", "#43504d", "#818d88", "#e1e5e0"
PETROL, PETROL_2, GREY, PALE, BAND = "#0a5a60", "#5d9a9b", "#aab3ae", "#d5dad6", "#dcebea"
WHITE = "#ffffff"


def data(rows: Sequence[dict[str, Any]]) -> Any:
    """Rows as altair takes them."""
    import altair as alt

    made: Any = alt.Data
    return made(values=list(rows))


def either(channel: Any, test: str, yes: Any, no: Any) -> Any:
    """One value where the test holds, another elsewhere. Altair's own ``condition`` reads the
    whole schema at each call.
    """
    return channel(no, condition={"test": test, "value": yes})


def name_axis(rows: Sequence[dict[str, Any]], limit: int = NAMES - 9, key: str = "label") -> Any:
    """The axis of names. The engine only measures and cuts them when one may be too long, for
    measuring is what it takes longest for.
    """
    import altair as alt

    cut = limit if any(wide(str(row[key])) > limit for row in rows) else 0
    return alt.Axis(domain=False, ticks=False, labelPadding=9, labelLimit=cut, labelOverlap=False)
