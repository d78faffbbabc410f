"""Issuers of identity: those of others that are trusted, and the keys that sign our own tokens."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class TrustedIssuer:
    """An OpenID Connect issuer of others.  Its subjects are known as `name:subject`."""

    name: str
    url: str
    """As its tokens say it, and where its discovery document is found."""
    audience: str
    """What `aud` of its tokens must have."""
    client: str | None = None
    """Whom the command line says that it is, at a login."""
    tenant: str | None = None
    """Whose all its people are; None where `claim` says it of each."""
    claim: str | None = None
    """Which claim of its tokens names the tenants; None where `tenant` does."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key of the federation's own issuer."""

    kid: str
    jwk: str = field(repr=False)
    """With its private part, as JSON."""
    created_at: datetime
    signs_from: datetime
    """The one that has signed for the shortest time is the one that signs."""
    tokens_until: datetime | None = None
    """When the last token that it signed is over; None while it signed none."""
    retired_at: datetime | None = None
    """Since when it verifies nothing any more."""
