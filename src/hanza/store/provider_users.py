"""Who acts for a provider: its users, each as admin or viewer.

A user is a token's subject, as a tenant's users are.  Asked anew at each request, so nothing of it
is remembered and what is taken away is gone at once.
"""

from datetime import datetime

import sqlalchemy as sa

from hanza.model.errors import Invalid, NotFound
from hanza.model.standing import Member
from hanza.store.database import upsert
from hanza.store.events import append_event
from hanza.store.schema import provider_users, providers
from hanza.store.sites import get_provider
from hanza.store.tx import Tx

USERS_OF_A_PROVIDER_MAX = 1000


def role_of(tx: Tx, provider: str, subject: str) -> Member | None:
    """None of who does not act for it, and where there is no such provider."""
    query = (
        sa.select(provider_users.c.role)
        .join(providers, providers.c.id == provider_users.c.provider_id)
        .where(providers.c.name == provider, provider_users.c.subject == subject)
    )
    found: Member | None = tx.scalar(query)
    return found


def list_provider_users(tx: Tx, provider: str) -> list[tuple[str, Member, datetime]]:
    """By subject: the role, and since when they are known."""
    query = sa.select(provider_users).where(
        provider_users.c.provider_id == get_provider(tx, provider).id
    )
    rows = tx.execute(query.order_by(provider_users.c.subject))
    return [(row.subject, row.role, row.created_at) for row in rows]


def put_provider_user(
    tx: Tx, provider: str, subject: str, role: Member, by: str, now: datetime
) -> bool:
    """Have them act for it in this role; whether they are new.  Twice is once."""
    owner = get_provider(tx, provider).id
    known = role_of(tx, provider, subject)
    if known == role:
        return False
    if known is None:
        _refuse_crowd(tx, owner)
    row = {"provider_id": owner, "subject": subject, "role": role, "created_at": now}
    upsert(tx, provider_users, ("provider_id", "subject"), row)
    text = f"{subject} acts for provider {provider} as {role}, by {by}"
    append_event(tx, now, "provider.user_added", subject, text, provider=provider)
    return known is None


def remove_provider_user(tx: Tx, provider: str, subject: str, by: str, now: datetime) -> None:
    """Raises `NotFound` for who does not act for it."""
    owner = get_provider(tx, provider).id
    gone = sa.delete(provider_users).where(
        provider_users.c.provider_id == owner, provider_users.c.subject == subject
    )
    if not tx.execute(gone).rowcount:
        raise NotFound(f"{subject!r} does not act for provider {provider!r}", field="user")
    text = f"{subject} acts for provider {provider} no longer, by {by}"
    append_event(tx, now, "provider.user_removed", subject, text, provider=provider)


def _refuse_crowd(tx: Tx, owner: str) -> None:
    mine = provider_users.c.provider_id == owner
    counted = sa.select(sa.func.count()).select_from(provider_users).where(mine)
    if (tx.scalar(counted) or 0) >= USERS_OF_A_PROVIDER_MAX:
        raise Invalid(f"a provider has {USERS_OF_A_PROVIDER_MAX} users at most", field="user")
