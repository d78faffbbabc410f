"""The tables of releases, of who has which, and of how they are rolled out."""

import sqlalchemy as sa

from hanza.store.columns import METADATA, a_count, a_flag, a_json, a_text, an_id, an_instant

release_keys = sa.Table(
    "release_keys",
    METADATA,
    an_id(),  # the public key, as 64 hexadecimal digits
    an_instant("created_at"),
    # Its own signature that it counts no more.
    sa.Column("revocation", sa.LargeBinary, nullable=True),
)

releases = sa.Table(
    "releases",
    METADATA,
    sa.Column("version", sa.Text, primary_key=True),
    sa.Column("tag", sa.Text, primary_key=True),
    a_text("digest"),
    a_count("size"),
    sa.Column("statement", sa.LargeBinary, nullable=False),
    sa.Column("key", sa.LargeBinary, nullable=False),
    sa.Column("signature", sa.LargeBinary, nullable=False),
    an_instant("expires_at"),
    an_instant("created_at"),
)

agent_releases = sa.Table(
    "agent_releases",
    METADATA,
    sa.Column("agent_id", sa.Text, sa.ForeignKey("agents.id"), primary_key=True),
    a_text("version"),
    a_text("tag"),
    a_text("consent"),
    a_json("words"),
    a_json("keys"),
    a_flag("can_return"),
    a_text("condition"),
    a_text("about"),
    a_count("attempt"),
    a_text("why"),
    an_instant("linked_since"),
)

rollouts = sa.Table(
    "rollouts",
    METADATA,
    an_id(),
    a_text("version"),
    a_text("state"),  # running, halted, or replaced
    a_json("rings"),
    a_json("rules"),
    a_count("attempt"),
    a_count("number"),  # of the last change of any of them
    a_text("why"),
    a_text("by"),
    an_instant("created_at"),
)

rollout_asks = sa.Table(
    "rollout_asks",
    METADATA,
    sa.Column("rollout_id", sa.Text, sa.ForeignKey("rollouts.id"), primary_key=True),
    sa.Column("agent_id", sa.Text, sa.ForeignKey("agents.id"), primary_key=True),
    an_instant("asked_at"),
    a_text("failed", nullable=True),  # why, in the agent's words
)

provider_updates = sa.Table(
    "provider_updates",
    METADATA,
    sa.Column("provider_id", sa.Text, sa.ForeignKey("providers.id"), primary_key=True),
    a_text("consent"),
    a_json("words"),
    an_instant("changed_at"),
)
