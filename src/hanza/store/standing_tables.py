"""The tables of what providers say of themselves; a part of the schema, which has them too.

`provider_users` are who may say it.  `reasons` is what the offering pass has found: why a site
takes nothing new now; every other column here is a provider's own word.
"""

import sqlalchemy as sa

from hanza.store.columns import METADATA, a_json, a_ref, a_text, an_id, an_instant

provider_users = sa.Table(
    "provider_users",
    METADATA,
    sa.Column("provider_id", sa.Text, sa.ForeignKey("providers.id"), primary_key=True),
    sa.Column("subject", sa.Text, primary_key=True),
    a_text("role"),
    an_instant("created_at"),
)

provider_prices = sa.Table(
    "provider_prices",
    METADATA,
    an_id(),
    a_ref("provider_id", "providers"),
    an_instant("begins_at"),
    an_instant("ends_at", nullable=True),
    sa.Column("price_cpu_hour", sa.BigInteger),
    sa.Column("price_gib_hour", sa.BigInteger),
    sa.Column("price_disk_gib_hour", sa.BigInteger),
    an_instant("announced_at"),
    sa.Index("ix_provider_prices_provider_id", "provider_id"),
)

site_standings = sa.Table(
    "site_standings",
    METADATA,
    sa.Column("site_id", sa.Text, sa.ForeignKey("sites.id"), primary_key=True),
    an_instant("cordoned_at", nullable=True),
    a_text("cordoned_why", nullable=True),
    an_instant("draining_since", nullable=True),
    an_instant("drain_by", nullable=True),
    sa.Column("drain_began_with", sa.BigInteger),
    a_text("drain_told", nullable=True),
    an_instant("leaving_since", nullable=True),
    an_instant("leave_at", nullable=True),
    a_text("zone", nullable=True),
    a_json("hours"),
    a_json("reasons"),
)

maintenance_windows = sa.Table(
    "maintenance_windows",
    METADATA,
    an_id(),
    a_ref("site_id", "sites"),
    an_instant("begins_at"),
    an_instant("ends_at"),
    a_text("text"),
    an_instant("announced_at"),
    sa.Index("ix_maintenance_windows_site_id", "site_id"),
)

claim_ends = sa.Table(
    "claim_ends",
    METADATA,
    sa.Column("member_id", sa.Text, primary_key=True),  # a provider's or a site's
    sa.Column("attribute", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, primary_key=True),
    an_instant("ends_at"),
)
"""What is claimed until then, and not after: the row stays, so that telling it again changes
nothing."""
