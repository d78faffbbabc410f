"""Tenants have a country, providers refuse by it and by classes of data; where sites are."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0018"


def upgrade() -> None:
    op.add_column("tenants", sa.Column("country", sa.Text(), nullable=True))
    for name in ("tenant_countries", "data_classes"):
        op.add_column("provider_terms", sa.Column(name, sa.JSON(), nullable=True))
    op.create_table(
        "fits",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_fits"),
    )


def downgrade() -> None:
    op.drop_table("fits")
    for name in ("tenant_countries", "data_classes"):
        op.drop_column("provider_terms", name)
    op.drop_column("tenants", "country")
