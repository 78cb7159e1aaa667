"""Postmortems on the web: the list, the editor, the reading page. One blueprint, one module each."""

from flask import Blueprint

blueprint = Blueprint("postmortems", __name__)

# View modules register themselves on the blueprint, so they come after it.
from rca.web.postmortems import listing  # noqa: E402

__all__ = ["blueprint", "listing"]
