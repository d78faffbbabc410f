"""Policies of instances, prices and attributes of members, measured round trips.

Expands only: code of before reads and writes what it knew.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_ADDED = {
    "providers": (
        ("price_cpu_hour", sa.BigInteger()),
        ("price_gib_hour", sa.BigInteger()),
        ("price_disk_gib_hour", sa.BigInteger()),
        ("attributes", sa.JSON()),
    ),
    "sites": (("class", sa.Text()), ("attributes", sa.JSON())),
    "instances": (("policy", sa.JSON()), ("app", sa.Text()), ("component", sa.Text())),
}


def upgrade() -> None:
    for table, columns in _ADDED.items():
        for name, kind in columns:
            op.add_column(table, sa.Column(name, kind, nullable=True))
    op.create_index(
        "ix_instances_tenant_workspace_app", "instances", ["tenant", "workspace", "app"]
    )
    op.create_table(
        "rtts",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("point", sa.Text(), nullable=False),
        sa.Column("ms", sa.Float(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_rtts_site_id_sites"),
        sa.PrimaryKeyConstraint("site_id", "point", name="pk_rtts"),
    )


def downgrade() -> None:
    op.drop_table("rtts")
    op.drop_index("ix_instances_tenant_workspace_app", "instances")
    for table, columns in _ADDED.items():
        for name, _ in reversed(columns):
            op.drop_column(table, name)
