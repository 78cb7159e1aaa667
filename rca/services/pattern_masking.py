"""A pattern that lost a member to restriction must not go on telling of it.

Its name may quote the record's title, its reasons and words were counted with it. A new run tells
them afresh; a pattern that dissolved is told by none, so this happens with the restriction itself.
"""

from sqlmodel import Session, select

from rca.services.causes import cause_name
from rca.store import tables as t

WHY = "One of its incidents was restricted since it was found: what was read with it is not told."
_TOLD = frozenset(
    {"phrases", "weights", "proposed_name", "services", "by_quarter", "ai", "severities"}
)


def forget(session: Session, postmortem_id: str) -> None:
    """Take what was read with a postmortem out of every pattern that it is in.

    A name that a person gave stays: it is theirs.
    """
    member = t.PatternMember
    query = select(member).where(member.postmortem_id == postmortem_id)
    for one in session.exec(query).all():
        row = session.get_one(t.PatternRow, one.pattern_id)
        plain = cause_name(str(row.causes[0])) if row.causes else "Recurring incident"
        if not row.named_by_human:
            row.name = plain
        kept = {key: value for key, value in row.payload.items() if key not in _TOLD}
        row.payload = {**kept, "proposed_name": plain, "why": [{"text": WHY}]}
        session.add(row)
    session.flush()
