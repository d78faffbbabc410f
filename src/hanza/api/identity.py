"""Who is calling: from a bearer token to somebody whom a verifier knows.

An `Authenticator` asks its verifiers in turn: the operator's token, the watcher's, issuers of
others and the federation's own.  What somebody may do is not in here, and in no token.
"""

import hmac
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

from hanza.kit.clock import Clock
from hanza.model.access import Scope
from hanza.model.errors import Unauthenticated
from hanza.wire.tokens import Issuer, looks_like_token

Standing: TypeAlias = Literal["user", "operator", "watcher"]
SCHEME = "bearer"


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody we know, for as long as the token is good."""

    name: str
    tenants: frozenset[str] = frozenset()
    """Whose things the token may be used for, if its bearer belongs to them."""
    standing: Standing = "user"
    is_vouched_for: bool = False
    """Whether an issuer says that its bearer belongs to the tenants; then nobody need add them."""
    scope: Scope | None = None
    """What the token may be used for at most."""
    expires_at: datetime | None = None
    token: str = field(default="", repr=False)
    """What proved it, to be looked at again for as long as it is relied on."""

    @property
    def is_operator(self) -> bool:
        return self.standing == "operator"


class Verifier(Protocol):
    def principal_of(self, token: str) -> Principal | None:
        """Who bears this token; None when it is not for this verifier to say.

        May ask the network.  Raises `Unauthenticated` for one that is its own and not good.
        """


class Authenticator:
    """Knows whoever one of its verifiers knows, by a bearer token (RFC 6750)."""

    def __init__(self, *verifiers: Verifier) -> None:
        self._verifiers = verifiers

    def principal_of(self, token: str) -> Principal:
        """Raises `Unauthenticated` for an unknown token."""
        for verifier in self._verifiers:
            principal = verifier.principal_of(token)
            if principal is not None:
                return principal
        raise Unauthenticated("a bearer token of this plane is needed")


def token_of(authorization: str | None) -> str:
    """Raises `Unauthenticated` for a header that is missing or says something else."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != SCHEME or not token:
        raise Unauthenticated("a bearer token of this plane is needed")
    return token


class _OneToken:
    """Knows one bearer by one token that was made at the plane's first start."""

    def __init__(self, token: str, principal: Principal) -> None:
        self._expected = token.encode()
        self._principal = principal

    def principal_of(self, token: str) -> Principal | None:
        given = token.encode("utf-8", "surrogateescape")
        return self._principal if hmac.compare_digest(given, self._expected) else None


class OperatorToken(_OneToken):
    """Knows the operator, who may do everything."""

    def __init__(self, token: str) -> None:
        super().__init__(token, Principal("operator", standing="operator"))


class WatcherToken(_OneToken):
    """Knows whoever reads the numbers, by a token that opens nothing else."""

    def __init__(self, token: str) -> None:
        super().__init__(token, Principal("watcher", standing="watcher"))


class IssuedTokens:
    """Knows whoever bears a token of the federation's own issuer."""

    def __init__(self, issuer: Issuer, clock: Clock) -> None:
        self._issuer = issuer
        self._clock = clock

    def principal_of(self, token: str) -> Principal | None:
        if not looks_like_token(token):
            return None
        bearer = self._issuer.read(token, self._clock.now())
        return Principal(
            bearer.subject,
            frozenset(bearer.tenants),
            scope=bearer.scope,
            expires_at=bearer.expires_at,
        )
