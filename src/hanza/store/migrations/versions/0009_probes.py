"""Probes, and which agent measured a round trip to one."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "probes",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("port", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=False),
        sa.Column("longitude", sa.Float(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_probes"),
    )
    with op.batch_alter_table("rtts") as rtts:
        rtts.add_column(sa.Column("agent_id", sa.Text(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("rtts") as rtts:
        rtts.drop_column("agent_id")
    op.drop_table("probes")
