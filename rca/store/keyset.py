"""Paging by the last row seen: as fast on the thousandth page as on the first."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from sqlalchemy import and_, or_
from sqlmodel import Session, col, select

from rca.store import tables as t

Log = TypeVar("Log", t.MailMessage, t.WebhookDelivery)


def newest_first(
    session: Session,
    table: type[Log],
    at: Callable[[type[Log]], datetime],
    *,
    state: str,
    before: tuple[datetime, str] | None,
    limit: int,
) -> list[Log]:
    """Rows of a log by the moment that ``at`` names, from after ``before`` (moment and id of the
    last one seen), in ``state`` unless it is blank. One more than ``limit`` tells of more.
    """
    moment, key = col(at(table)), col(table.id)
    query = select(table).order_by(moment.desc(), key.desc()).limit(limit + 1)
    if state:
        query = query.where(table.state == state)
    if before:
        last = and_(moment == before[0], key < before[1])
        query = query.where(or_(moment < before[0], last))
    return list(session.exec(query))
