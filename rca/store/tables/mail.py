"""Mail that goes out, who asked for it, calendar feeds, and what trackers propose."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, LargeBinary, UniqueConstraint
from sqlmodel import Field

from rca.domain.mail import FollowKind, MailKind, MailState
from rca.domain.tracker import ProposalState, TrackerSays
from rca.store.tables.metadata import Table, instant, of_postmortem, optional_instant, row_id, words
from rca.store.types import Json, one_of


class MailAttachment(Table, table=True):
    """A file that some mails carry, kept once and only until they are settled."""

    __tablename__ = "mail_attachment"

    sha256: str = Field(primary_key=True, max_length=64)
    name: str = Field(max_length=240)
    media_type: str = Field(max_length=120)
    data: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = instant()


class MailMessage(Table, table=True):
    """One mail to one address. ``key`` is unique: a digest goes to a reader once per period.

    Its words are not kept: they are written when it is sent, from what its reader may see then.
    """

    __tablename__ = "mail_message"
    __table_args__ = (
        one_of("kind", MailKind),
        one_of("state", MailState),
        UniqueConstraint("key"),
        Index("ix_mail_message_newest", "created_at", "id"),
    )

    id: str = row_id()
    key: str = Field(max_length=400)
    kind: str = Field(max_length=16)
    period: str = Field(default="", max_length=32)
    scope: str = Field(default="", max_length=240)
    recipient: str = Field(max_length=320)
    user_id: str | None = Field(
        default=None, foreign_key="user_account.id", ondelete="CASCADE", index=True
    )
    payload: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    attachment: str | None = Field(default=None, foreign_key="mail_attachment.sha256")
    state: str = Field(max_length=16, index=True)
    subject: str = Field(default="", max_length=400)
    said: str = words()
    unreachable: bool = False
    attempts: int = 0
    message_id: str = Field(default="", max_length=240)
    size: int = 0
    created_at: datetime = instant()
    tried_at: datetime | None = optional_instant()
    next_at: datetime | None = optional_instant()
    settled_at: datetime | None = optional_instant()


class MailChoice(Table, table=True):
    """What an account said about mail; no row is the default."""

    __tablename__ = "mail_choice"

    user_id: str = Field(foreign_key="user_account.id", ondelete="CASCADE", primary_key=True)
    reminders: bool = True
    updated_at: datetime = instant()


class Follow(Table, table=True):
    """An account asked for the digest of a service or of a team."""

    __tablename__ = "follow"
    __table_args__ = (one_of("kind", FollowKind),)

    user_id: str = Field(foreign_key="user_account.id", ondelete="CASCADE", primary_key=True)
    kind: str = Field(primary_key=True, max_length=16)
    name: str = Field(primary_key=True, max_length=240)
    created_at: datetime = instant()


class TeamAddress(Table, table=True):
    """Where a team reads mail, by the team's name as action items carry it."""

    __tablename__ = "team_address"

    team: str = Field(primary_key=True, max_length=240)
    address: str = Field(max_length=320)
    updated_at: datetime = instant()


class MailingList(Table, table=True):
    """A named list of addresses that reviews go to."""

    __tablename__ = "mailing_list"

    name: str = Field(primary_key=True, max_length=120)
    addresses: list[Any] = Field(default_factory=list, sa_type=Json)
    version: int = 1
    updated_at: datetime = instant()


class ReviewSchedule(Table, table=True):
    """Each quarter's review goes to a list, so many days after the quarter's end."""

    __tablename__ = "review_schedule"

    id: str = row_id()
    list_name: str = Field(foreign_key="mailing_list.name", ondelete="CASCADE", index=True)
    days_after: int = 14
    whose: str = Field(default="", max_length=240)
    paper: str = Field(default="a4", max_length=16)
    created_at: datetime = instant()
    created_by: str | None = Field(default=None, foreign_key="user_account.id")


class PeriodRun(Table, table=True):
    """Periodic work that was begun for a period. The key makes two workers begin it once."""

    __tablename__ = "period_run"

    name: str = Field(primary_key=True, max_length=120)
    period: str = Field(primary_key=True, max_length=32)
    at: datetime = instant()


class CalendarFeed(Table, table=True):
    """A secret address that calendars read. Only the hash of its secret is kept."""

    __tablename__ = "calendar_feed"

    id: str = row_id()
    user_id: str = Field(foreign_key="user_account.id", ondelete="CASCADE", index=True)
    service: str = Field(default="", max_length=240)
    token_hash: str = Field(max_length=64, unique=True)
    created_at: datetime = instant()
    last_used_at: datetime | None = optional_instant()
    revoked_at: datetime | None = optional_instant()


class TrackerProposal(Table, table=True):
    """What a tracker said of an action's issue, until a person accepts or rejects it.

    ``action_id`` has no foreign key: the rows of a section are written anew on each save and keep
    their ids.
    """

    __tablename__ = "tracker_proposal"
    __table_args__ = (
        one_of("says", TrackerSays),
        one_of("state", ProposalState),
        UniqueConstraint("action_id", "key"),
    )

    id: str = row_id()
    postmortem_id: str = of_postmortem()
    action_id: str = Field(max_length=32, index=True)
    key: str = Field(max_length=64)
    source: str = Field(max_length=32)
    url: str = words()
    says: str = Field(max_length=16)
    note: str = Field(default="", max_length=240)
    at: datetime = instant()
    state: str = Field(max_length=16, index=True)
    decided_by: str | None = Field(default=None, foreign_key="user_account.id")
    decided_at: datetime | None = optional_instant()
    created_at: datetime = instant()
