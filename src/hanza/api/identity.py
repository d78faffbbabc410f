"""Who is calling, and what they may do.

So far there is one principal, the operator, whose token is made at the first start of a plane.
`Authenticator` is the door through which tenants and their tokens will come.
"""

import hmac
from dataclasses import dataclass
from typing import Protocol

from hanza.model.errors import Forbidden, Unauthenticated

PUBLIC = "public"
"""The permission of routes that need no token: they prove the caller in another way, or tell
only what all may know."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Someone we know.  `permissions` may hold `*`, which is all of them."""

    name: str
    permissions: frozenset[str]

    def require(self, permission: str) -> None:
        """Raises `Forbidden` unless the principal has the permission."""
        if permission not in self.permissions and "*" not in self.permissions:
            raise Forbidden(f"{self.name} may not {permission}")


class Authenticator(Protocol):
    def authenticate(self, authorization: str | None) -> Principal:
        """Raises `Unauthenticated` for a missing, malformed or unknown credential."""


class OperatorToken:
    """Knows the operator by one bearer token (RFC 6750)."""

    def __init__(self, token: str) -> None:
        self._expected = b"Bearer " + token.encode()

    def authenticate(self, authorization: str | None) -> Principal:
        given = (authorization or "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, self._expected):
            raise Unauthenticated("a bearer token of this plane is needed")
        return Principal("operator", frozenset({"*"}))
