"""That nobody was listening for a while: told once, by the plane that listens again.

Agents have a row in the schedule for as long as they are not told to be silent.  When the last
word of all of these is older than heartbeats leave it, no plane was there to hear them: what
follows is the planes' own gap, and is blamed on no site.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa

from hanza.store.events import append_event
from hanza.store.schema import agents, work
from hanza.store.tx import Tx

USUAL_GAP = timedelta(seconds=20)
"""Two heartbeats: no shorter absence can be told from agents that were just not due."""


def tell_absence(tx: Tx, plane: str, now: datetime) -> bool:
    """For a plane that begins to listen; whether there was an absence to tell of."""
    listened = sa.select(work.c.ref).where(work.c.kind == "listen")
    last: datetime | None = tx.scalar(
        sa.select(sa.func.max(agents.c.heard_at)).where(agents.c.id.in_(listened))
    )
    if last is None or now - last < USUAL_GAP:
        return False
    text = (
        f"a plane is there again; none heard anybody from {last:%H:%M:%S} UTC to {now:%H:%M:%S} UTC"
    )
    append_event(tx, now, "plane.back", plane, text)
    return True
