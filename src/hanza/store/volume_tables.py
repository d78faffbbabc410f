"""The table of volumes: what is wanted of them and where they are; a part of the schema.

`before` is how one stood when the API took a change that its site may not know of yet.
"""

import sqlalchemy as sa

from hanza.store.columns import METADATA, a_count, a_flag, a_json, a_ref, a_text, an_id, an_instant

volumes = sa.Table(
    "volumes",
    METADATA,
    an_id(),
    a_text("tenant"),
    a_text("workspace"),
    a_text("name"),
    a_count("size_mib"),
    a_text("image"),
    a_text("app", nullable=True),
    a_ref("bundle_id", "bundles", nullable=True),
    a_flag("is_ended"),
    an_instant("created_at"),
    a_count("stays", 0),
    a_ref("host_id", "hosts", nullable=True),
    sa.Column("agent_id", sa.Text, sa.ForeignKey("agents.id"), nullable=True, index=True),
    a_count("held_mib", 0),
    a_flag("is_leaving"),
    a_flag("is_made"),
    sa.Column("instance_id", sa.Text, nullable=True, index=True),
    a_json("before"),
    sa.UniqueConstraint("tenant", "workspace", "name"),
)
