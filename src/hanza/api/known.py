"""What a plane remembers of who may do what, and how old that may be.

Promises: nothing is allowed by what was remembered for longer than `FRESH_FOR_S` without asking
the store whether anything changed; nothing is refused by it at all, the store is asked first.  So
what one takes away is gone at all of them within a second, and what it gives is there at once.
The store is asked for one number at most twice a second, however many requests come.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

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
RIGHTS_MAX = 20_000
ANSWERS_MAX = 100_000
"""Of all users in all tenants: who asks for many names, or has many users, fills no memory."""
LOOKED_AT_IN_PASSING = 1000
"""As many patterns as are looked at between two requests of others: about a millisecond."""
Seconds: TypeAlias = Callable[[], float]
K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class TenantKnown:
    """One tenant as it was at one generation; None of it where there is no such tenant."""

    access: TenantAccess | None


class Known:
    """The memory of one plane.  Used from its event loop only."""

    def __init__(self, store: Store, issuer: Issuer, seconds: Seconds = time.monotonic) -> None:
        self._store = store
        self._issuer = issuer
        self._seconds = seconds
        self._asking: asyncio.Future[None] | None = None
        self._asked_at = float("-inf")
        self._doubts = 0
        self._generation = 0
        self._tenants: dict[str, TenantKnown] = {}
        self._rights: dict[tuple[str, str], Rights] = {}
        self._answers: dict[tuple[str, Ask], bool] = {}
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
        self._doubts += 1

    def find(self, tenant: str) -> TenantKnown | None:
        """None when it was not looked up yet."""
        return self._tenants.get(tenant)

    async def allows(self, access: TenantAccess, subject: str, ask: Ask) -> bool:
        """Whether the subject's roles allow it; each question is decided once.

        In a thread where much has to be looked at: no tenant's roles hold up the others.
        """
        answer = self._answers.get((subject, ask))
        if answer is None:
            rights, generation = self._rights_of(subject, access), self._generation
            if rights.weight <= LOOKED_AT_IN_PASSING:
                answer = rights.allows(ask)
            else:
                answer = await asyncio.to_thread(rights.allows, ask)
            if generation != self._generation:
                return answer
            _keep(self._answers, (subject, ask), answer, ANSWERS_MAX)
        return answer

    def _rights_of(self, subject: str, access: TenantAccess) -> Rights:
        key = (access.tenant, subject)
        rights = self._rights.get(key)
        if rights is None:
            rights = rights_of(subject, access)
            _keep(self._rights, key, rights, RIGHTS_MAX)
        return rights

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
                _keep(self._tenants, tenant, TenantKnown(access), TENANTS_MAX)
        return found

    async def _ask(self) -> None:
        began, doubts = self._seconds(), self._doubts
        generation = await asyncio.to_thread(self._store.read, read_generation)
        if generation != self._generation:
            generation, keys, issuers = await asyncio.to_thread(self._store.read, _look)
            self._tenants, self._rights, self._answers = {}, {}, {}
            self._generation = generation
            if (keys, issuers) != (self._keys, self.issuers):
                self.identities += 1
                self._keys, self.issuers = keys, issuers
                if keys:
                    self._issuer.adopt(keys_of(keys))
        if doubts == self._doubts:
            # Otherwise the answer may be of before what was changed meanwhile.
            self._asked_at = began


def _keep(kept: dict[K, V], key: K, value: V, most: int) -> None:
    if len(kept) >= most:
        kept.clear()
    kept[key] = value


def _load(tx: Tx, tenant: str) -> tuple[int, TenantAccess | None]:
    return read_generation(tx), tenant_access(tx, tenant)


def _look(tx: Tx) -> tuple[int, list[SigningKey], tuple[TrustedIssuer, ...]]:
    return read_generation(tx), list_keys(tx), tuple(list_issuers(tx))
