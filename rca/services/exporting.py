"""One postmortem as a document to take away, for those who may read it."""

from dataclasses import dataclass

from sqlmodel import Session, select

from rca.domain.access import Viewer
from rca.domain.postmortem import PostmortemContent
from rca.domain.sections import content_hash
from rca.errors import Invalid, Problem
from rca.formats import customer_report, markdown, postmortem_json
from rca.services import reading
from rca.services.roles_only import without_names
from rca.store import tables as t


@dataclass(frozen=True, slots=True)
class Exported:
    """A document, and a tag that changes when its content does."""

    text: str
    tag: str


@dataclass(frozen=True, slots=True)
class _Readable:
    content: PostmortemContent
    reference: str
    status: str
    version: int


def _readable(session: Session, viewer: Viewer, reference: str, roles_only: bool) -> _Readable:
    """What this viewer reads of it: the published content while a correction is under way."""
    found = reading.view(session, viewer=viewer, reference=reference)
    content = found.content
    if roles_only:
        users = session.exec(select(t.User)).all()
        known = {name for user in users for name in (user.display_name, user.name)}
        content = without_names(content, known=known)
    return _Readable(content, found.reference, found.status.value, found.version)


def _tagged(text: str, found: _Readable) -> Exported:
    return Exported(text, f"{content_hash(found.content)[:32]}-{found.version}")


def as_markdown(
    session: Session, *, viewer: Viewer, reference: str, roles_only: bool = False
) -> Exported:
    """Markdown that an import reads back without loss. Raises NotFound."""
    found = _readable(session, viewer, reference, roles_only)
    text = markdown.write(found.content, reference=found.reference, status=found.status)
    return _tagged(text, found)


def as_json(
    session: Session, *, viewer: Viewer, reference: str, roles_only: bool = False
) -> Exported:
    """JSON by the published schema. Raises NotFound."""
    found = _readable(session, viewer, reference, roles_only)
    text = postmortem_json.write(
        found.content, reference=found.reference, status=found.status, version=found.version
    )
    return _tagged(text, found)


def for_customers(session: Session, *, viewer: Viewer, reference: str) -> Exported:
    """The three texts for customers, names replaced. Raises NotFound, Invalid when unwritten."""
    found = _readable(session, viewer, reference, roles_only=True)
    text = customer_report.write(found.content)
    if not text:
        raise Invalid(
            [Problem("external_summary", "The texts for customers are not written yet. They are "
                     "the last three fields of the summary.")]
        )  # fmt: skip
    return _tagged(text, found)
