"""Tenants have a country, and providers refuse by it and by classes of data."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0018"


def upgrade() -> None:
    op.add_column("tenants", sa.Column("country", sa.Text(), nullable=True))
    for name in ("tenant_countries", "data_classes"):
        op.add_column("provider_terms", sa.Column(name, sa.JSON(), nullable=True))


def downgrade() -> None:
    for name in ("tenant_countries", "data_classes"):
        op.drop_column("provider_terms", name)
    op.drop_column("tenants", "country")
