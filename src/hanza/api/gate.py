"""The gate in front of every route: known, not too often, and allowed - in this order.

Promises: no handler runs and no byte of a body is read before it; another tenant is not there at
all (`not_found`), what a role does not allow in one's own is `forbidden`.  A request that brings
a token that was seen before costs no read of the store and no signature.
"""

import asyncio
import hashlib
import ipaddress
import math
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from hanza.api.calls import Plane
from hanza.api.foreign import ForeignTokens
from hanza.api.identity import Authenticator, IssuedTokens, Principal, Verifier, token_of
from hanza.api.known import Known, Seconds, TenantKnown
from hanza.api.operator_acts import OperatorActs
from hanza.api.route import BY_ROLE, KNOWN, PUBLIC, WATCHER, Right, Route
from hanza.kit.buckets import FAILURES, REQUESTS, Buckets, Rate
from hanza.model.access import Ask
from hanza.model.errors import Forbidden, NotFound, RateLimited, Unauthenticated
from hanza.plan.access import narrowed
from hanza.plan.seca.references import SHARED_TENANTS

TOKENS_MAX = 20_000
REMEMBERED_FOR = timedelta(minutes=10)
"""A token is looked at anew after this: its issuer may have changed its keys."""
VERIFYING_AT_ONCE = 8
"""Threads of their own: who waits for a slow issuer holds up nobody whose token is known."""
IPV6_NETWORK_BITS = 64
"""Who has an IPv6 address has all of its network."""


@dataclass(frozen=True, slots=True)
class CallLimits:
    """What one caller may ask of a plane."""

    requests: Rate = REQUESTS
    """How often each user may ask, with however many tokens for the same tenants."""
    failures: Rate = FAILURES
    """How often each address may come without a good one."""
    body_within_s: float = 30.0
    """For all of a document, which has a megabyte at most."""


CALL_LIMITS = CallLimits()


@dataclass(frozen=True, slots=True)
class Caller:
    """What a request says of who calls, and where it comes from."""

    authorization: str | None
    address: str


@dataclass(frozen=True, slots=True)
class _Seen:
    """A token that was found good."""

    principal: Principal
    until: datetime


class Gate:
    """The gate of one plane.  Used from its event loop only."""

    def __init__(
        self,
        plane: Plane,
        authenticator: Authenticator,
        known: Known,
        limits: CallLimits = CALL_LIMITS,
        seconds: Seconds = time.monotonic,
    ) -> None:
        self.limits = limits
        self._clock = plane.clock
        self._authenticator = authenticator
        self._known = known
        self._seconds = seconds
        self._requests = Buckets(limits.requests)
        self._failures = Buckets(limits.failures)
        self._acts = OperatorActs(plane)
        self._seen: dict[bytes, _Seen] = {}
        self._identities = known.identities
        self._rights: dict[Route, Right | None] = {}
        self._verifying = ThreadPoolExecutor(VERIFYING_AT_ONCE, "verify")

    async def admit(
        self, route: Route, names: Mapping[str, str], caller: Caller
    ) -> Principal | None:
        """Who calls, if they may; None where nobody is asked.

        Raises `Unauthenticated`, `RateLimited`, `Forbidden`, `NotFound` or `StoreUnavailable`.
        """
        if route.permission == PUBLIC:
            self._refuse_stranger(caller)
            return None
        principal = await self.identify(caller)
        await self.authorise(principal, route, names)
        if principal.is_operator and route.permission == BY_ROLE:
            await self._note(route, names)
        return principal

    async def identify(self, caller: Caller) -> Principal:
        """Whoever bears the token; a stranger who tries too often is sent away."""
        try:
            token = token_of(caller.authorization)
        except Unauthenticated:
            self.note_failure(caller)
            raise
        digest = hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
        principal = self._remembered(digest) or await self._verified(token, digest, caller)
        if principal.standing == "user" and not self._known.is_fresh:
            # Its key or its issuer may be trusted no longer.  The operator and the watcher are
            # known without the store: they come to see what is wrong with it.
            await self._known.ask()
            principal = self._remembered(digest) or await self._verified(token, digest, caller)
        if not principal.is_operator:
            # An issuer gives as many tokens as one likes, so they are not what is counted.
            wait = self._requests.take((principal.name, principal.tenants), self._seconds())
            if wait:
                raise _limited(f"{principal.name} asks too often", wait)
        return principal

    async def authorise(self, principal: Principal, route: Route, names: Mapping[str, str]) -> None:
        """Raises why not, and never by what was remembered alone."""
        if principal.is_operator:
            return
        if route.permission == BY_ROLE and not self._known.is_fresh:
            await self._known.ask()
        try:
            await self._decide(principal, route, names)
        except (Forbidden, NotFound):
            if route.permission != BY_ROLE:
                raise
            await self._known.ask()
            await self._decide(principal, route, names)

    def note_done(self, route: Route) -> None:
        """What was changed by way of this plane is so at once at this plane."""
        if route.changes_access:
            self._known.doubt()

    def note_failure(self, caller: Caller) -> None:
        """Somebody at this address could not prove who they are.  Raises `RateLimited` when that
        was once too often."""
        wait = self._failures.take(_network_of(caller.address), self._seconds())
        if wait:
            raise _limited("too many tries without a good token from this address", wait)

    # -- inside -------------------------------------------------------------------------------

    def _refuse_stranger(self, caller: Caller) -> None:
        wait = self._failures.wait_of(_network_of(caller.address), self._seconds())
        if wait:
            raise _limited("too many tries without a good token from this address", wait)

    def _forget_if_changed(self) -> None:
        """Whose tokens are good is another question than it was."""
        if self._identities != self._known.identities:
            self._identities = self._known.identities
            self._seen.clear()

    def _remembered(self, digest: bytes) -> Principal | None:
        self._forget_if_changed()
        seen = self._seen.get(digest)
        if seen is None:
            return None
        if seen.until <= self._clock.now():
            del self._seen[digest]
            return None
        return seen.principal

    async def _verified(self, token: str, digest: bytes, caller: Caller) -> Principal:
        self._refuse_stranger(caller)
        try:
            principal = await self._verify(token)
        except Unauthenticated:
            self.note_failure(caller)
            raise
        self._forget_if_changed()
        now = self._clock.now()
        until = min(principal.expires_at or now + REMEMBERED_FOR, now + REMEMBERED_FOR)
        if len(self._seen) >= TOKENS_MAX:
            self._seen.clear()
        self._seen[digest] = _Seen(principal, until)
        return principal

    async def _verify(self, token: str) -> Principal:
        """In a thread, since an issuer of others may have to be asked for its keys."""
        loop, principal_of = asyncio.get_running_loop(), self._authenticator.principal_of
        try:
            return await loop.run_in_executor(self._verifying, principal_of, token)
        except Unauthenticated:
            # Another plane may have changed the keys a moment ago.
            before = self._known.identities
            await self._known.ask()
            if before == self._known.identities:
                raise
            return await loop.run_in_executor(self._verifying, principal_of, token)

    async def _decide(self, principal: Principal, route: Route, names: Mapping[str, str]) -> None:
        if route.permission != BY_ROLE:
            _decide_by_standing(principal, route)
            return
        if principal.standing != "user":
            raise Forbidden(f"{principal.name} may see nothing of tenants")
        tenant = names["tenant"]
        if route.is_shared and tenant in SHARED_TENANTS:
            return
        if tenant not in principal.tenants:
            raise _no_tenant(tenant)
        known = self._known.find(tenant) or await self._known.load(tenant)
        await self._decide_by_role(principal, known, self._right_of(route).ask(names))

    async def _decide_by_role(self, principal: Principal, known: TenantKnown, ask: Ask) -> None:
        access = known.access
        if access is None:
            raise _no_tenant(ask.tenant)
        if not principal.is_vouched_for and principal.name not in access.users:
            raise _no_tenant(ask.tenant)
        if not narrowed(principal.scope, ask):
            raise Forbidden(f"this token is not for {_words(ask)}")
        if not await known.answers_of(principal.name).allow(ask):
            raise Forbidden(
                f"{principal.name} may not {_words(ask)}",
                hint=f"a role with {ask.verb} on {ask.resource} of {ask.provider} is needed",
            )

    def _right_of(self, route: Route) -> Right:
        right = self._rights.get(route)
        if right is None:
            right = self._rights[route] = route.right
        assert right is not None, "asked for routes of roles only"
        return right

    async def _note(self, route: Route, names: Mapping[str, str]) -> None:
        """Before it happens: what the operator does with a tenant's things, the tenant sees."""
        tenant = names["tenant"]
        known = self._known.find(tenant) or await self._known.load(tenant)
        if known.access is not None:
            await self._acts.note(self._right_of(route).ask(names), self._seconds())


def _decide_by_standing(principal: Principal, route: Route) -> None:
    standing = principal.standing
    if route.permission == KNOWN and standing == "user":
        return
    if route.permission == WATCHER and standing == "watcher":
        return
    raise Forbidden(f"{principal.name} may not do this: it is the {_whose(route)}'s")


def _whose(route: Route) -> str:
    return {KNOWN: "tenants' user", WATCHER: "watcher"}.get(route.permission, "operator")


def _no_tenant(tenant: str) -> NotFound:
    """Also where it is only not for who asks: others' existence is nobody's business."""
    return NotFound(f"there is no tenant {tenant!r}", field="tenant")


def _limited(text: str, wait_s: float) -> RateLimited:
    seconds = max(1, math.ceil(wait_s))
    return RateLimited(text, seconds, hint=f"wait {seconds} s, and ask less often")


def _words(ask: Ask) -> str:
    inside = f" in workspace {ask.workspace}" if ask.workspace else ""
    return f"{ask.verb} {ask.resource}{inside}"


def _network_of(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return address
    return str(ipaddress.ip_network((found, IPV6_NETWORK_BITS), strict=False))


def build_gate(
    plane: Plane,
    *verifiers: Verifier,
    limits: CallLimits = CALL_LIMITS,
    seconds: Seconds = time.monotonic,
) -> Gate:
    """The gate of a plane that knows whom these verifiers know, and after them its own users."""
    known = Known(plane.store, plane.issuer, seconds)
    foreign = ForeignTokens(lambda: known.issuers, plane.clock)
    issued = IssuedTokens(plane.issuer, plane.clock)
    return Gate(plane, Authenticator(*verifiers, foreign, issued), known, limits, seconds)
