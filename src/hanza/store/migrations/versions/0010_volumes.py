"""Volumes of their own, with the room that they hold, and what their sites say of them.

Block storages become volumes without bytes.  Until now a boot volume was its guest's own disk: an
instance that has a place keeps that disk, as it was told, and boots from no volume.
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
MIB_PER_GB = 1024


def upgrade() -> None:
    _create_volumes()
    _create_reports()
    with op.batch_alter_table("instances") as instances:
        for name in ("data_volumes", "disks"):
            instances.add_column(sa.Column(name, sa.Text(), server_default="", nullable=False))
    _fill()
    op.drop_table("volume_places")


def _create_volumes() -> None:
    op.create_table(
        "volumes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("workspace", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size_mib", sa.BigInteger(), nullable=False),
        sa.Column("image", sa.Text(), nullable=False),
        sa.Column("app", sa.Text(), nullable=True),
        sa.Column("bundle_id", sa.Text(), nullable=True),
        sa.Column("is_ended", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("stays", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("host_id", sa.Text(), nullable=True),
        sa.Column("agent_id", sa.Text(), nullable=True),
        sa.Column("held_mib", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("is_leaving", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("is_made", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("instance_id", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["bundle_id"], ["bundles.id"], name="fk_volumes_bundle_id_bundles"),
        sa.ForeignKeyConstraint(["host_id"], ["hosts.id"], name="fk_volumes_host_id_hosts"),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name="fk_volumes_agent_id_agents"),
        sa.PrimaryKeyConstraint("id", name="pk_volumes"),
        sa.UniqueConstraint("tenant", "workspace", "name", name="uq_volumes_tenant_workspace_name"),
    )
    op.create_index("ix_volumes_agent_id", "volumes", ["agent_id"])
    op.create_index("ix_volumes_instance_id", "volumes", ["instance_id"])


def _create_reports() -> None:
    op.create_table(
        "seen_volumes",
        sa.Column("volume_id", sa.Text(), nullable=False),
        sa.Column("stay", sa.BigInteger(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("presence", sa.Text(), nullable=False),
        sa.Column("size_mib", sa.BigInteger(), nullable=True),
        sa.Column("problem_code", sa.Text(), nullable=True),
        sa.Column("problem_text", sa.Text(), nullable=True),
        sa.Column("problem_since", sa.BigInteger(), nullable=True),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["volume_id"], ["volumes.id"], name="fk_seen_volumes_volume_id"),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name="fk_seen_volumes_agent_id"),
        sa.PrimaryKeyConstraint("volume_id", name="pk_seen_volumes"),
    )
    op.create_index("ix_seen_volumes_agent_id", "seen_volumes", ["agent_id"])
    op.create_table(
        "orphan_volumes",
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("native", sa.Text(), nullable=False),
        sa.Column("volume_id", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("size_mib", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name="fk_orphan_volumes_agent_id"),
        sa.PrimaryKeyConstraint("agent_id", "native", name="pk_orphan_volumes"),
    )


def _fill() -> None:
    connection = op.get_bind()
    storages = connection.execute(
        sa.text(
            "SELECT id, tenant, workspace, name, created_at, spec, deleted_at FROM resources"
            " WHERE kind = 'block-storage'"
        )
    ).all()
    for row in storages:
        connection.execute(
            sa.text(
                "INSERT INTO volumes (id, tenant, workspace, name, size_mib, image, is_ended,"
                " created_at) VALUES (:id, :tenant, :workspace, :name, :size_mib, 'blank',"
                " :is_ended, :created_at)"
            ),
            {
                "id": row.id,
                "tenant": row.tenant,
                "workspace": row.workspace,
                "name": row.name,
                "size_mib": json.loads(row.spec)["sizeGB"] * MIB_PER_GB,
                "is_ended": row.deleted_at is not None,
                "created_at": row.created_at,
            },
        )
        if row.deleted_at is not None:
            # It waited for an instance that keeps its disk for itself now.
            connection.execute(
                sa.text("INSERT INTO work (kind, ref, due_at) VALUES ('settle', :id, 0)"),
                {"id": row.id},
            )
    connection.execute(
        sa.text(
            "UPDATE instances SET boot_volume = NULL WHERE id IN (SELECT instance_id FROM holds)"
        )
    )


def downgrade() -> None:
    op.create_table(
        "volume_places",
        sa.Column("volume_id", sa.Text(), nullable=False),
        sa.Column("host_id", sa.Text(), nullable=False),
        sa.Column("instance_id", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["host_id"], ["hosts.id"], name="fk_volume_places_host_id_hosts"),
        sa.PrimaryKeyConstraint("volume_id", name="pk_volume_places"),
    )
    with op.batch_alter_table("instances") as instances:
        for name in ("disks", "data_volumes"):
            instances.drop_column(name)
    op.drop_table("orphan_volumes")
    op.drop_table("seen_volumes")
    op.drop_table("volumes")
