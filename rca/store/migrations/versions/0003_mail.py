"""Mail that was sent, and who asked for it; calendar feeds; what trackers propose."""

import sqlalchemy as sa
from alembic import op

from rca.store.types import Json, UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Ten new tables; none that was there is touched."""
    op.create_table('mail_attachment',
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('name', sa.String(length=240), nullable=False),
    sa.Column('media_type', sa.String(length=120), nullable=False),
    sa.Column('data', sa.LargeBinary(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('sha256', name=op.f('pk_mail_attachment'))
    )
    op.create_table('mailing_list',
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('addresses', Json, nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_mailing_list'))
    )
    op.create_table('period_run',
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('period', sa.String(length=32), nullable=False),
    sa.Column('at', UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('name', 'period', name=op.f('pk_period_run'))
    )
    op.create_table('team_address',
    sa.Column('team', sa.String(length=240), nullable=False),
    sa.Column('address', sa.String(length=320), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('team', name=op.f('pk_team_address'))
    )
    op.create_table('calendar_feed',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('user_id', sa.String(), nullable=False),
    sa.Column('service', sa.String(length=240), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('last_used_at', UtcDateTime(), nullable=True),
    sa.Column('revoked_at', UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_calendar_feed_user_id_user_account'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_calendar_feed')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_calendar_feed_token_hash'))
    )
    op.create_index(op.f('ix_calendar_feed_user_id'), 'calendar_feed', ['user_id'], unique=False)
    op.create_table('follow',
    sa.Column('user_id', sa.String(), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('name', sa.String(length=240), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.CheckConstraint("kind IN ('service', 'team')", name=op.f('ck_follow_kind_known')),
    sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_follow_user_id_user_account'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('user_id', 'kind', 'name', name=op.f('pk_follow'))
    )
    op.create_table('mail_choice',
    sa.Column('user_id', sa.String(), nullable=False),
    sa.Column('reminders', sa.Boolean(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_mail_choice_user_id_user_account'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('user_id', name=op.f('pk_mail_choice'))
    )
    op.create_table('mail_message',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('key', sa.String(length=400), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('period', sa.String(length=32), nullable=False),
    sa.Column('scope', sa.String(length=240), nullable=False),
    sa.Column('recipient', sa.String(length=320), nullable=False),
    sa.Column('user_id', sa.String(), nullable=True),
    sa.Column('payload', Json, nullable=False),
    sa.Column('attachment', sa.String(), nullable=True),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('subject', sa.String(length=400), nullable=False),
    sa.Column('said', sa.Text(), nullable=False),
    sa.Column('unreachable', sa.Boolean(), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('message_id', sa.String(length=240), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('tried_at', UtcDateTime(), nullable=True),
    sa.Column('next_at', UtcDateTime(), nullable=True),
    sa.Column('settled_at', UtcDateTime(), nullable=True),
    sa.CheckConstraint("kind IN ('reminder', 'weekly', 'review', 'confirm', 'test')", name=op.f('ck_mail_message_kind_known')),
    sa.CheckConstraint("state IN ('waiting', 'sending', 'sent', 'failed', 'skipped')", name=op.f('ck_mail_message_state_known')),
    sa.ForeignKeyConstraint(['attachment'], ['mail_attachment.sha256'], name=op.f('fk_mail_message_attachment_mail_attachment')),
    sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_mail_message_user_id_user_account'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_mail_message')),
    sa.UniqueConstraint('key', name=op.f('uq_mail_message_key'))
    )
    op.create_index('ix_mail_message_newest', 'mail_message', ['created_at', 'id'], unique=False)
    op.create_index(op.f('ix_mail_message_state'), 'mail_message', ['state'], unique=False)
    op.create_index(op.f('ix_mail_message_user_id'), 'mail_message', ['user_id'], unique=False)
    op.create_table('review_schedule',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('list_name', sa.String(), nullable=False),
    sa.Column('days_after', sa.Integer(), nullable=False),
    sa.Column('whose', sa.String(length=240), nullable=False),
    sa.Column('paper', sa.String(length=16), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('created_by', sa.String(), nullable=True),
    sa.ForeignKeyConstraint(['created_by'], ['user_account.id'], name=op.f('fk_review_schedule_created_by_user_account')),
    sa.ForeignKeyConstraint(['list_name'], ['mailing_list.name'], name=op.f('fk_review_schedule_list_name_mailing_list'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_review_schedule'))
    )
    op.create_index(op.f('ix_review_schedule_list_name'), 'review_schedule', ['list_name'], unique=False)
    op.create_table('tracker_proposal',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('postmortem_id', sa.String(length=32), nullable=False),
    sa.Column('action_id', sa.String(length=32), nullable=False),
    sa.Column('key', sa.String(length=64), nullable=False),
    sa.Column('source', sa.String(length=32), nullable=False),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('says', sa.String(length=16), nullable=False),
    sa.Column('note', sa.String(length=240), nullable=False),
    sa.Column('at', UtcDateTime(), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('decided_by', sa.String(), nullable=True),
    sa.Column('decided_at', UtcDateTime(), nullable=True),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.CheckConstraint("says IN ('done', 'dropped', 'open')", name=op.f('ck_tracker_proposal_says_known')),
    sa.CheckConstraint("state IN ('waiting', 'accepted', 'rejected', 'overtaken')", name=op.f('ck_tracker_proposal_state_known')),
    sa.ForeignKeyConstraint(['decided_by'], ['user_account.id'], name=op.f('fk_tracker_proposal_decided_by_user_account')),
    sa.ForeignKeyConstraint(['postmortem_id'], ['postmortem.id'], name=op.f('fk_tracker_proposal_postmortem_id_postmortem'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tracker_proposal')),
    sa.UniqueConstraint('action_id', 'key', name=op.f('uq_tracker_proposal_action_id_key'))
    )
    op.create_index(op.f('ix_tracker_proposal_action_id'), 'tracker_proposal', ['action_id'], unique=False)
    op.create_index(op.f('ix_tracker_proposal_postmortem_id'), 'tracker_proposal', ['postmortem_id'], unique=False)
    op.create_index(op.f('ix_tracker_proposal_state'), 'tracker_proposal', ['state'], unique=False)


def downgrade() -> None:
    """Drop them again: mail that waits is lost."""
    op.drop_table('tracker_proposal')
    op.drop_table('review_schedule')
    op.drop_table('mail_message')
    op.drop_table('mail_choice')
    op.drop_table('follow')
    op.drop_table('calendar_feed')
    op.drop_table('team_address')
    op.drop_table('period_run')
    op.drop_table('mailing_list')
    op.drop_table('mail_attachment')
