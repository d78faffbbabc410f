"""When an issuer was removed: its name stays its URL's, for what bears the name is still about."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("issuers", sa.Column("removed_at", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.execute(sa.text("DELETE FROM issuers WHERE removed_at IS NOT NULL"))
    op.drop_column("issuers", "removed_at")
