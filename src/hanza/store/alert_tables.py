"""The tables of alerts: where they go, and each of them until it is there or given up."""

import sqlalchemy as sa

from hanza.store.columns import METADATA, a_count, a_flag, a_text, an_id, an_instant

alert_hooks = sa.Table(
    "alert_hooks",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    a_text("url"),
    sa.Column("secret", sa.LargeBinary, nullable=False),
    a_flag("is_private"),
    an_instant("created_at"),
)

alerts = sa.Table(
    "alerts",
    METADATA,
    an_id(),
    a_text("hook"),
    a_text("kind"),
    a_text("subject"),
    a_text("text"),
    an_instant("at"),
    a_count("tries", 0),
    an_instant("due_at"),
    an_instant("sent_at", nullable=True),
    an_instant("dead_at", nullable=True),
    a_text("error", nullable=True),
    sa.Index("ix_alerts_due_at", "due_at"),
)
