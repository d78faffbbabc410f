"""Roles that one plane has at a time, for efficiency and order; nothing is safe because of them.

Whoever has a role keeps it by asking again before its time is up; when it dies, the next that asks
after that has it.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa

from hanza.store.change_tables import roles
from hanza.store.database import upsert
from hanza.store.prepared import Prepared
from hanza.store.tx import Tx

ROLE_FOR = timedelta(seconds=3)
_HOLDER = Prepared(sa.select(roles).where(roles.c.name == sa.bindparam("name")).with_for_update())


def take_role(tx: Tx, name: str, holder: str, now: datetime) -> bool:
    """Have it from now on for `ROLE_FOR`; False while somebody else has it."""
    row = _HOLDER.first(tx, {"name": name})
    if row is not None and row.holder != holder and row.until > now:
        return False
    upsert(tx, roles, ("name",), {"name": name, "holder": holder, "until": now + ROLE_FOR})
    return True


def leave_role(tx: Tx, name: str, holder: str, now: datetime) -> None:
    """The next that asks has it."""
    mine = (roles.c.name == name, roles.c.holder == holder)
    tx.execute(sa.update(roles).where(*mine).values(until=now))
