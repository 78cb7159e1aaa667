"""The newest run's themes, as pages read them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from rca.services.causes import cause_name
from rca.services.pattern_values import RunView
from rca.services.patterns import newest_result, open_references, titles_of


@dataclass(frozen=True, slots=True)
class ThemeView:
    """A theme over all organisations: a cause, and the words that its incidents share."""

    name: str
    words: str
    cause_id: str
    cause: str
    size: int
    organisations: int
    stability: float
    exemplars: tuple[tuple[str, str], ...]
    quotes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ThemesPage:
    """Themes of the newest run, with what was hidden and why there may be none."""

    run: RunView | None
    rows: tuple[ThemeView, ...]
    hidden: int
    rest: int
    reason: str


def list_themes(session: Session) -> ThemesPage:
    """Themes with their open members; one that lost all but two to restriction is not shown."""
    run, result = newest_result(session)
    themes: Mapping[str, Any] = result.get("themes", {})
    rows = themes.get("rows", [])
    members = sorted({i for row in rows for i in row["members"]})
    titles = titles_of(session, open_references(session, members))
    return ThemesPage(
        run=run,
        rows=tuple(view for row in rows if (view := _theme(row, titles)).size >= 3),
        hidden=int(themes.get("hidden", 0)),
        rest=int(themes.get("rest", 0)),
        reason=str(themes.get("reason", "")),
    )


def _theme(row: Mapping[str, Any], titles: Mapping[str, str]) -> ThemeView:
    shown = [i for i in row["members"] if i in titles]
    pairs = zip(row["exemplars"], row["quotes"], strict=False)
    return ThemeView(
        name=row["name"],
        words=row["name"].partition(": ")[2],
        cause_id=row["cause"],
        cause=cause_name(row["cause"]),
        size=len(shown),
        organisations=row["organisations"],
        stability=row["stability"],
        exemplars=tuple((i, titles[i]) for i in row["exemplars"] if i in titles),
        quotes=tuple(quote.replace("`", "") for i, quote in pairs if i in titles),
    )
