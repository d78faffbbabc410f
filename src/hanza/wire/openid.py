"""OpenID Connect of others: their keys, and what a token of theirs says.

Only signatures that whoever verifies cannot make are taken: no `none`, no HMAC, whatever a token
says of itself.  Nothing here asks the network or decides what the bearer may do.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from msgspec import Struct

from hanza.model.access import Scope
from hanza.model.errors import Invalid, Unauthenticated
from hanza.model.issuer import TrustedIssuer
from hanza.wire.base64url import from_base64url
from hanza.wire.tokens import TENANTS_MAX, TOKEN_CHARACTERS_MAX, ScopeClaim, scope_from_claim

ALGORITHMS = (
    "Ed25519",
    "EdDSA",
    "ES256",
    "ES384",
    "ES512",
    "PS256",
    "PS384",
    "PS512",
    "RS256",
    "RS384",
    "RS512",
)
SKEW = timedelta(seconds=60)
SUBJECT_CHARACTERS_MAX = 100
_NO_BEARERS = frozenset({"logout+jwt", "secevent+jwt", "dpop+jwt"})
"""Tokens of an issuer that prove nothing of who sends them."""


class _Header(Struct):
    alg: str
    kid: str | None = None
    typ: str | None = None


class _Said(Struct):
    """Of a token that nobody verified yet."""

    iss: str


class _Claims(Struct):
    iss: str
    sub: str
    exp: float
    aud: str | list[str]
    nbf: float | None = None
    iat: float | None = None


@dataclass(frozen=True, slots=True)
class Stranger:
    """Whom a token of another issuer speaks for, in that issuer's words."""

    subject: str
    tenants: tuple[str, ...]
    """Those that the issuer's claim names, where there is one."""
    expires_at: datetime
    scope: Scope | None


class UnknownKey(Unauthenticated):
    """The token names a key that its issuer did not have when it was last asked."""


def keys_from_document(body: bytes) -> KeySet:
    """Raises `Invalid`.  Keys of kinds that we do not know are left out."""
    try:
        document = msgspec.json.decode(body)
        entries = [one for one in document["keys"] if one.get("kty") in ("RSA", "EC", "OKP")]
    except (msgspec.MsgspecError, RecursionError, UnicodeError, *_WRONG) as error:
        raise Invalid("the issuer's keys cannot be read", field="jwks_uri") from error
    keys = []
    for one in entries:
        try:
            keys += KeySet.import_key_set({"keys": [one]}).keys
        except (JoseError, *_WRONG):
            continue
    return KeySet(keys)


_WRONG = (ValueError, TypeError, KeyError, AttributeError)


def issuer_said(token: str) -> str | None:
    """Who made it, as it says itself; None when it says nothing."""
    parts = token.split(".")
    if len(parts) != 3 or len(token) > TOKEN_CHARACTERS_MAX:
        return None
    try:
        return msgspec.json.decode(from_base64url(parts[1]), type=_Said).iss
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return None


def read_token(token: str, issuer: TrustedIssuer, keys: KeySet, now: datetime) -> Stranger:
    """Raises `UnknownKey`, and `Unauthenticated` for whatever else is not good."""
    header = _header_of(token)
    key = next((one for one in keys.keys if one.kid == header.kid and _can_sign(one)), None)
    if header.kid is None and len(keys.keys) == 1:
        key = keys.keys[0]
    if key is None:
        raise UnknownKey("the token names a key that its issuer does not have")
    try:
        decoded = jwt.decode(token, key, algorithms=[header.alg])
        claims = msgspec.convert(decoded.claims, _Claims)
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise Unauthenticated("the token is not one of its issuer's") from error
    _check_claims(claims, issuer, now)
    scope = decoded.claims.get("scope")
    return Stranger(
        f"{issuer.name}:{claims.sub}",
        _tenants_of(decoded.claims, issuer),
        datetime.fromtimestamp(claims.exp, UTC),
        _scope_of(scope) if isinstance(scope, dict) else None,
    )


def _header_of(token: str) -> _Header:
    try:
        header = msgspec.json.decode(from_base64url(token.partition(".")[0]), type=_Header)
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        raise Unauthenticated("the token cannot be read") from error
    if header.alg not in ALGORITHMS:
        raise Unauthenticated("the token is signed in a way that proves nothing here")
    if (header.typ or "").lower() in _NO_BEARERS:
        raise Unauthenticated("the token is not one that says who sends it")
    return header


def _can_sign(key: Any) -> bool:
    use = key.as_dict(private=False).get("use")
    return use in (None, "sig")


def _check_claims(claims: _Claims, issuer: TrustedIssuer, now: datetime) -> None:
    audiences = [claims.aud] if isinstance(claims.aud, str) else claims.aud
    at, skew = now.timestamp(), SKEW.total_seconds()
    if claims.iss != issuer.url:
        raise Unauthenticated("the token was made by another issuer")
    if issuer.audience not in audiences:
        raise Unauthenticated("the token is for somebody else", hint="is the audience right?")
    if not 0 < claims.exp < 2**33 or claims.exp + skew <= at:
        raise Unauthenticated("the token is too old", hint="hanza login")
    if max(claims.nbf or 0, claims.iat or 0) - skew > at:
        raise Unauthenticated("the token is of the future", hint="are the clocks right?")
    subject = claims.sub
    if not 1 <= len(subject) <= SUBJECT_CHARACTERS_MAX or not subject.isprintable():
        raise Unauthenticated("the token names nobody that could be known here")


def _tenants_of(claims: dict[str, Any], issuer: TrustedIssuer) -> tuple[str, ...]:
    if issuer.claim is None:
        assert issuer.tenant is not None, "one of the two is said"
        return (issuer.tenant,)
    said = claims.get(issuer.claim)
    named = [said] if isinstance(said, str) else said
    if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
        raise Unauthenticated(f"the token has no claim {issuer.claim!r} that names tenants")
    return tuple(named[:TENANTS_MAX])


def _scope_of(scope: dict[str, Any]) -> Scope | None:
    try:
        return scope_from_claim(msgspec.convert(scope, ScopeClaim))
    except msgspec.ValidationError as error:
        raise Unauthenticated("the token's scope cannot be read") from error
