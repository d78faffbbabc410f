"""Whether this plane can do its work now, cheaply, however often anybody asks.

A plane is ready when its store took a write lately, has this release's schema, and its engine
goes round.  One proof is under way at a time and serves all who ask for a while; a store that
hangs makes nobody wait longer than `PROOF_WITHIN_S` and queues nothing more behind itself.
"""

import asyncio
from collections.abc import Sequence

from hanza.api.calls import Plane
from hanza.kit.pulse import Pulse
from hanza.store.health import ask_for_proof

PROOF_GOOD_FOR_S = 2.0
PROOF_WITHIN_S = 2.0
ROUND_WITHIN_S = 20.0
"""Twice as long as the engine waits for a locked database before it counts the round as failed."""


class Readiness:
    def __init__(self, plane: Plane, pulse: Pulse | None) -> None:
        """`pulse` is the engine's; None where none runs in this process."""
        self._plane = plane
        self._pulse = pulse
        self._proof: asyncio.Future[Sequence[str]] | None = None
        self._asked_at = 0.0

    async def troubles(self) -> list[str]:
        """Why it is not ready, in words that tell nothing secret; empty when it is."""
        return [*await self._store_troubles(), *self._engine_troubles()]

    async def _store_troubles(self) -> Sequence[str]:
        plane, now = self._plane, asyncio.get_running_loop().time()
        is_old = now - self._asked_at > PROOF_GOOD_FOR_S
        if self._proof is None or (self._proof.done() and is_old):
            asked = ask_for_proof(plane.store, plane.ids, plane.clock)
            self._proof, self._asked_at = asyncio.wrap_future(asked), now
        left_s = max(PROOF_WITHIN_S - (now - self._asked_at), 0.0)
        done, _ = await asyncio.wait([self._proof], timeout=left_s)
        if not done:
            return [
                "the store has taken no write for some seconds: it is locked or does not answer"
            ]
        return self._proof.result()

    def _engine_troubles(self) -> list[str]:
        if self._pulse is None:
            return ["no engine runs in this process"]
        if self._pulse.silent_for_s() > ROUND_WITHIN_S:
            return ["the engine has not gone round for some seconds"]
        return []
