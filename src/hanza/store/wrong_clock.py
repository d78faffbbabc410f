"""What a wall clock that was ahead has left in the store, once it has been put right.

Whatever was to be looked at soon, was leased for seconds or was heard just now would otherwise be
so for as long as the clock was ahead.  To look at something too early does no harm.
"""

from datetime import datetime

import sqlalchemy as sa

from hanza.store.change_tables import roles
from hanza.store.events import list_last_events
from hanza.store.schema import agents, work
from hanza.store.tx import Tx


def last_told_at(tx: Tx) -> datetime | None:
    """When the newest event was, by the clock of whoever wrote it."""
    last = list_last_events(tx, 1)
    return last[0].at if last else None


def pull_back(tx: Tx, now: datetime) -> None:
    """Nothing is later than now: all that waits is due, and nobody has anything for long."""
    for column in (work.c.due_at, work.c.leased_until, roles.c.until, agents.c.heard_at):
        tx.execute(sa.update(column.table).where(column > now).values({column: now}))
