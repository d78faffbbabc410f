"""What placement has to look at anew: hosts and their grounds, as they change, and who places."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "host_changes",
        sa.Column(
            "serial",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("serial", name="pk_host_changes"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "roles",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_roles"),
    )
    op.create_index("ix_instances_boot_volume", "instances", ["boot_volume"])


def downgrade() -> None:
    op.drop_index("ix_instances_boot_volume", "instances")
    op.drop_table("roles")
    op.drop_table("host_changes")
