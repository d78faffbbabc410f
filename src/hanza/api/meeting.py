"""What a plane knows of the mesh, for a while: who answers in this round, and what that predicts.

Read now and then, whoever asks, since all connections and every explanation ask.
"""

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hanza.kit.clock import Clock
from hanza.kit.log import Log
from hanza.model.ids import AgentId, SiteId
from hanza.plan.coordinates import NOTHING, Fitted, fit
from hanza.plan.mesh import Member, peers_of, round_of
from hanza.store.fits import get_fit, put_fit
from hanza.store.mesh import Answering, all_measured, list_answering
from hanza.store.tx import Store
from hanza.wire import agent_v1 as v1
from hanza.wire.mesh_v1 import pair_key

log = Log("hanza.meeting")
LOOK_EVERY, FIT_EVERY = timedelta(seconds=15), timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Mesh:
    """One round, and those who answer in it."""

    number: int = 0
    answering: tuple[Answering, ...] = ()

    def peers_for(self, agent: AgentId, site: SiteId) -> v1.Peers:
        """Whom an agent asks, with the key of each pair."""
        known = {one.member.agent: one for one in self.answering}
        members: Sequence[Member] = [one.member for one in self.answering]
        asked = (known[one] for one in peers_of(Member(agent, site), members, self.number))
        peers = [
            v1.PeerW(one.member.agent, one.host, one.port, pair_key(one.key, self.number, agent))
            for one in asked
        ]
        return v1.Peers(self.number, peers)


class Meeting:
    """For any number of threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._mesh: Mesh | None = None
        self._fitted = NOTHING
        self._looked_at: datetime | None = None

    def mesh(self, now: datetime) -> Mesh:
        """This round's; who has just begun may be missing for a moment."""
        with self._lock:
            number, known = round_of(now), self._mesh
            if known is None or known.number != number or _is_due(self._looked_at, now):
                found = Mesh(number, self._store.read(list_answering, now))
                # The very same object where nothing is new: who was told it knows that by it.
                self._mesh = known if found == known and known is not None else found
                self._looked_at = now
            assert self._mesh is not None, "it was just read"
            return self._mesh

    @property
    def fitted(self) -> Fitted:
        """Where everybody is, as of the last `refit`: nobody who asks waits for it."""
        return self._fitted

    def refit(self, now: datetime) -> None:
        """Find it anew, by what was measured lately: two CPU seconds for a thousand sites."""
        self._fitted = fit(*self._store.read(all_measured, now))
        if self._store.read(get_fit) != self._fitted:
            self._store.write(put_fit, self._fitted, now)

    def forget(self) -> None:
        """Somebody has begun to answer: look again."""
        with self._lock:
            self._looked_at = None


def _is_due(at: datetime | None, now: datetime) -> bool:
    return at is None or not timedelta(0) <= now - at < LOOK_EVERY


async def refit_for_ever(meeting: Meeting, clock: Clock) -> None:
    """In a thread, now and then; what fails is logged and tried again in its time."""
    while True:
        work = asyncio.to_thread(meeting.refit, clock.now())
        (failure,) = await asyncio.gather(work, return_exceptions=True)
        if failure is not None:
            log.error("meeting.refit_failed", failure)
        await asyncio.sleep(FIT_EVERY.total_seconds())
