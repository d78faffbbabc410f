"""The tables of policies that are kept, and of what violates them; a part of the schema."""

import sqlalchemy as sa

from hanza.store.columns import METADATA, a_count, a_text, an_instant

policies = sa.Table(
    "policies",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("workspace", sa.Text, primary_key=True),
    sa.Column("policy", sa.JSON(none_as_null=True), nullable=False),
    a_count("version", 1),
    an_instant("changed_at"),
)

violations = sa.Table(
    "violations",
    METADATA,
    sa.Column("instance_id", sa.Text, primary_key=True),
    sa.Column("level", sa.Text, primary_key=True),
    sa.Column("rule", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("tenant", sa.Text, nullable=False, index=True),
    a_text("sentence"),
    an_instant("since"),
)
