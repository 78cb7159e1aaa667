"""Similar postmortems beside the text, for the editor and the reading page."""

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session

from rca.domain.access import Viewer


def similar_to(session: Session, who: Viewer, reference: str) -> Sequence[Any]:
    """Most similar postmortems, when that part is installed."""
    try:
        from rca.services import similar
    except ImportError:
        return ()
    found: Sequence[Any] = similar.for_postmortem(session, viewer=who, reference=reference)
    return found
