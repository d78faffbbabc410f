"""Which agents answer others, and what sites measured to each other."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_table(
        "answerers",
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("port", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name="fk_answerers_agent_id"),
        sa.PrimaryKeyConstraint("agent_id", name="pk_answerers"),
    )
    op.create_table(
        "meetings",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("other_id", sa.Text(), nullable=False),
        sa.Column("ms", sa.Float(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_meetings_site_id"),
        sa.ForeignKeyConstraint(["other_id"], ["sites.id"], name="fk_meetings_other_id"),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name="fk_meetings_agent_id"),
        sa.PrimaryKeyConstraint("site_id", "other_id", name="pk_meetings"),
    )


def downgrade() -> None:
    op.drop_table("meetings")
    op.drop_table("answerers")
