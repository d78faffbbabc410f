"""What was asked for a site that nobody hears: as it was before, so that it can be taken back."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.add_column("instances", sa.Column("before", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("instances", sa.Column("pending_since", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("instances", "pending_since")
    op.drop_column("instances", "before")
