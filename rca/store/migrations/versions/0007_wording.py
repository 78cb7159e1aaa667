"""Phrases that an organisation keeps, as the wording review reads them."""

import sqlalchemy as sa
from alembic import op

from rca.store.types import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One new table; none that was there is touched."""
    op.create_table('wording_allowed',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('rule', sa.String(length=60), nullable=False),
    sa.Column('phrase', sa.String(length=200), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_wording_allowed')),
    sa.UniqueConstraint('rule', 'phrase', name=op.f('uq_wording_allowed_rule_phrase'))
    )


def downgrade() -> None:
    """The phrases are lost; they can be downloaded before as a file."""
    op.drop_table('wording_allowed')
