"""What was asked for a site that nobody hears: as it was before, so that it can be taken back."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    with op.batch_alter_table("instances") as table:
        table.add_column(sa.Column("before", sa.JSON(none_as_null=True), nullable=True))
        table.add_column(sa.Column("pending_since", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("instances") as table:
        table.drop_column("pending_since")
        table.drop_column("before")
