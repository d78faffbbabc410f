"""Policies of tenants and workspaces, what violates them, homes, and whose an event is."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "policies",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("workspace", sa.Text(), nullable=False),
        sa.Column("policy", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "workspace", name="pk_policies"),
    )
    op.create_table(
        "violations",
        sa.Column("instance_id", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("instance_id", "level", "rule", "key", name="pk_violations"),
    )
    op.create_index("ix_violations_tenant", "violations", ["tenant"])
    with op.batch_alter_table("instances") as instances:
        instances.add_column(sa.Column("home", sa.Text(), nullable=True))
    op.add_column("events", sa.Column("tenant", sa.Text(), nullable=True))
    op.create_index("ix_events_tenant_serial", "events", ["tenant", "serial"])


def downgrade() -> None:
    op.drop_index("ix_events_tenant_serial", "events")
    op.drop_column("events", "tenant")
    with op.batch_alter_table("instances") as instances:
        instances.drop_column("home")
    op.drop_table("violations")
    op.drop_table("policies")
