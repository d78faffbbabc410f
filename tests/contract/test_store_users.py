"""Users and what was given with them, on each kind of database."""

from datetime import UTC, datetime

from hanza.model.access import Grant, User
from hanza.store.tenants import put_tenant
from hanza.store.tx import Store
from hanza.store.users import (
    CREATORS_ROLE,
    find_user,
    forget_creator,
    grant_to_creator,
    list_users,
    put_user,
)

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ADMIN = Grant(CREATORS_ROLE, "shop")
ANA = User("acme", "ana", (ADMIN,))


def grants_of_ana(store: Store) -> tuple[Grant, ...]:
    found = store.read(find_user, "acme", "ana")
    assert found is not None
    assert store.read(list_users, "acme") == [found]
    return found.grants


def test_what_was_given_outlives_what_the_creator_had(store: Store) -> None:
    store.write(put_tenant, "acme", "strict", NOW)
    store.write(put_user, ANA, NOW)
    store.write(grant_to_creator, "acme", "shop", "ana", NOW)
    assert grants_of_ana(store) == (ADMIN,), "it is told once"
    store.write(forget_creator, "acme", "shop")
    assert grants_of_ana(store) == (ADMIN,)


def test_what_the_creator_had_outlives_what_was_given(store: Store) -> None:
    store.write(put_tenant, "acme", "strict", NOW)
    store.write(grant_to_creator, "acme", "shop", "ana", NOW)
    store.write(put_user, ANA, NOW)
    store.write(put_user, User("acme", "ana"), NOW)
    assert grants_of_ana(store) == (ADMIN,)
    store.write(forget_creator, "acme", "shop")
    assert grants_of_ana(store) == ()
