"""The reliability review as a record, documents made for printing, the company's look."""

import sqlalchemy as sa
from alembic import op

from rca.store.types import Json, UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# What was published stays: the database itself refuses to change it.
_ACTS = ("UPDATE", "DELETE")
_WHEN = "OLD.state = 'published'"


def _guard() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    for act in _ACTS:
        head = f"CREATE TRIGGER keep_review_{act.lower()} BEFORE {act} ON review"
        if postgresql:
            op.execute(f"{head} FOR EACH ROW WHEN ({_WHEN}) EXECUTE FUNCTION rca_refuse_change()")
        else:
            op.execute(
                f"{head} WHEN {_WHEN} BEGIN SELECT RAISE(ABORT, 'review rows are immutable'); END"
            )


def upgrade() -> None:
    """Tables, then the guard."""
    _tables()
    _guard()


def downgrade() -> None:
    """Away with the tables; their triggers go with them."""
    op.drop_index(op.f("ix_review_part_revision_review_id"), table_name="review_part_revision")
    op.drop_table("review_part_revision")
    op.drop_table("review_part")
    op.drop_index(op.f("ix_review_addendum_review_id"), table_name="review_addendum")
    op.drop_table("review_addendum")
    op.drop_index(op.f("ix_review_state"), table_name="review")
    op.drop_index(op.f("ix_review_period"), table_name="review")
    op.drop_table("review")
    op.drop_table("company_look")
    op.drop_table("printed_document")


def _tables() -> None:
    op.create_table(
        "printed_document",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=400), nullable=False),
        sa.Column("restricted", sa.Boolean(), nullable=False),
        sa.Column("request", Json, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=True),
        sa.Column("failed", sa.Text(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_printed_document")),
    )
    op.create_table(
        "company_look",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("accent", sa.String(length=7), nullable=False),
        sa.Column("logo", sa.LargeBinary(), nullable=True),
        sa.Column("logo_type", sa.String(length=16), nullable=False),
        sa.Column("logo_width", sa.Integer(), nullable=False),
        sa.Column("logo_height", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("updated_by", sa.String(), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_company_look_one_row")),
        sa.ForeignKeyConstraint(
            ["updated_by"],
            ["user_account.id"],
            name=op.f("fk_company_look_updated_by_user_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_company_look")),
    )
    op.create_table(
        "review",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("reference", sa.String(length=400), nullable=False),
        sa.Column("period", sa.String(length=40), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("fiscal_start", sa.Integer(), nullable=False),
        sa.Column("organisation", sa.String(length=240), nullable=False),
        sa.Column("team", sa.String(length=240), nullable=False),
        sa.Column("tier", sa.Integer(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("snapshot", Json, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("headline", sa.Text(), nullable=False),
        sa.Column("replaces_id", sa.String(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=True),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("frozen_at", UtcDateTime(), nullable=True),
        sa.Column("frozen_by", sa.String(), nullable=True),
        sa.Column("published_at", UtcDateTime(), nullable=True),
        sa.Column("published_by", sa.String(), nullable=True),
        sa.CheckConstraint(
            "state IN ('draft', 'frozen', 'published')", name=op.f("ck_review_state_known")
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["user_account.id"], name=op.f("fk_review_created_by_user_account")
        ),
        sa.ForeignKeyConstraint(
            ["frozen_by"], ["user_account.id"], name=op.f("fk_review_frozen_by_user_account")
        ),
        sa.ForeignKeyConstraint(
            ["published_by"], ["user_account.id"], name=op.f("fk_review_published_by_user_account")
        ),
        sa.ForeignKeyConstraint(
            ["replaces_id"], ["review.id"], name=op.f("fk_review_replaces_id_review")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review")),
        sa.UniqueConstraint("reference", name=op.f("uq_review_reference")),
    )
    op.create_index(op.f("ix_review_period"), "review", ["period"], unique=False)
    op.create_index(op.f("ix_review_state"), "review", ["state"], unique=False)
    op.create_table(
        "review_addendum",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("review_id", sa.String(length=32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by_id", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["by_id"], ["user_account.id"], name=op.f("fk_review_addendum_by_id_user_account")
        ),
        sa.ForeignKeyConstraint(
            ["review_id"],
            ["review.id"],
            name=op.f("fk_review_addendum_review_id_review"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_addendum")),
    )
    op.create_index(
        op.f("ix_review_addendum_review_id"), "review_addendum", ["review_id"], unique=False
    )
    op.create_table(
        "review_part",
        sa.Column("review_id", sa.String(length=32), nullable=False),
        sa.Column("part", sa.String(length=40), nullable=False),
        sa.Column("body", Json, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("updated_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["review_id"],
            ["review.id"],
            name=op.f("fk_review_part_review_id_review"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["updated_by"], ["user_account.id"], name=op.f("fk_review_part_updated_by_user_account")
        ),
        sa.PrimaryKeyConstraint("review_id", "part", name=op.f("pk_review_part")),
    )
    op.create_table(
        "review_part_revision",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("review_id", sa.String(length=32), nullable=False),
        sa.Column("part", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("body", Json, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by_id", sa.String(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('edit', 'conflict')", name=op.f("ck_review_part_revision_kind_known")
        ),
        sa.ForeignKeyConstraint(
            ["by_id"], ["user_account.id"], name=op.f("fk_review_part_revision_by_id_user_account")
        ),
        sa.ForeignKeyConstraint(
            ["review_id"],
            ["review.id"],
            name=op.f("fk_review_part_revision_review_id_review"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_part_revision")),
    )
    op.create_index(
        op.f("ix_review_part_revision_review_id"),
        "review_part_revision",
        ["review_id"],
        unique=False,
    )
