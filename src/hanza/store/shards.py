"""A guarded count in parts: one table of shards, for whatever is counted there (`plan.quota`).

To count is one guarded update of the writer's own shard, a row that planes seldom share.  Only
when that one cannot take it are all shards read, in the same transaction: there SERIALIZABLE, or
SQLite's one writer, sees to it that nobody else decides on them too.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import sqlalchemy as sa

from hanza.model.quota import DIMENSIONS, Amounts, Excess, Limits
from hanza.plan.quota import SHARDS, Shard, exceeded, spread, used_of
from hanza.store.database import upsert, writer_of
from hanza.store.prepared import Prepared
from hanza.store.tx import Tx

Whose: TypeAlias = Mapping[str, str]
"""The columns that name what is counted, with their values."""


class Counts:
    """The counts of one table; `keys` are the columns that say whose a row is a part of."""

    def __init__(self, table: sa.Table, keys: Sequence[str]) -> None:
        self._table = table
        self._keys = (*keys, "shard")
        self._take = Prepared(_take_statement(table, keys))

    def count(self, tx: Tx, whose: Whose, change: Amounts) -> bool:
        """Count in this writer's own shard: the common case.  False where that cannot take it."""
        asked = {f"x_{one}": change.of(one) for one in DIMENSIONS}
        named = {f"b_{key}": value for key, value in whose.items()}
        return self._take.run(tx, {"b_shard": _own(tx)} | named | asked) == 1

    def count_on_all(
        self, tx: Tx, whose: Whose, limits: Limits, change: Amounts
    ) -> tuple[Excess, ...]:
        """Decide on the sum, and move what is left to where it is needed; or say what is over."""
        shards = self.shards(tx, whose)
        excess = exceeded(used_of(shards), limits, change)
        if not excess:
            self._keep(tx, whose, shards, spread(shards, limits, change, _own(tx)))
        return excess

    def deal(self, tx: Tx, whose: Whose, limits: Limits) -> None:
        """Have these limits from now on."""
        shards = self.shards(tx, whose)
        self._keep(tx, whose, shards, spread(shards, limits, Amounts(), _own(tx)))

    def shards(self, tx: Tx, whose: Whose) -> list[Shard]:
        table = self._table
        query = sa.select(table).where(*self._is(whose)).order_by(table.c.shard)
        return [shard_from_row(row) for row in tx.execute(query)]

    def used(self, tx: Tx, whose: Whose) -> Amounts:
        return used_of(self.shards(tx, whose))

    def _is(self, whose: Whose) -> list[sa.ColumnElement[bool]]:
        return [self._table.c[key] == value for key, value in whose.items()]

    def _keep(self, tx: Tx, whose: Whose, before: Iterable[Shard], after: Sequence[Shard]) -> None:
        known = {one.number: one for one in before}
        gone = known.keys() - {one.number for one in after}
        if gone:
            mine = (*self._is(whose), self._table.c.shard.in_(gone))
            tx.execute(sa.delete(self._table).where(*mine))
        for one in after:
            if known.get(one.number) != one:
                upsert(tx, self._table, self._keys, _row(whose, one))


def shard_from_row(row: sa.Row[tuple[Any, ...]]) -> Shard:
    values = row._mapping
    return Shard(
        row.shard,
        Amounts(*(values[f"used_{one}"] for one in DIMENSIONS)),
        Limits(*(values[f"part_{one}"] for one in DIMENSIONS)),
    )


def _own(tx: Tx) -> int:
    return writer_of(tx) % SHARDS


def _row(whose: Whose, shard: Shard) -> dict[str, Any]:
    used = {f"used_{one}": shard.used.of(one) for one in DIMENSIONS}
    parts = {f"part_{one}": shard.part.of(one) for one in DIMENSIONS}
    return {**whose, "shard": shard.number, **used, **parts}


def _take_statement(table: sa.Table, keys: Sequence[str]) -> sa.Update:
    """Written once: a dimension that does not grow asks for nothing of its part."""
    asked = {one: sa.bindparam(f"x_{one}", type_=sa.BigInteger) for one in DIMENSIONS}
    used = {one: table.c[f"used_{one}"] for one in DIMENSIONS}
    part = {one: table.c[f"part_{one}"] for one in DIMENSIONS}
    return (
        sa.update(table)
        .where(
            *(table.c[key] == sa.bindparam(f"b_{key}") for key in (*keys, "shard")),
            *(
                sa.or_(part[one].is_(None), asked[one] <= 0, used[one] + asked[one] <= part[one])
                for one in DIMENSIONS
            ),
        )
        .values({used[one]: used[one] + asked[one] for one in DIMENSIONS})
    )
