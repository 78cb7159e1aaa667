"""The one place where a service asks whether this viewer's account may do something."""

from rca.domain.access import Permission, Viewer
from rca.errors import Forbidden


def need(viewer: Viewer, permission: Permission) -> None:
    """Raises Forbidden, with the name of the permission that is missing."""
    if not viewer.may(permission):
        raise Forbidden(f"Your account may not do this: it needs “{permission.label}”.")
