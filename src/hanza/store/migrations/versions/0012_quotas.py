"""Quotas, and a count of everything that there is already."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
DIMENSIONS = ("instances", "cpus", "memory_mib", "storage_mib", "addresses")
EVERYTHING = """
SELECT tenant, workspace, 1 AS instances, cpus, memory_mib,
       CASE WHEN boot_volume IS NULL THEN disk_mib ELSE 0 END AS storage_mib, 0 AS addresses
  FROM instances
UNION ALL
SELECT tenant, workspace, 0, 0, 0, size_mib, 0 FROM volumes
UNION ALL
SELECT tenant, workspace, 0, 0, 0, 0, 1 FROM resources
 WHERE kind = 'public-ip' AND spec LIKE '%"address":"%' AND spec NOT LIKE '%"address":""%'
"""


def upgrade() -> None:
    op.create_table(
        "quotas",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("workspace", sa.Text(), nullable=False),
        *(sa.Column(one, sa.BigInteger(), nullable=True) for one in DIMENSIONS),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "workspace", name="pk_quotas"),
    )
    op.create_table(
        "quota_shards",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("workspace", sa.Text(), nullable=False),
        sa.Column("shard", sa.BigInteger(), autoincrement=False, nullable=False),
        *(
            sa.Column(f"used_{one}", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
            for one in DIMENSIONS
        ),
        *(sa.Column(f"part_{one}", sa.BigInteger(), nullable=True) for one in DIMENSIONS),
        sa.PrimaryKeyConstraint("tenant", "workspace", "shard", name="pk_quota_shards"),
    )
    _count()


def _count() -> None:
    sums = ", ".join(f"SUM({one})" for one in DIMENSIONS)
    names = ", ".join(f"used_{one}" for one in DIMENSIONS)
    into = f"INSERT INTO quota_shards (tenant, workspace, shard, {names})"
    for workspace, group in (("workspace", "tenant, workspace"), ("''", "tenant")):
        op.execute(
            f"{into} SELECT tenant, {workspace}, 0, {sums} FROM ({EVERYTHING}) AS one"
            f" GROUP BY {group}"
        )


def downgrade() -> None:
    op.drop_table("quota_shards")
    op.drop_table("quotas")
