"""Agents and join tokens can be revoked."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    for table in ("agents", "join_tokens"):
        with op.batch_alter_table(table) as changed:
            changed.add_column(sa.Column("revoked_at", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    for table in ("join_tokens", "agents"):
        with op.batch_alter_table(table) as changed:
            changed.drop_column("revoked_at")
