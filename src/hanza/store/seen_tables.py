"""The tables of what agents report: runs and volumes of ours, and what bears our mark unasked."""

import sqlalchemy as sa

from hanza.store.columns import METADATA, a_count, a_text, an_instant

seen = sa.Table(
    "seen",
    METADATA,
    sa.Column("instance_id", sa.Text, sa.ForeignKey("instances.id"), primary_key=True),
    a_count("run_epoch"),
    sa.Column("agent_id", sa.Text, sa.ForeignKey("agents.id"), nullable=False, index=True),
    a_text("role"),
    a_text("presence"),
    a_text("native", nullable=True),
    a_text("power", nullable=True),
    a_text("boot"),
    a_text("serial_tail"),
    a_text("problem_code", nullable=True),
    a_text("problem_text", nullable=True),
    an_instant("problem_since", nullable=True),
    an_instant("seen_at"),
)

seen_volumes = sa.Table(
    "seen_volumes",
    METADATA,
    sa.Column("volume_id", sa.Text, sa.ForeignKey("volumes.id"), primary_key=True),
    a_count("stay"),
    sa.Column("agent_id", sa.Text, sa.ForeignKey("agents.id"), nullable=False, index=True),
    a_text("role"),
    a_text("presence"),
    sa.Column("size_mib", sa.BigInteger),
    a_text("problem_code", nullable=True),
    a_text("problem_text", nullable=True),
    an_instant("problem_since", nullable=True),
    an_instant("seen_at"),
)

orphan_volumes = sa.Table(
    "orphan_volumes",
    METADATA,
    sa.Column("agent_id", sa.Text, sa.ForeignKey("agents.id"), primary_key=True),
    sa.Column("native", sa.Text, primary_key=True),
    a_text("volume_id"),
    a_text("host"),
    a_count("size_mib"),
    an_instant("since"),
)

orphans = sa.Table(
    "orphans",
    METADATA,
    sa.Column("agent_id", sa.Text, sa.ForeignKey("agents.id"), primary_key=True),
    sa.Column("native", sa.Text, primary_key=True),
    a_text("owner"),
    a_count("run_epoch"),
    a_text("host"),
    a_text("power"),
    an_instant("since"),
)
