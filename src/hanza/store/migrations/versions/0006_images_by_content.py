"""Images by content; what a guest starts from, is first told, and publishes at its site."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "bundles",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("cmdline", sa.Text(), nullable=False),
        sa.Column("disk_mib", sa.BigInteger(), nullable=False),
        sa.Column("disk_blob", sa.Text(), nullable=True),
        sa.Column("disk_bytes", sa.BigInteger(), nullable=True),
        sa.Column("kernel_blob", sa.Text(), nullable=True),
        sa.Column("kernel_bytes", sa.BigInteger(), nullable=True),
        sa.Column("initrd_blob", sa.Text(), nullable=True),
        sa.Column("initrd_bytes", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_bundles"),
    )
    op.create_table(
        "images",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("bundle_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["bundle_id"], ["bundles.id"], name="fk_images_bundle_id"),
        sa.PrimaryKeyConstraint("id", name="pk_images"),
        sa.UniqueConstraint("name", name="uq_images_name"),
    )
    op.add_column("hosts", sa.Column("address", sa.Text(), server_default="", nullable=False))
    with op.batch_alter_table("instances") as instances:
        instances.add_column(sa.Column("bundle_id", sa.Text(), nullable=True))
        for name in ("hostname", "ssh_keys", "user_data", "ports"):
            instances.add_column(sa.Column(name, sa.Text(), server_default="", nullable=False))
        instances.create_foreign_key("fk_instances_bundle_id", "bundles", ["bundle_id"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("instances") as instances:
        instances.drop_constraint("fk_instances_bundle_id", type_="foreignkey")
        for name in ("bundle_id", "hostname", "ssh_keys", "user_data", "ports"):
            instances.drop_column(name)
    with op.batch_alter_table("hosts") as hosts:
        hosts.drop_column("address")
    op.drop_table("images")
    op.drop_table("bundles")
