"""Tokens that were found good, and whose they are.

Promises: nothing is remembered beyond the token's end, for longer than `REMEMBERED_FOR`, or after
a key or an issuer changed; what was found good while one changed is not remembered at all.
"""

import asyncio
import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hanza.api.identity import Authenticator, Principal
from hanza.api.known import Known
from hanza.kit.clock import Clock
from hanza.model.errors import Unauthenticated

TOKENS_MAX = 20_000
REMEMBERED_FOR = timedelta(minutes=10)
"""A token is looked at anew after this: its issuer may have changed its keys."""

VERIFYING_AT_ONCE = 8
"""Threads of their own: who waits for a slow issuer holds up nobody whose token is known."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """A token that was found good."""

    principal: Principal
    until: datetime


class Proven:
    """The memory of one plane.  Used from its event loop only."""

    def __init__(self, authenticator: Authenticator, known: Known, clock: Clock) -> None:
        self._authenticator = authenticator
        self._known = known
        self._clock = clock
        self._seen: dict[bytes, _Seen] = {}
        self._identities = known.identities
        self._verifying = ThreadPoolExecutor(VERIFYING_AT_ONCE, "verify")

    def find(self, digest: bytes) -> Principal | None:
        """Whose the token is, if that is remembered."""
        self._forget_if_changed()
        seen = self._seen.get(digest)
        if seen is None:
            return None
        if seen.until <= self._clock.now():
            del self._seen[digest]
            return None
        return seen.principal

    async def prove(self, token: str) -> Principal:
        """Whose the token is.  Raises `Unauthenticated`."""
        principal, identities = await self._verified(token)
        self._forget_if_changed()
        if identities == self._identities:
            now, ends_at = self._clock.now(), principal.expires_at
            until = min(ends_at or now + REMEMBERED_FOR, now + REMEMBERED_FOR)
            if len(self._seen) >= TOKENS_MAX:
                self._seen.clear()
            self._seen[digest_of(token)] = _Seen(principal, until)
        return principal

    async def check_still(self, principal: Principal) -> None:
        """Raises `Unauthenticated` when the token is good no more: it ended, or its key did."""
        if self.find(digest_of(principal.token)) is None:
            await self.prove(principal.token)

    def _forget_if_changed(self) -> None:
        """Whose tokens are good is another question than it was."""
        if self._identities != self._known.identities:
            self._identities = self._known.identities
            self._seen.clear()

    async def _verified(self, token: str) -> tuple[Principal, int]:
        """Also which keys and issuers it was found good by."""
        identities = self._known.identities
        try:
            return await self._verify(token), identities
        except Unauthenticated:
            # Another plane may have changed the keys a moment ago.
            await self._known.ask()
            if identities == self._known.identities:
                raise
            identities = self._known.identities
            return await self._verify(token), identities

    async def _verify(self, token: str) -> Principal:
        """In a thread, since an issuer of others may have to be asked for its keys."""
        loop, principal_of = asyncio.get_running_loop(), self._authenticator.principal_of
        principal = await loop.run_in_executor(self._verifying, principal_of, token)
        return replace(principal, token=token)


def digest_of(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
