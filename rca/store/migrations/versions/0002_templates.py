"""Templates as data, what a record was begun with, autosaves that stand for several, presence."""

import sqlalchemy as sa
from alembic import op

from rca.store.types import Json, UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# A version that a record names never changes: the database itself refuses it.
_ACTS = ("UPDATE", "DELETE")


def upgrade() -> None:
    """Three tables of templates, one of presence, and columns that start blank."""
    op.create_table(
        "postmortem_template",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_postmortem_template")),
    )
    op.create_table(
        "template_version",
        sa.Column("template_id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", Json, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["template_id"],
            ["postmortem_template.id"],
            name=op.f("fk_template_version_template_id_postmortem_template"),
        ),
        sa.ForeignKeyConstraint(
            ["created_by"],
            ["user_account.id"],
            name=op.f("fk_template_version_created_by_user_account"),
        ),
        sa.PrimaryKeyConstraint("template_id", "version", name=op.f("pk_template_version")),
    )
    op.create_table(
        "template_choice",
        sa.Column("occasion", sa.String(length=32), nullable=False),
        sa.Column("template_id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("occasion", name=op.f("pk_template_choice")),
    )
    op.create_table(
        "presence",
        sa.Column("postmortem_id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("section", sa.String(length=16), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["postmortem_id"],
            ["postmortem.id"],
            name=op.f("fk_presence_postmortem_id_postmortem"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["user_account.id"],
            name=op.f("fk_presence_user_id_user_account"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("postmortem_id", "user_id", name=op.f("pk_presence")),
    )
    _columns()
    _guard()


def _columns() -> None:
    """Blank for what is there already: no template named, each revision one save."""
    blank, zero, one = sa.text("''"), sa.text("0"), sa.text("1")
    for column in (
        sa.Column("template_id", sa.String(length=40), nullable=False, server_default=blank),
        sa.Column("template_version", sa.Integer(), nullable=False, server_default=zero),
        sa.Column("template_by_hand", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("seen_number", sa.Integer(), nullable=False, server_default=zero),
    ):
        op.add_column("postmortem", column)
    for column in (
        sa.Column("section", sa.String(length=16), nullable=False, server_default=blank),
        sa.Column("begun_at", UtcDateTime(), nullable=True),
        sa.Column("saves", sa.Integer(), nullable=False, server_default=one),
    ):
        op.add_column("revision", column)


def _guard() -> None:
    for act in _ACTS:
        if op.get_bind().dialect.name == "postgresql":
            op.execute(
                f"CREATE TRIGGER keep_template_version_{act.lower()} BEFORE {act} "
                "ON template_version FOR EACH ROW EXECUTE FUNCTION rca_refuse_change()"
            )
        else:
            op.execute(
                f"CREATE TRIGGER keep_template_version_{act.lower()} BEFORE {act} "
                "ON template_version BEGIN "
                "SELECT RAISE(ABORT, 'template_version rows are immutable'); END"
            )


def downgrade() -> None:
    """Back to the first schema. Templates that people wrote are lost with their tables."""
    for name in ("saves", "begun_at", "section"):
        op.drop_column("revision", name)
    for name in ("seen_number", "template_by_hand", "template_version", "template_id"):
        op.drop_column("postmortem", name)
    for name in ("presence", "template_choice", "template_version", "postmortem_template"):
        op.drop_table(name)
