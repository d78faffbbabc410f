"""Who is calling, what they may do, and whose things they may see.

An `Authenticator` asks its verifiers in turn: the operator's token, the federation's own issuer,
and whatever else implements `Verifier`; that protocol is the door for issuers of others.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from hanza.kit.clock import Clock
from hanza.model.errors import Forbidden, NotFound, Unauthenticated
from hanza.wire.tokens import Issuer, looks_like_token

PUBLIC = "public"
"""The permission of routes that need no token: they prove the caller in another way, or tell
only what all may know."""

MEMBER = frozenset(
    {
        "activity-log:read",
        "block-storage:read",
        "block-storage:write",
        "event:follow",
        "federation:image:read",
        "image:read",
        "image:write",
        "instance:console",
        "instance:power",
        "instance:read",
        "instance:write",
        "internet-gateway:read",
        "internet-gateway:write",
        "network:read",
        "network:write",
        "nic:read",
        "nic:write",
        "policy:read",
        "policy:write",
        "provider:read",
        "public-ip:read",
        "public-ip:write",
        "quota:read",
        "quote:ask",
        "region:read",
        "role-assignment:read",
        "role-assignment:write",
        "role:read",
        "role:write",
        "routing-table:read",
        "routing-table:write",
        "security-group-rule:read",
        "security-group-rule:write",
        "security-group:read",
        "security-group:write",
        "site:read",
        "sku:read",
        "subnet:read",
        "subnet:write",
        "tenant:read",
        "volume:read",
        "volume:write",
        "workspace:quota:write",
        "workspace:read",
        "workspace:write",
    }
)
"""What belonging to a tenant allows, within that tenant.  All else is the operator's."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Someone we know.  In `permissions` and `tenants`, `*` is all of them."""

    name: str
    permissions: frozenset[str]
    tenants: frozenset[str] = frozenset()

    def require(self, permission: str) -> None:
        """Raises `Forbidden` unless the principal has the permission."""
        if permission not in self.permissions and "*" not in self.permissions:
            raise Forbidden(f"{self.name} may not {permission}")

    def require_tenant(self, tenant: str) -> None:
        """Raises `NotFound`, not `Forbidden`: others' existence is nobody's business."""
        if tenant not in self.tenants and "*" not in self.tenants:
            raise NotFound(f"there is no tenant {tenant!r}", field="tenant")


class Verifier(Protocol):
    def principal_of(self, token: str) -> Principal | None:
        """Who bears this token; None when it is not for this verifier to say.

        Raises `Unauthenticated` for one that is its own and not good.
        """


class Authenticator:
    """Knows whoever one of its verifiers knows, by a bearer token (RFC 6750)."""

    def __init__(self, *verifiers: Verifier) -> None:
        self._verifiers = verifiers

    def authenticate(self, authorization: str | None) -> Principal:
        """Raises `Unauthenticated` for a missing, malformed or unknown credential."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme == "Bearer" and token:
            for verifier in self._verifiers:
                principal = verifier.principal_of(token)
                if principal is not None:
                    return principal
        raise Unauthenticated("a bearer token of this plane is needed")

    def admit(
        self, authorization: str | None, permission: str, path: Mapping[str, str]
    ) -> Principal:
        """Who calls, if they may do that there; raises as the parts of it do."""
        principal = self.authenticate(authorization)
        principal.require(permission)
        if "tenant" in path:
            principal.require_tenant(path["tenant"])
        return principal


class OperatorToken:
    """Knows the operator by the one token that was made at the plane's first start."""

    def __init__(self, token: str) -> None:
        self._expected = token.encode()

    def principal_of(self, token: str) -> Principal | None:
        given = token.encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, self._expected):
            return None
        return Principal("operator", frozenset({"*"}), frozenset({"*"}))


class WatcherToken:
    """Knows whoever reads the numbers, by a token that opens nothing else."""

    def __init__(self, token: str) -> None:
        self._expected = token.encode()

    def principal_of(self, token: str) -> Principal | None:
        given = token.encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, self._expected):
            return None
        return Principal("watcher", frozenset({"metrics:read"}))


class IssuedTokens:
    """Knows whoever bears a token of the federation's own issuer."""

    def __init__(self, issuer: Issuer, clock: Clock) -> None:
        self._issuer = issuer
        self._clock = clock

    def principal_of(self, token: str) -> Principal | None:
        if not looks_like_token(token):
            return None
        bearer = self._issuer.read(token, self._clock.now())
        return Principal(bearer.subject, MEMBER, frozenset(bearer.tenants))
