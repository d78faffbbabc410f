"""What agents tell of their sites: diaries, checkups, and guests that are not ours."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.create_table(
        "diaries",
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name="fk_diaries_agent_id"),
        sa.PrimaryKeyConstraint("agent_id", name="pk_diaries"),
    )
    op.create_table(
        "checkups",
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("score", sa.BigInteger(), nullable=False),
        sa.Column("findings", sa.JSON(none_as_null=True), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name="fk_checkups_agent_id"),
        sa.PrimaryKeyConstraint("agent_id", name="pk_checkups"),
    )
    op.create_table(
        "strangers",
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("native", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("cpus", sa.BigInteger(), nullable=False),
        sa.Column("memory_mib", sa.BigInteger(), nullable=False),
        sa.Column("disk_mib", sa.BigInteger(), nullable=False),
        sa.Column("power", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name="fk_strangers_agent_id"),
        sa.PrimaryKeyConstraint("agent_id", "native", name="pk_strangers"),
    )


def downgrade() -> None:
    op.drop_table("strangers")
    op.drop_table("checkups")
    op.drop_table("diaries")
