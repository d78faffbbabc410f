"""What a plane remembers of who may do what, and how old that may be.

Promises: nothing is allowed by what was remembered for longer than `FRESH_FOR_S` without asking
the store whether anything changed; nothing is refused by it at all, the store is asked first.  So
what one takes away is gone at all of them within a second, and what it gives is there at once.
The store is asked for one number at most twice a second, however many requests come.
"""

import asyncio
import time
from collections.abc import Callable
from typing import TypeAlias

from hanza.model.access import Ask, TenantAccess
from hanza.model.issuer import SigningKey, TrustedIssuer
from hanza.plan.access import Rights, rights_of
from hanza.store.access import read_generation, tenant_access
from hanza.store.issuers import list_issuers
from hanza.store.signing_keys import list_keys
from hanza.store.tx import Store, Tx
from hanza.wire.tokens import Issuer, keys_of

FRESH_FOR_S = 0.5
TENANTS_MAX = 2000
ANSWERS_MAX = 2000
LOOKED_AT_IN_PASSING = 1000
"""As many patterns as are looked at between two requests of others: about a millisecond."""
Seconds: TypeAlias = Callable[[], float]


class Answers:
    """What one user may do in one tenant; each question is decided once."""

    def __init__(self, rights: Rights) -> None:
        self._rights = rights
        self._answers: dict[Ask, bool] = {}

    async def allow(self, ask: Ask) -> bool:
        """In a thread where much has to be looked at: no tenant's roles hold up the others."""
        answer = self._answers.get(ask)
        if answer is None:
            is_much = self._rights.weight > LOOKED_AT_IN_PASSING
            found = asyncio.to_thread(self._rights.allows, ask) if is_much else None
            answer = self._rights.allows(ask) if found is None else await found
            if len(self._answers) >= ANSWERS_MAX:
                self._answers.clear()
            self._answers[ask] = answer
        return answer


class TenantKnown:
    """One tenant as it was at one generation; None of it where there is no such tenant."""

    def __init__(self, access: TenantAccess | None) -> None:
        self.access = access
        self._answers: dict[str, Answers] = {}

    def answers_of(self, subject: str) -> Answers:
        found = self._answers.get(subject)
        if found is None:
            assert self.access is not None, "the tenant is there"
            found = self._answers[subject] = Answers(rights_of(subject, self.access))
        return found


class Known:
    """The memory of one plane.  Used from its event loop only."""

    def __init__(self, store: Store, issuer: Issuer, seconds: Seconds = time.monotonic) -> None:
        self._store = store
        self._issuer = issuer
        self._seconds = seconds
        self._asking: asyncio.Future[None] | None = None
        self._asked_at = float("-inf")
        self._generation = 0
        self._tenants: dict[str, TenantKnown] = {}
        self._keys: list[SigningKey] = []
        self.issuers: tuple[TrustedIssuer, ...] = ()
        self.identities = 0
        """Changes with every change of whose tokens are good."""

    @property
    def is_fresh(self) -> bool:
        return self._seconds() - self._asked_at <= FRESH_FOR_S

    def doubt(self) -> None:
        """Something may have changed just now: whoever comes next asks."""
        self._asked_at = float("-inf")

    def find(self, tenant: str) -> TenantKnown | None:
        """None when it was not looked up yet."""
        return self._tenants.get(tenant)

    async def ask(self) -> None:
        """Ask the store whether anything changed since.  Raises `StoreUnavailable`.

        Whoever comes while it is being asked waits for the next answer, not for that one: a
        change that was committed before this call is seen.
        """
        running = self._asking
        if running is not None and not running.done():
            await asyncio.wait([running])
        asking = self._asking
        if asking is None or asking is running:
            asking = self._asking = asyncio.ensure_future(self._ask())
        await asyncio.shield(asking)

    async def load(self, tenant: str) -> TenantKnown:
        """Look a tenant up."""
        while (found := self._tenants.get(tenant)) is None:
            generation, access = await asyncio.to_thread(self._store.read, _load, tenant)
            if generation != self._generation:
                await self.ask()
            if generation == self._generation:
                if len(self._tenants) >= TENANTS_MAX:
                    self._tenants.clear()
                self._tenants[tenant] = TenantKnown(access)
        return found

    async def _ask(self) -> None:
        began = self._seconds()
        generation = await asyncio.to_thread(self._store.read, read_generation)
        if generation != self._generation:
            generation, keys, issuers = await asyncio.to_thread(self._store.read, _look)
            self._tenants = {}
            self._generation = generation
            if (keys, issuers) != (self._keys, self.issuers):
                self.identities += 1
                self._keys, self.issuers = keys, issuers
                if keys:
                    self._issuer.adopt(keys_of(keys))
        self._asked_at = began


def _load(tx: Tx, tenant: str) -> tuple[int, TenantAccess | None]:
    return read_generation(tx), tenant_access(tx, tenant)


def _look(tx: Tx) -> tuple[int, list[SigningKey], tuple[TrustedIssuer, ...]]:
    return read_generation(tx), list_keys(tx), tuple(list_issuers(tx))
