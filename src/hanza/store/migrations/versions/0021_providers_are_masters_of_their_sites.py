"""Providers' own users, prices in time, and what keeps their sites from taking anything new."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0018"
PRICES = ("price_cpu_hour", "price_gib_hour", "price_disk_gib_hour")


def upgrade() -> None:
    op.create_table(
        "provider_users",
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["providers.id"], name="fk_provider_users_provider_id"
        ),
        sa.PrimaryKeyConstraint("provider_id", "subject", name="pk_provider_users"),
    )
    _prices()
    op.add_column("providers", sa.Column("suspended_at", sa.BigInteger(), nullable=True))
    op.add_column("providers", sa.Column("suspended_why", sa.Text(), nullable=True))
    op.add_column("sites", sa.Column("left_at", sa.BigInteger(), nullable=True))
    op.add_column(
        "hosts",
        sa.Column("is_withheld", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.add_column("events", sa.Column("provider", sa.Text(), nullable=True))
    op.create_index("ix_events_provider_serial", "events", ["provider", "serial"])
    _standing()


def _prices() -> None:
    op.add_column("providers", sa.Column("prices_until", sa.BigInteger(), nullable=True))
    op.create_table(
        "provider_prices",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("begins_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=True),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in PRICES),
        sa.Column("announced_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["providers.id"], name="fk_provider_prices_provider_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_provider_prices"),
    )
    op.create_index("ix_provider_prices_provider_id", "provider_prices", ["provider_id"])
    names = ", ".join(PRICES)
    # What they ask today they have asked since they came, for all that is known of it.
    op.execute(
        f"INSERT INTO provider_prices (id, provider_id, begins_at, {names}, announced_at)"
        f" SELECT 'pp' || substr(id, 3), id, created_at, {names}, created_at FROM providers"
        " WHERE price_cpu_hour IS NOT NULL"
    )


def _standing() -> None:
    op.create_table(
        "site_standings",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("cordoned_at", sa.BigInteger(), nullable=True),
        sa.Column("cordoned_why", sa.Text(), nullable=True),
        sa.Column("draining_since", sa.BigInteger(), nullable=True),
        sa.Column("drain_by", sa.BigInteger(), nullable=True),
        sa.Column("drain_began_with", sa.BigInteger(), nullable=True),
        sa.Column("drain_told", sa.Text(), nullable=True),
        sa.Column("leaving_since", sa.BigInteger(), nullable=True),
        sa.Column("leave_at", sa.BigInteger(), nullable=True),
        sa.Column("zone", sa.Text(), nullable=True),
        sa.Column("hours", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("reasons", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_site_standings_site_id"),
        sa.PrimaryKeyConstraint("site_id", name="pk_site_standings"),
    )
    op.create_table(
        "maintenance_windows",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("begins_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("announced_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_maintenance_windows_site_id"),
        sa.PrimaryKeyConstraint("id", name="pk_maintenance_windows"),
    )
    op.create_index("ix_maintenance_windows_site_id", "maintenance_windows", ["site_id"])


def downgrade() -> None:
    op.drop_table("maintenance_windows")
    op.drop_table("site_standings")
    op.drop_index("ix_events_provider_serial", "events")
    op.drop_column("events", "provider")
    op.drop_column("hosts", "is_withheld")
    op.drop_column("sites", "left_at")
    op.drop_column("providers", "suspended_why")
    op.drop_column("providers", "suspended_at")
    op.drop_table("provider_prices")
    op.drop_column("providers", "prices_until")
    op.drop_table("provider_users")
