"""The signed directory of the planes' addresses."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.add_column(
        "federation", sa.Column("directory_no", sa.BigInteger(), nullable=False, server_default="0")
    )
    op.add_column(
        "federation", sa.Column("directory_urls", sa.Text(), nullable=False, server_default="")
    )
    op.add_column("federation", sa.Column("directory_signature", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    for name in ("directory_signature", "directory_urls", "directory_no"):
        op.drop_column("federation", name)
