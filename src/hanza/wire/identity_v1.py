"""`hanza.federation/v1`: users, issuers of others and signing keys, as documents."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from hanza.model.access import Grant, User
from hanza.model.issuer import SigningKey, TrustedIssuer
from hanza.wire.federation_v1 import Metadata, Word

Words = Annotated[list[Word], Meta(max_length=32)]


class GrantDoc(Struct, forbid_unknown_fields=True, omit_defaults=True):
    role: Word
    workspace: Word = ""


class UserSpec(Struct, forbid_unknown_fields=True):
    grants: Annotated[list[GrantDoc], Meta(max_length=64)] | None = None
    """All that may be done in the tenant, where nothing is said."""


class UserPut(Struct, forbid_unknown_fields=True):
    spec: UserSpec


class UserDoc(Struct):
    metadata: Metadata
    spec: UserSpec


class IssuerSpec(Struct, forbid_unknown_fields=True):
    url: Word
    audience: Word
    client: Word | None = None
    tenant: Word | None = None
    claim: Word | None = None


class IssuerPut(Struct, forbid_unknown_fields=True):
    spec: IssuerSpec


class IssuerDoc(Struct):
    metadata: Metadata
    spec: IssuerSpec


class SigningKeyDoc(Struct, rename="camel"):
    """Never with its private part."""

    kid: str
    signs: bool
    created_at: datetime
    tokens_until: datetime | None
    retired_at: datetime | None


class RetirePost(Struct, forbid_unknown_fields=True):
    force: bool = False


CLAIMS = ("iss", "sub", "tenants", "scope", "iat", "exp", "federation")


class DiscoveryDoc(Struct):
    """OpenID Connect Discovery, as far as an issuer without a login of its own has it."""

    issuer: str
    jwks_uri: str
    id_token_signing_alg_values_supported: list[str]
    subject_types_supported: tuple[str, ...] = ("public",)
    response_types_supported: tuple[str, ...] = ()
    claims_supported: tuple[str, ...] = CLAIMS


class KeyDoc(Struct, omit_defaults=True):
    """A public key as RFC 8037 writes it."""

    kid: str
    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    x: str
    alg: str = ""
    use: str = ""


class KeySetDoc(Struct):
    """A JWK set (RFC 7517)."""

    keys: list[KeyDoc]


def user_to_doc(user: User) -> UserDoc:
    spec = UserSpec([GrantDoc(one.role, one.workspace) for one in user.grants])
    return UserDoc(Metadata(user.subject, user.subject, user.tenant), spec)


def grants_from_doc(spec: UserSpec, default: str) -> tuple[Grant, ...]:
    if spec.grants is None:
        return (Grant(default),)
    return tuple(dict.fromkeys(Grant(one.role, one.workspace) for one in spec.grants))


def issuer_to_doc(issuer: TrustedIssuer) -> IssuerDoc:
    spec = IssuerSpec(issuer.url, issuer.audience, issuer.client, issuer.tenant, issuer.claim)
    return IssuerDoc(Metadata(issuer.name, issuer.name), spec)


def key_to_doc(key: SigningKey, signing: SigningKey) -> SigningKeyDoc:
    signs = key.kid == signing.kid
    return SigningKeyDoc(key.kid, signs, key.created_at, key.tokens_until, key.retired_at)
