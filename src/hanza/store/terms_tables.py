"""The tables of providers' own terms; a part of the schema, which has them too.

`tenant` is empty where a row counts what all tenants have of a provider.
"""

import sqlalchemy as sa

from hanza.model.quota import DIMENSIONS
from hanza.store.columns import METADATA, a_count, a_json, a_limit, an_instant


def _a_provider() -> "sa.Column[str]":
    return sa.Column("provider_id", sa.Text, sa.ForeignKey("providers.id"), primary_key=True)


provider_terms = sa.Table(
    "provider_terms",
    METADATA,
    _a_provider(),
    *(a_limit(f"each_{one}") for one in DIMENSIONS),
    *(a_limit(f"total_{one}") for one in DIMENSIONS),
    a_json("denied"),
    a_json("tenant_countries"),
    a_json("data_classes"),
    a_count("version", 1),
    an_instant("changed_at"),
)

provider_shards = sa.Table(
    "provider_shards",
    METADATA,
    _a_provider(),
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("shard", sa.BigInteger, primary_key=True, autoincrement=False),
    *(a_count(f"used_{one}", 0) for one in DIMENSIONS),
    *(a_limit(f"part_{one}") for one in DIMENSIONS),
)
