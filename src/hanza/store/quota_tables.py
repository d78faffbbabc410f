"""The tables of quotas and of what is counted; a part of the schema, which has them too.

`workspace` is empty where a row is about the whole tenant.
"""

import sqlalchemy as sa

from hanza.model.quota import DIMENSIONS
from hanza.store.columns import METADATA, a_count, a_limit, an_instant

quotas = sa.Table(
    "quotas",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("workspace", sa.Text, primary_key=True),
    *(a_limit(one) for one in DIMENSIONS),
    a_count("version", 1),
    an_instant("changed_at"),
)

quota_shards = sa.Table(
    "quota_shards",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("workspace", sa.Text, primary_key=True),
    sa.Column("shard", sa.BigInteger, primary_key=True, autoincrement=False),
    *(a_count(f"used_{one}", 0) for one in DIMENSIONS),
    *(a_limit(f"part_{one}") for one in DIMENSIONS),
)
