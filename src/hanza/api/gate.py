"""The gate in front of every route: known, not too often, and allowed - in this order.

Promises: no handler runs and no byte of a body is read before it; another tenant is not there at
all (`not_found`), what a role does not allow in one's own is `forbidden`.  A request that brings
a token that was seen before costs no read of the store and no signature.
"""

import asyncio
import ipaddress
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass

from hanza.api.calls import Plane
from hanza.api.foreign import ForeignTokens
from hanza.api.identity import Authenticator, IssuedTokens, Principal, Verifier, token_of
from hanza.api.known import Known, Seconds, TenantKnown
from hanza.api.operator_acts import OperatorActs
from hanza.api.proven import Proven, digest_of
from hanza.api.route import BY_ROLE, KNOWN, OF_PROVIDER, PUBLIC, WATCHER, Right, Route
from hanza.kit.buckets import FAILURES, REQUESTS, Buckets, Rate
from hanza.model.access import UNBOUNDED, Ask
from hanza.model.errors import Forbidden, NotFound, RateLimited, Unauthenticated
from hanza.plan.access import narrowed
from hanza.plan.seca.references import SHARED_TENANTS
from hanza.store.provider_users import role_of

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
        self._known = known
        self._store = plane.store
        self._seconds = seconds
        self._requests = Buckets(limits.requests)
        self._failures = Buckets(limits.failures)
        self._acts = OperatorActs(plane)
        self._proven = Proven(authenticator, known, plane.clock)
        self._rights: dict[Route, Right | None] = {}

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
        await self._authorise(principal, route, names)
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
        digest = digest_of(token)
        principal = self._proven.find(digest) or await self._proved(token, caller)
        if principal.standing == "user" and not self._known.is_fresh:
            # Its key or its issuer may be trusted no longer.  The operator and the watcher are
            # known without the store: they come to see what is wrong with it.
            await self._known.ask()
            principal = self._proven.find(digest) or await self._proved(token, caller)
        if not principal.is_operator:
            # An issuer gives as many tokens as one likes, so they are not what is counted.
            wait = self._requests.take((principal.name, principal.tenants), self._seconds())
            if wait:
                raise _limited(f"{principal.name} asks too often", wait)
        return principal

    async def authorise(self, principal: Principal, route: Route, names: Mapping[str, str]) -> None:
        """For whoever was admitted and is still there.  Raises why they may no longer be."""
        if principal.standing == "user":
            await self._ask_unless_fresh()
            await self._proven.check_still(principal)
        await self._authorise(principal, route, names)

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

    async def _ask_unless_fresh(self) -> None:
        if not self._known.is_fresh:
            await self._known.ask()

    async def _authorise(
        self, principal: Principal, route: Route, names: Mapping[str, str]
    ) -> None:
        """Raises why not, and never by what was remembered alone."""
        if principal.is_operator:
            return
        if route.permission == BY_ROLE:
            await self._ask_unless_fresh()
        try:
            await self._decide(principal, route, names)
        except (Forbidden, NotFound):
            if route.permission != BY_ROLE:
                raise
            await self._known.ask()
            await self._decide(principal, route, names)

    def _refuse_stranger(self, caller: Caller) -> None:
        wait = self._failures.wait_of(_network_of(caller.address), self._seconds())
        if wait:
            raise _limited("too many tries without a good token from this address", wait)

    async def _proved(self, token: str, caller: Caller) -> Principal:
        self._refuse_stranger(caller)
        try:
            return await self._proven.prove(token)
        except Unauthenticated:
            self.note_failure(caller)
            raise

    async def _decide(self, principal: Principal, route: Route, names: Mapping[str, str]) -> None:
        if route.permission == OF_PROVIDER:
            await self._decide_by_provider(principal, route, names["provider"])
            return
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

    async def _decide_by_provider(self, principal: Principal, route: Route, provider: str) -> None:
        """The store is asked each time: who acts for a provider does so seldom."""
        role = None
        if principal.standing == "user":
            role = await asyncio.to_thread(self._store.read, role_of, provider, principal.name)
        if role is None:
            raise Forbidden(f"{principal.name} does not act for provider {provider!r}")
        if principal.scope not in (None, UNBOUNDED):
            raise Forbidden("this token is for things of tenants only")
        if route.method != "GET" and role != "admin":
            raise Forbidden(f"{principal.name} only looks at what is of provider {provider!r}")

    async def _decide_by_role(self, principal: Principal, known: TenantKnown, ask: Ask) -> None:
        access = known.access
        if access is None:
            raise _no_tenant(ask.tenant)
        if not principal.is_vouched_for and principal.name not in access.users:
            raise _no_tenant(ask.tenant)
        if not narrowed(principal.scope, ask):
            raise Forbidden(f"this token is not for {_words(ask)}")
        if not await self._known.allows(access, principal.name, ask):
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
        await self._ask_unless_fresh()
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
