"""Instances that ask for a zone, boot from a block storage and restart; where their disks are."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    with op.batch_alter_table("instances") as instances:
        instances.add_column(sa.Column("zone", sa.Text(), nullable=True))
        instances.add_column(sa.Column("boot_volume", sa.Text(), nullable=True))
        instances.add_column(
            sa.Column("restarts", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
        )
        instances.add_column(
            sa.Column("restarts_done", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
        )
    op.create_table(
        "volume_places",
        sa.Column("volume_id", sa.Text(), nullable=False),
        sa.Column("host_id", sa.Text(), nullable=False),
        sa.Column("instance_id", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["host_id"], ["hosts.id"], name="fk_volume_places_host_id_hosts"),
        sa.PrimaryKeyConstraint("volume_id", name="pk_volume_places"),
    )


def downgrade() -> None:
    op.drop_table("volume_places")
    with op.batch_alter_table("instances") as instances:
        for name in ("restarts_done", "restarts", "boot_volume", "zone"):
            instances.drop_column(name)
