"""Export packs of the stored guardrails."""

from datetime import datetime

from sqlmodel import Session

from mining.policy.exporters import TARGETS, Export, export
from rca.errors import Invalid, Problem
from rca.services.guardrail_reading import documents


def targets_of(name: str) -> tuple[str, ...]:
    """The targets that a name stands for. Raises Invalid."""
    if name == "all":
        return TARGETS
    if name not in TARGETS:
        known = ", ".join(("native", *TARGETS, "all"))
        raise Invalid([Problem("target", f"“{name}” is not a target. Choose from {known}.")])
    return (name,)


def export_guardrails(session: Session, *, target: str, status: str, now: datetime) -> Export:
    """The packs of ``target`` (or of all) over guardrails of that status. Raises Invalid."""
    return export(documents(session, status=status), targets_of(target), now=now)
