"""Which hosts and grounds placement has to look at anew: a log that every plane reads for itself.

An entry says only that something of this name has changed, so entries may be read twice and in any
order: whoever reads one looks at what is there now.  It is written in the transaction that changes
what placement sees.  Whether an agent is heard is not in it, since that changes all the time.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import sqlalchemy as sa

from hanza.store.change_tables import host_changes
from hanza.store.prepared import Prepared, Row, inserting
from hanza.store.tx import Tx

Of: TypeAlias = Literal["host", "agent", "site", "provider", "grounds"]
KEPT = 100_000
"""Entries; whoever has missed more reads everything."""
READ_MAX = 10_000
_NOTE = Prepared(inserting(host_changes, "kind", "ref"))
_LAST = Prepared(sa.select(sa.func.max(host_changes.c.serial).label("serial")))
_FIRST = Prepared(sa.select(sa.func.min(host_changes.c.serial).label("serial")))
_AFTER = Prepared(
    sa.select(host_changes.c.serial, host_changes.c.kind, host_changes.c.ref)
    .where(host_changes.c.serial > sa.bindparam("after", type_=sa.BigInteger))
    .order_by(host_changes.c.serial)
    .limit(READ_MAX)
)


@dataclass(frozen=True, slots=True)
class HostChange:
    """The host, all hosts of the agent, the site, all sites of the provider, or all sites."""

    serial: int
    of: Of
    ref: str


def note_change(tx: Tx, of: Of, ref: str = "") -> None:
    _NOTE.run(tx, {"kind": of, "ref": ref})


def list_changes(tx: Tx, after: int, missed: Collection[int] = ()) -> list[HostChange]:
    """The oldest after a serial, and those of the missed that have come since."""
    rows: list[Row] = list(_AFTER.all(tx, {"after": after}))
    if missed:
        query = sa.select(host_changes.c.serial, host_changes.c.kind, host_changes.c.ref)
        rows += tx.execute(query.where(host_changes.c.serial.in_(list(missed)))).all()
    return [HostChange(row.serial, row.kind, row.ref) for row in rows]


def last_serial(tx: Tx) -> int:
    """Zero where nothing was noted yet."""
    row = _LAST.first(tx, {})
    return 0 if row is None else row.serial or 0


def is_kept(tx: Tx, after: int) -> bool:
    """Whether everything after this serial is still to be read."""
    row = _FIRST.first(tx, {})
    return row is None or row.serial is None or int(row.serial) <= after + 1


def forget_changes(tx: Tx) -> None:
    """Those that are so old that nobody reads them any more."""
    tx.execute(sa.delete(host_changes).where(host_changes.c.serial <= last_serial(tx) - KEPT))


def missing(seen: Sequence[int], after: int) -> set[int]:
    """The serials that are left out between `after` and the last that was seen."""
    return set(range(after + 1, max(seen, default=after))) - set(seen)
