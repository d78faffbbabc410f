"""Keys of releases that have revoked themselves: what they signed, for agents to see."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    op.add_column("release_keys", sa.Column("revocation", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("release_keys", "revocation")
