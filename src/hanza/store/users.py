"""The users that tenants know, and the roles that were given with them.

A user of an issuer of others is known too where that issuer vouches for its people in the tenant,
though nobody added them; without a role they may do nothing.
"""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from hanza.model.access import USERS_OF_A_TENANT_MAX, Grant, User
from hanza.model.errors import Invalid, NotFound
from hanza.store.access import count_up
from hanza.store.access_tables import grants, issuers, users
from hanza.store.database import upsert
from hanza.store.events import append_event
from hanza.store.tx import Tx

CREATORS_ROLE = "seca.workspace-admin"


def find_user(tx: Tx, tenant: str, subject: str) -> User | None:
    """Somebody who was added to the tenant, or whom an issuer of the tenant vouches for."""
    if strangers_among(tx, tenant, [subject]):
        return None
    return _as_it_is(tx, User(tenant, subject))


def strangers_among(tx: Tx, tenant: str, subjects: Collection[str]) -> frozenset[str]:
    """Those whom the tenant does not know: neither added, nor vouched for by an issuer of its."""
    query = sa.select(users.c.subject).where(users.c.tenant == tenant)
    added = frozenset(tx.scalars(query.where(users.c.subject.in_(subjects))))
    others = frozenset(subjects) - added
    vouching = _vouching_for(tx, tenant) if others else frozenset()
    return frozenset(one for one in others if _issuer_in(one) not in vouching)


def list_users(tx: Tx, tenant: str) -> list[User]:
    """Those who were added, by subject."""
    given = _grants_of(tx, tenant)
    query = sa.select(users.c.subject).where(users.c.tenant == tenant)
    found = tx.scalars(query.order_by(users.c.subject))
    return [User(tenant, subject, given.get(subject, ())) for subject in found]


def put_user(tx: Tx, user: User, now: datetime) -> tuple[User, bool]:
    """Add somebody, or change what was given with them; also whether they are new.

    What they have as the one who made a workspace is theirs besides.
    """
    is_new = tx.scalar(sa.select(users.c.subject).where(*_is_user(user))) is None
    if not is_new and set(_given(tx, user)) == set(user.grants):
        return _as_it_is(tx, user), False
    if is_new:
        _refuse_crowd(tx, user.tenant)
        tx.execute(
            sa.insert(users).values(tenant=user.tenant, subject=user.subject, created_at=now)
        )
    given = grants.c.is_creators.is_(False)
    tx.execute(sa.delete(grants).where(*_is(grants, user.tenant, user.subject), given))
    for grant in user.grants:
        _give(tx, user, grant, now, is_creators=False)
    count_up(tx)
    verb = "added" if is_new else "changed"
    what = ", ".join(_words(grant) for grant in user.grants) or "no role"
    text = f"user {user.subject} was {verb}: {what}"
    append_event(tx, now, f"user.{verb}", user.subject, text, user.tenant)
    return _as_it_is(tx, user), is_new


def remove_user(tx: Tx, tenant: str, subject: str, now: datetime) -> None:
    """Nothing of theirs is left: a role that names them gives nothing while they are unknown."""
    if tx.execute(sa.delete(users).where(*_is(users, tenant, subject))).rowcount == 0:
        raise NotFound(f"there is no user {subject!r} in tenant {tenant!r}", field="user")
    tx.execute(sa.delete(grants).where(*_is(grants, tenant, subject)))
    count_up(tx)
    append_event(tx, now, "user.removed", subject, f"user {subject} was removed", tenant)


def grant_to_creator(tx: Tx, tenant: str, workspace: str, subject: str, now: datetime) -> None:
    """Who makes a workspace may do everything in it."""
    _give(tx, User(tenant, subject), Grant(CREATORS_ROLE, workspace), now, is_creators=True)
    count_up(tx)


def forget_creator(tx: Tx, tenant: str, workspace: str) -> None:
    """Whoever made a workspace of that name has nothing to do with what comes after it."""
    theirs = sa.and_(grants.c.tenant == tenant, grants.c.workspace == workspace)
    if tx.execute(sa.delete(grants).where(theirs, grants.c.is_creators.is_(True))).rowcount:
        count_up(tx)


def _as_it_is(tx: Tx, user: User) -> User:
    own = grants.c.subject == user.subject
    given = _grants_of(tx, user.tenant, own).get(user.subject, ())
    return User(user.tenant, user.subject, given)


def _given(tx: Tx, user: User) -> list[Grant]:
    """What they have otherwise than as the one who made a workspace."""
    query = sa.select(grants).where(
        *_is(grants, user.tenant, user.subject), grants.c.is_creators.is_(False)
    )
    return [Grant(row.role, row.workspace) for row in tx.execute(query)]


def _give(tx: Tx, user: User, grant: Grant, now: datetime, *, is_creators: bool) -> None:
    """What somebody has twice, given and as a creator, they lose only with both."""
    row: dict[str, object] = {"tenant": user.tenant, "subject": user.subject, "role": grant.role}
    row |= {"workspace": grant.workspace, "is_creators": is_creators}
    upsert(tx, grants, tuple(row), row | {"created_at": now})


def _grants_of(tx: Tx, tenant: str, *which: sa.ColumnElement[bool]) -> dict[str, tuple[Grant, ...]]:
    columns = grants.c.subject, grants.c.role, grants.c.workspace
    query = sa.select(*columns).where(grants.c.tenant == tenant, *which).distinct()
    found: dict[str, tuple[Grant, ...]] = {}
    for row in tx.execute(query.order_by(grants.c.role, grants.c.workspace)):
        found[row.subject] = (*found.get(row.subject, ()), Grant(row.role, row.workspace))
    return found


def _vouching_for(tx: Tx, tenant: str) -> frozenset[str]:
    """The issuers whose people are this tenant's, or who say of each whose they are."""
    theirs = sa.or_(issuers.c.tenant.is_(None), issuers.c.tenant == tenant)
    is_trusted = issuers.c.removed_at.is_(None)
    return frozenset(tx.scalars(sa.select(issuers.c.name).where(theirs, is_trusted)))


def _issuer_in(subject: str) -> str | None:
    name, separator, theirs = subject.partition(":")
    return name if separator and theirs else None


def _refuse_crowd(tx: Tx, tenant: str) -> None:
    counted = sa.select(sa.func.count()).select_from(users).where(users.c.tenant == tenant)
    if (tx.scalar(counted) or 0) >= USERS_OF_A_TENANT_MAX:
        raise Invalid(f"a tenant has {USERS_OF_A_TENANT_MAX} users at most", field="user")


def _is_user(user: User) -> tuple[sa.ColumnElement[bool], ...]:
    return _is(users, user.tenant, user.subject)


def _is(table: sa.Table, tenant: str, subject: str) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.tenant == tenant, table.c.subject == subject


def _words(grant: Grant) -> str:
    return f"{grant.role} in {grant.workspace}" if grant.workspace else grant.role
