"""The signed directory of the planes' addresses."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    with op.batch_alter_table("federation") as table:
        table.add_column(
            sa.Column("directory_no", sa.BigInteger(), nullable=False, server_default="0")
        )
        table.add_column(sa.Column("directory_urls", sa.Text(), nullable=False, server_default=""))
        table.add_column(sa.Column("directory_signature", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("federation") as table:
        for name in ("directory_signature", "directory_urls", "directory_no"):
            table.drop_column(name)
