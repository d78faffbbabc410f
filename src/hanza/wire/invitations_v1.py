"""`hanza.federation/v1`: the documents of invitations and of join tokens.

Secrets travel in one of them only, `InvitationItem`, and there once.
"""

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from hanza.plan.invitation import Outcome, Withdrawal
from hanza.wire.federation_v1 import AttributesDoc, Word

SITES_MAX = 1000
"""Of one invitation: it is one transaction."""
VALID_SECONDS_MAX = 90 * 86400


class InvitedSite(Struct, forbid_unknown_fields=True, rename={"site_class": "class"}):
    """As `SiteSpec`, with its name; the provider is the invitation's."""

    name: Word
    country: Word
    city: Word
    latitude: float
    longitude: float
    site_class: Word | None = None
    attributes: AttributesDoc = {}


class InvitationSpec(Struct, forbid_unknown_fields=True, rename="camel"):
    sites: Annotated[list[InvitedSite], Meta(min_length=1, max_length=SITES_MAX)]
    renew: bool = False
    dry_run: bool = False
    valid_for_seconds: Annotated[int, Meta(ge=60, le=VALID_SECONDS_MAX)] | None = None


class InvitationPost(Struct, forbid_unknown_fields=True):
    spec: InvitationSpec


class InvitationItem(Struct, rename="camel"):
    """Token, its id and its end are null where none was given, and in a rehearsal."""

    site: str
    outcome: Outcome
    id: str | None = None
    token: str | None = None
    expires_at: datetime | None = None


class WithdrawalSpec(Struct, forbid_unknown_fields=True, rename="camel"):
    sites: Annotated[list[Word], Meta(min_length=1, max_length=SITES_MAX)]
    dry_run: bool = False


class WithdrawalPost(Struct, forbid_unknown_fields=True):
    spec: WithdrawalSpec


class WithdrawalItem(Struct):
    site: str
    outcome: Withdrawal


State: TypeAlias = Literal["open", "used", "expired", "revoked"]


class TokenItem(Struct, rename="camel"):
    """A join token, without its secret: the plane does not have it."""

    id: str
    site: str
    provider: str
    state: State
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None
    agent: str | None


def state_of(
    used_at: datetime | None, revoked_at: datetime | None, expires_at: datetime, now: datetime
) -> State:
    if used_at is not None:
        return "used"
    if revoked_at is not None:
        return "revoked"
    return "expired" if expires_at <= now else "open"
