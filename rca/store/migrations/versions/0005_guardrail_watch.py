"""What adopted guardrails did afterwards: duties of people, exports made, thresholds of gates."""

import sqlalchemy as sa
from alembic import op

from rca.store.types import Json, UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Three new tables; none that was there is touched."""
    op.create_table('guardrail_export',
    sa.Column('target', sa.String(length=16), nullable=False),
    sa.Column('at', UtcDateTime(), nullable=False),
    sa.Column('digest', sa.String(length=80), nullable=False),
    sa.Column('files', Json, nullable=False),
    sa.PrimaryKeyConstraint('target', name=op.f('pk_guardrail_export'))
    )
    op.create_table('guardrail_gate',
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('value', sa.Float(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_guardrail_gate'))
    )
    op.create_table('guardrail_duty',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('guardrail_id', sa.String(length=64), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('action', sa.Text(), nullable=False),
    sa.Column('every_days', sa.Integer(), nullable=False),
    sa.Column('fact', sa.String(length=60), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('done', Json, nullable=False),
    sa.Column('drill_id', sa.String(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['drill_id'], ['drill.id'], name=op.f('fk_guardrail_duty_drill_id_drill'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['guardrail_id'], ['guardrail.id'], name=op.f('fk_guardrail_duty_guardrail_id_guardrail'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_guardrail_duty')),
    sa.UniqueConstraint('guardrail_id', 'position', name=op.f('uq_guardrail_duty_guardrail_id_position'))
    )


def downgrade() -> None:
    """Take them away again."""
    op.drop_table('guardrail_duty')
    op.drop_table('guardrail_gate')
    op.drop_table('guardrail_export')
