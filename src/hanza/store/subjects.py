"""Who can be meant by a role assignment: whom the tenant knows."""

from collections.abc import Iterable

from hanza.store.tx import Tx
from hanza.store.users import find_user


def strangers_among(tx: Tx, tenant: str, names: Iterable[str]) -> frozenset[str]:
    """Those of the names whom the tenant does not know."""
    return frozenset(name for name in names if find_user(tx, tenant, name) is None)
