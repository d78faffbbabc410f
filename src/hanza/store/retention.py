"""What is forgotten: events and alerts that are old, or more than the plane keeps.

A little at a time, so that nobody waits for it.  Everything else in the store is bounded by what
there is: of each guest and volume the last report, of each agent the last manifests.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa

from hanza.model.retention import Retention
from hanza.store.schema import alerts, events
from hanza.store.tx import Tx

AT_ONCE = 2000
ALERTS_KEPT_FOR = timedelta(days=90)


def forget_old(tx: Tx, keep: Retention, now: datetime) -> int:
    """Forget some of what is no longer kept, oldest first; how many events."""
    newest = tx.scalar(sa.select(sa.func.max(events.c.serial))) or 0
    oldest = sa.select(events.c.serial, events.c.at).order_by(events.c.serial).limit(AT_ONCE)
    ends_at = now - timedelta(days=keep.days)
    gone = [
        row.serial
        for row in tx.execute(oldest)
        if row.serial <= newest - keep.events or row.at < ends_at
    ]
    if gone:
        # The newest stays, whatever its age: from it serials go on.
        last = min(max(gone), newest - 1)
        tx.execute(sa.delete(events).where(events.c.serial <= last))
    old = sa.select(alerts.c.id).where(alerts.c.at < now - ALERTS_KEPT_FOR).limit(AT_ONCE)
    tx.execute(sa.delete(alerts).where(alerts.c.id.in_(old)))
    return len(gone)
