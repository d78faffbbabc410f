"""Which ports are published at each host, and by whom: one port, one guest."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    table = op.create_table(
        "held_ports",
        sa.Column("host_id", sa.Text(), nullable=False),
        sa.Column("port", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("instance_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["host_id"], ["hosts.id"], name="fk_held_ports_host_id_hosts"),
        sa.PrimaryKeyConstraint("host_id", "port", name="pk_held_ports"),
    )
    op.create_index("ix_held_ports_instance_id", "held_ports", ["instance_id"])
    held = _held()
    if held:
        op.bulk_insert(table, held)


def _held() -> list[dict[str, object]]:
    """Of those that were placed before; where two had one port, who was there first has it."""
    query = (
        "SELECT holds.host_id, holds.instance_id, instances.ports FROM holds"
        " JOIN instances ON instances.id = holds.instance_id"
        " WHERE instances.ports <> '' ORDER BY holds.taken_at, holds.instance_id"
    )
    found: dict[tuple[str, int], str] = {}
    for host, instance, ports in op.get_bind().exec_driver_sql(query):
        for word in ports.split(","):
            found.setdefault((host, int(word.split(":")[0])), instance)
    return [
        {"host_id": host, "port": port, "instance_id": instance}
        for (host, port), instance in found.items()
    ]


def downgrade() -> None:
    op.drop_table("held_ports")
