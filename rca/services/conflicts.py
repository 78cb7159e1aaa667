"""Saving when somebody else saved first: merge what does not clash, show what does, keep both.

A page names the revision that it was filled from. What differs between that revision and the
page is the person's; what differs between it and the stored content is somebody else's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from rca.domain.access import Viewer
from rca.domain.merge import Choice, Merge, merge
from rca.domain.postmortem import PostmortemContent
from rca.domain.rebase import rebased
from rca.domain.sections import SECTION_FIELDS
from rca.domain.template import Template
from rca.domain.vocabulary import Section
from rca.errors import Conflict, Invalid, Problem
from rca.services import authoring, revisions, templates
from rca.services.visibility import find_postmortem
from rca.store.postmortems import load_content

ALL_FIELDS = tuple(name for fields in SECTION_FIELDS.values() for name in fields)


@dataclass(frozen=True, slots=True)
class Basis:
    """What a page was filled from, and what is stored now, with the stored versions."""

    content: PostmortemContent
    stored: PostmortemContent
    version: int
    section_versions: Mapping[str, int]
    revision: int


def basis(session: Session, *, viewer: Viewer, reference: str, revision: int | None) -> Basis:
    """The content of ``revision`` (of the one before it when autosave took its place), or what is
    stored when none is named.

    Raises NotFound when the postmortem is absent or hidden.
    """
    row = find_postmortem(session, viewer, reference)
    stored = load_content(session, row)
    found = None if revision is None else revisions.text_of(session, row.id, revision)
    return Basis(
        found or stored,
        stored,
        row.version,
        authoring.section_versions(session, row.id),
        authoring.latest_revision(session, row.id),
    )


def weigh(
    base: PostmortemContent,
    mine: PostmortemContent,
    theirs: PostmortemContent,
    *,
    fields: Sequence[str] = ALL_FIELDS,
    choices: Mapping[str, str] | None = None,
) -> Merge:
    """The three-way merge of ``fields``, over plain data."""
    sides = (side.model_dump(mode="json") for side in (base, mine, theirs))
    return merge(*sides, fields=fields, choices=choices)


def save_merged(
    session: Session,
    *,
    viewer: Viewer,
    reference: str,
    base: PostmortemContent,
    mine: PostmortemContent,
    base_version: int,
    choices: Mapping[str, str],
    now: datetime,
) -> authoring.Saved:
    """Store the merge of the whole form after a person chose.

    Raises Conflict when somebody saved once more, or a clash is still open.
    """
    row = find_postmortem(session, viewer, reference, lock=True)
    theirs = load_content(session, row)
    merged = weigh(base, mine, theirs, choices=choices)
    if row.version != base_version or merged.open:
        raise Conflict("There is still a choice to make.", current=theirs, version=row.version)
    content = authoring.parse_content({**theirs.model_dump(mode="json"), **merged.values})
    return authoring.save(
        session,
        viewer=viewer,
        reference=reference,
        content=content,
        base_version=base_version,
        now=now,
    )


def _heard_of(
    session: Session,
    owner: str,
    viewer: Viewer,
    section: Section,
    sides: tuple[PostmortemContent, PostmortemContent],
    number: int | None,
) -> PostmortemContent:
    """The base of a merge with what the page's own account stored since in it."""
    base, mine = sides
    fields = SECTION_FIELDS[section]
    saves = [
        ({name: old.get(name) for name in fields}, {name: new.get(name) for name in fields})
        for old, new in revisions.own_since(session, owner, viewer, section, number)
    ]
    if not saves:
        return base
    moved = rebased(_only(base, fields), _only(mine, fields), saves)
    return authoring.parse_content({**base.model_dump(mode="json"), **moved})


def _only(content: PostmortemContent, fields: Sequence[str]) -> dict[str, Any]:
    return content.model_dump(mode="json", include=set(fields))


@dataclass(frozen=True, slots=True)
class SectionOutcome:
    """What became of one section: stored (perhaps merged), or waiting for a choice."""

    saved: authoring.Saved | None
    content: PostmortemContent
    merge: Merge | None
    version: int
    template: Template


def save_section(
    session: Session,
    *,
    viewer: Viewer,
    reference: str,
    section: Section,
    base: PostmortemContent,
    values: Mapping[str, Any],
    base_version: int,
    choices: Mapping[str, str],
    now: datetime,
    base_number: int | None = None,
) -> SectionOutcome:
    """Store one section; when it moved on meanwhile, merge, and store unless something clashes.

    ``base_number`` is the revision that ``base`` is the text of: what the same account saved since
    and the page never heard of is found by it.

    ``choices`` settle clashes of the version that ``base_version`` names; when somebody saved
    once more they are asked again, so that no unseen text is chosen away.
    Raises Invalid, NotFound, NotNow, Forbidden.
    """
    row = find_postmortem(session, viewer, reference, lock=True)
    version = authoring.section_versions(session, row.id)[section.value]
    merged: Merge | None = None
    if version != base_version or choices:
        settled = choices if version == base_version else {}
        fields = SECTION_FIELDS[section]
        foreign = sorted(set(values) - set(fields))
        if foreign:
            raise Invalid([Problem(name, "Not a field of this section.") for name in foreign])
        mine = authoring.parse_content({**base.model_dump(mode="json"), **values})
        theirs = load_content(session, row)
        base = _heard_of(session, row.id, viewer, section, (base, mine), base_number)
        merged = weigh(base, mine, theirs, fields=fields, choices=settled)
        if merged.open:
            revisions.pin(session, row, now=now)  # both texts are about to be shown
            template = templates.of(session, row, theirs)
            return SectionOutcome(None, theirs, merged, version, template)
        if Choice.THEIRS in settled.values():
            # Words typed while the question stood open are in no other text.
            lost = {**theirs.model_dump(mode="json"), **_only(mine, fields)}
            authoring.keep_conflict(
                session, viewer=viewer, reference=reference,
                content=authoring.parse_content(lost), now=now,
            )  # fmt: skip
        values = merged.values
    saved = authoring.save_section(
        session,
        viewer=viewer,
        reference=reference,
        section=section,
        values=values,
        base_version=version,
        now=now,
        autosave=True,
        built_on=base_number,
    )
    session.expire_all()  # rows were replaced under their old ids
    content = load_content(session, row)
    template = templates.of(session, row, content)
    return SectionOutcome(saved, content, merged, saved.section_versions[section.value], template)
