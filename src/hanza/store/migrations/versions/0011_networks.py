"""Names below a network, and what happened by workspace."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
BEFORE = "uq_resources_kind_tenant_workspace_name"
NOW = "uq_resources_kind_tenant_workspace_network_name"
EVENTS = "ix_events_tenant_workspace_serial"


def upgrade() -> None:
    with op.batch_alter_table("resources") as resources:
        resources.add_column(sa.Column("network", sa.Text(), server_default="", nullable=False))
        resources.drop_constraint(BEFORE, type_="unique")
        resources.create_unique_constraint(NOW, ["kind", "tenant", "workspace", "network", "name"])
    with op.batch_alter_table("events") as events:
        events.add_column(sa.Column("workspace", sa.Text(), nullable=True))
        events.add_column(sa.Column("ref", sa.Text(), nullable=True))
    op.create_index(EVENTS, "events", ["tenant", "workspace", "serial"])


def downgrade() -> None:
    """Nothing that is in a network could be named before."""
    op.drop_index(EVENTS, "events")
    with op.batch_alter_table("events") as events:
        events.drop_column("ref")
        events.drop_column("workspace")
    op.execute(sa.text("DELETE FROM resources WHERE network <> ''"))
    with op.batch_alter_table("resources") as resources:
        resources.drop_constraint(NOW, type_="unique")
        resources.create_unique_constraint(BEFORE, ["kind", "tenant", "workspace", "name"])
        resources.drop_column("network")
