"""Tokens that name a person or program and the tenants it belongs to: JWT (RFC 7519).

Signed with Ed25519 (`alg` as RFC 9864 names it), so whoever has the public key can check one and
only the federation can make one.  Roles never travel in a token.  Nothing here stores keys or
decides what the bearer may do: a token's `scope` only narrows what its bearer may.

The keys are a JWK set: the first signs, all of them verify, so that a key can be replaced while
tokens of the one before are still about.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey
from msgspec import Struct

from hanza.model.access import Scope
from hanza.model.errors import Invalid, Unauthenticated
from hanza.model.issuer import SigningKey
from hanza.wire.base64url import to_base64url

ALGORITHM = "Ed25519"
SUBJECT_CHARACTERS_MAX = 128
TENANTS_MAX = 64
TOKEN_CHARACTERS_MAX = 16384
SEED_BYTES = 32
RESERVED = frozenset({"operator", "watcher"})


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whom a token speaks for, and until when."""

    subject: str
    tenants: tuple[str, ...]
    expires_at: datetime
    scope: Scope | None = None
    """What it may be used for at most."""


class ScopeClaim(Struct, omit_defaults=True):
    """A cap; what is absent or empty bounds nothing."""

    tenants: list[str] = []
    regions: list[str] = []
    workspaces: list[str] = []


class _Claims(Struct):
    iss: str
    sub: str
    exp: int
    tenants: list[str] = []
    federation: str | None = None
    scope: ScopeClaim | None = None


Keys: TypeAlias = KeySet


class Issuer:
    """Makes and reads the tokens of one federation."""

    def __init__(self, name: str, keys: Keys, url: str = "") -> None:
        """`url` is where others find the public keys, which is what they call an issuer."""
        self.name = name
        self.url = url
        self._keys = keys

    def adopt(self, keys: Keys) -> None:
        """From now on these sign and verify."""
        self._keys = keys

    def signing_with(self, keys: Keys) -> "Issuer":
        """The same federation's, with these keys and no others."""
        return Issuer(self.name, keys, self.url)

    @property
    def kid(self) -> str:
        """Of the key that signs."""
        kid = self._keys.keys[0].kid
        assert kid is not None, "each of ours has one"
        return kid

    def public_keys(self) -> dict[str, object]:
        """The JWK set for whoever wants to verify."""
        return {"keys": [one.as_dict(private=False) for one in self._keys.keys]}

    def __repr__(self) -> str:
        return f"Issuer(name={self.name!r}, keys=...)"

    def issue(self, bearer: Bearer, now: datetime) -> str:
        """Raises `Invalid` for a subject or tenants that no token can carry."""
        _check_bearer(bearer)
        header = {"alg": ALGORITHM, "kid": self._keys.keys[0].kid}
        claims: dict[str, Any] = {
            "iss": self.url or self.name,
            "federation": self.name,
            "sub": bearer.subject,
            "tenants": list(bearer.tenants),
            "iat": int(now.timestamp()),
            "exp": int(bearer.expires_at.timestamp()),
        }
        if bearer.scope is not None:
            claims["scope"] = msgspec.to_builtins(scope_to_claim(bearer.scope))
        return jwt.encode(header, claims, self._keys, algorithms=[ALGORITHM])

    def read(self, token: str, now: datetime) -> Bearer:
        """Raises `Unauthenticated` for what we did not make, or made for another time."""
        if len(token) > TOKEN_CHARACTERS_MAX:
            raise Unauthenticated("the token is longer than any of ours")
        try:
            decoded = jwt.decode(token, self._keys, algorithms=[ALGORITHM])
            claims = msgspec.convert(decoded.claims, _Claims)
        except (JoseError, ValueError, RecursionError) as error:
            raise Unauthenticated("the token is not one of this federation's") from error
        if self.name not in (claims.federation, claims.iss):
            raise Unauthenticated("the token was made by another federation")
        if ":" in claims.sub or claims.sub in RESERVED:
            raise Unauthenticated("the token is for a name that is not ours to give")
        if claims.exp <= now.timestamp():
            raise Unauthenticated("the token is too old", hint="ask the operator for a new one")
        expires_at = datetime.fromtimestamp(claims.exp, UTC)
        scope = scope_from_claim(claims.scope)
        return Bearer(claims.sub, tuple(claims.tenants), expires_at, scope)


def scope_to_claim(scope: Scope) -> ScopeClaim:
    return ScopeClaim(sorted(scope.tenants), sorted(scope.regions), sorted(scope.workspaces))


def scope_from_claim(claim: ScopeClaim | None) -> Scope | None:
    if claim is None:
        return None
    members = (claim.tenants, claim.regions, claim.workspaces)
    return Scope(*(frozenset(one) for one in members))


def looks_like_token(text: str) -> bool:
    """Whether it has the three parts of a signed token; says nothing of who made it."""
    return text.count(".") == 2


def keys_from_seed(seed: bytes) -> Keys:
    """A set with one key, made from 32 bytes that nobody can guess."""
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public = key.public_key().public_bytes_raw()
    okp = OKPKey.import_key(
        {"kty": "OKP", "crv": "Ed25519", "x": to_base64url(public), "d": to_base64url(seed)}
    )
    okp.ensure_kid()
    return KeySet([okp])


def keys_to_json(keys: Keys) -> bytes:
    """With the private parts: for a file that only the plane may read."""
    return msgspec.json.encode(keys.as_dict(private=True))


def keys_from_json(text: bytes) -> Keys:
    try:
        return KeySet.import_key_set(msgspec.json.decode(text))
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise Invalid("this is not a set of signing keys", field="keys") from error


def keys_of(known: Sequence[SigningKey]) -> Keys:
    """What signs and verifies of those that a federation has; the newest signs."""
    good = [one for one in known if one.retired_at is None]
    good.sort(key=lambda one: (one.signs_from, one.kid), reverse=True)
    return KeySet([OKPKey.import_key(msgspec.json.decode(one.jwk)) for one in good])


def signing_keys_of(keys: Keys, now: datetime) -> list[SigningKey]:
    """As they are kept.  The first signs; those behind it signed before."""
    found = []
    for age, key in enumerate(keys.keys):
        jwk = msgspec.json.encode(key.as_dict(private=True)).decode()
        assert key.kid is not None, "each of ours has one"
        found.append(SigningKey(key.kid, jwk, now, now - timedelta(seconds=age)))
    return found


def check_own_subject(subject: str) -> None:
    """Raises `Invalid` for a name that could be taken for another's: `issuer:subject`, or ours."""
    if ":" in subject or "*" in subject or subject in RESERVED:
        text = f"{subject!r} would be taken for somebody else"
        hint = "a name with ':' is of an issuer of others; 'operator' and 'watcher' are ours"
        raise Invalid(text, field="spec.subject", hint=hint)


def _check_bearer(bearer: Bearer) -> None:
    subject = bearer.subject
    if not 1 <= len(subject) <= SUBJECT_CHARACTERS_MAX or not subject.isprintable():
        most = SUBJECT_CHARACTERS_MAX
        raise Invalid(f"a subject has 1 to {most} printable characters", field="spec.subject")
    check_own_subject(subject)
    if len(bearer.tenants) > TENANTS_MAX:
        raise Invalid(f"a token is for {TENANTS_MAX} tenants at most", field="spec.tenants")
