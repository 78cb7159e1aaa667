"""The history: every kept text, and what differs between two of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby

from flask import render_template, request

from rca.domain.access import Permission
from rca.domain.compare import Difference, differences
from rca.domain.labels import SECTION_HEADINGS
from rca.domain.vocabulary import RevisionKind, Section
from rca.errors import NotFound
from rca.services import reading as postmortems
from rca.services.visibility import find_postmortem
from rca.web.access import allow
from rca.web.context import reading, viewer
from rca.web.postmortems import blueprint

SITTING = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Sitting:
    """Edits that one account saved close together, newest first; other kinds stand alone."""

    revisions: tuple[postmortems.RevisionView, ...]
    before: int | None

    @property
    def newest(self) -> postmortems.RevisionView:
        """The last text of the sitting."""
        return self.revisions[0]


def sittings(revisions: Iterable[postmortems.RevisionView]) -> list[Sitting]:
    """Autosave keeps many revisions; a reader wants one line per sitting."""
    grouped: list[list[postmortems.RevisionView]] = []
    for revision in revisions:
        last = grouped[-1][-1] if grouped else None
        joins = (
            last is not None
            and last.kind is RevisionKind.EDIT
            and revision.kind is RevisionKind.EDIT
            and last.actor == revision.actor
            and last.created_at - revision.created_at < SITTING
        )
        if joins:
            grouped[-1].append(revision)
        else:
            grouped.append([revision])
    kept = [number for group in grouped for number in [r.number for r in group]]
    return [Sitting(tuple(group), _before(group[-1].number, kept)) for group in grouped]


def _before(number: int, kept: Iterable[int]) -> int | None:
    return max((other for other in kept if other < number), default=None)


@blueprint.get("/postmortems/<reference>/history")
@allow(Permission.READ)
def history(reference: str) -> str:
    """All revisions, newest first."""
    with reading() as session:
        view = postmortems.view(session, viewer=viewer(), reference=reference)
    return render_template(
        "postmortems/history.html", view=view, sittings=sittings(view.revisions), here="postmortems"
    )


def _number(name: str) -> int:
    text = request.args.get(name, "")
    if not text.isdigit() or len(text) > 9:
        raise NotFound("Choose two revisions to compare.")
    return int(text)


@blueprint.get("/postmortems/<reference>/compare")
@allow(Permission.READ)
def compare(reference: str) -> str:
    """What changed between two revisions, field by field."""
    old, new = _number("from"), _number("to")
    with reading() as session:
        view = postmortems.view(session, viewer=viewer(), reference=reference)
        row = find_postmortem(session, viewer(), reference)
        texts = [postmortems.revision_content(session, row, number) for number in (old, new)]
    found = differences(texts[0], texts[1])
    return render_template(
        "postmortems/compare.html",
        view=view,
        old=_of(view, old),
        new=_of(view, new),
        groups=_by_section(found),
        count=len(found),
        here="postmortems",
    )


def _of(view: postmortems.PostmortemView, number: int) -> postmortems.RevisionView:
    return next(revision for revision in view.revisions if revision.number == number)


def _by_section(found: Iterable[Difference]) -> list[tuple[str, list[Difference]]]:
    def section(item: Difference) -> Section:
        return item.section

    return [(SECTION_HEADINGS[key], list(items)) for key, items in groupby(found, key=section)]
