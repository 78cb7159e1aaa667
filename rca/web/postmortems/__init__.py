"""Postmortems on the web: the list, the editor, the reading page. One blueprint."""

from flask import Blueprint

blueprint = Blueprint("postmortems", __name__)

# View modules register themselves on the blueprint, so they come after it.
from rca.web.postmortems import (  # noqa: E402
    editing,
    history,
    listing,
    moves,
    nearby,
    reader,
    remarks,
    sections,
)

__all__ = [
    "blueprint",
    "editing",
    "history",
    "listing",
    "moves",
    "nearby",
    "reader",
    "remarks",
    "sections",
]
