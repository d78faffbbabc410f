"""Providers' own terms with what they have taken, and since when an agent's reports are refused."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
DIMENSIONS = ("instances", "cpus", "memory_mib", "storage_mib", "addresses")


def upgrade() -> None:
    op.add_column("agents", sa.Column("refused_text", sa.Text(), nullable=True))
    op.add_column("agents", sa.Column("refused_since", sa.BigInteger(), nullable=True))
    op.create_table(
        "provider_terms",
        sa.Column("provider_id", sa.Text(), nullable=False),
        *(sa.Column(f"each_{one}", sa.BigInteger(), nullable=True) for one in DIMENSIONS),
        *(sa.Column(f"total_{one}", sa.BigInteger(), nullable=True) for one in DIMENSIONS),
        sa.Column("denied", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["providers.id"], name="fk_provider_terms_provider_id"
        ),
        sa.PrimaryKeyConstraint("provider_id", name="pk_provider_terms"),
    )
    op.create_table(
        "provider_shards",
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("shard", sa.BigInteger(), autoincrement=False, nullable=False),
        *(
            sa.Column(f"used_{one}", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
            for one in DIMENSIONS
        ),
        *(sa.Column(f"part_{one}", sa.BigInteger(), nullable=True) for one in DIMENSIONS),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["providers.id"], name="fk_provider_shards_provider_id"
        ),
        sa.PrimaryKeyConstraint("provider_id", "tenant", "shard", name="pk_provider_shards"),
    )


def downgrade() -> None:
    op.drop_table("provider_shards")
    op.drop_table("provider_terms")
    op.drop_column("agents", "refused_since")
    op.drop_column("agents", "refused_text")
