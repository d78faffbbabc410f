"""The tables of what agents tell of sites: diaries, checkups, and guests that are not ours."""

import sqlalchemy as sa

from hanza.store.columns import METADATA, a_count, a_text, an_instant

diaries = sa.Table(
    "diaries",
    METADATA,
    sa.Column("agent_id", sa.Text, sa.ForeignKey("agents.id"), primary_key=True),
    a_count("number"),  # of the last line that became an event
)

checkups = sa.Table(
    "checkups",
    METADATA,
    sa.Column("agent_id", sa.Text, sa.ForeignKey("agents.id"), primary_key=True),
    an_instant("at"),
    a_count("score"),
    sa.Column("findings", sa.JSON(none_as_null=True), nullable=False),
)

strangers = sa.Table(
    "strangers",
    METADATA,
    sa.Column("agent_id", sa.Text, sa.ForeignKey("agents.id"), primary_key=True),
    sa.Column("native", sa.Text, primary_key=True),
    a_text("name"),
    a_text("host"),
    a_count("cpus"),
    a_count("memory_mib"),
    a_count("disk_mib"),
    a_text("power"),
    an_instant("since"),
)
