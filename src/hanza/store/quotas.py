"""Quotas: what tenants and workspaces may have, and a count of what they have.

Everything that counts is counted by `count`, with or without a quota: in the transaction that
admits or forgets it, once for its workspace and once for its tenant.  So a quota that is set later
finds a true count, and to set one looks at nobody's instances.

A count is a guarded update of the writer's own shard (`plan.quota`), one row that planes seldom
share.  Only when that one cannot take it are all shards read, in the same transaction: there
SERIALIZABLE, or SQLite's one writer, sees to it that nobody else decides on them too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from hanza.model.quota import DIMENSIONS, NONE, UNLIMITED, Amounts, Limits, Scope
from hanza.plan.quota import SHARDS, Shard, exceeded, refusal_of, spread, used_of
from hanza.store.database import upsert, writer_of
from hanza.store.events import append_event
from hanza.store.prepared import Prepared
from hanza.store.quota_tables import quota_shards, quotas
from hanza.store.tx import Tx

_KEY = ("tenant", "workspace", "shard")


@dataclass(frozen=True, slots=True)
class Quota:
    """The limits of one scope and what is used of them; version 0 where none were ever set."""

    scope: Scope
    limits: Limits
    used: Amounts
    version: int = 0
    changed_at: datetime | None = None


def count(tx: Tx, scope: Scope, change: Amounts) -> None:
    """Count more or less in a workspace and its tenant.

    Raises `QuotaExceeded`; then the caller's transaction is undone, with whatever of it was
    counted already.
    """
    if change == NONE:
        return
    for one in scope.both:
        if not _take(tx, one, change):
            _count_on_all(tx, one, change)


def refuse_excess(tx: Tx, scope: Scope, changes: Sequence[Amounts]) -> None:
    """Raises `QuotaExceeded` if counting these, one after the other, would; counts nothing."""
    for one in scope.both:
        used, limits = used_of(_shards(tx, one)), _limits(tx, one)
        for change in changes:
            excess = exceeded(used, limits, change)
            if excess:
                raise refusal_of(one, excess)
            used = used + change


def get_quota(tx: Tx, scope: Scope) -> Quota:
    """Also of who never had one, or has nothing."""
    row = tx.execute(sa.select(quotas).where(*_is(quotas, scope))).one_or_none()
    used = used_of(_shards(tx, scope))
    if row is None:
        return Quota(scope, UNLIMITED, used)
    return Quota(scope, _limits_from_row(row), used, row.version, row.changed_at)


def set_quota(tx: Tx, scope: Scope, limits: Limits, now: datetime) -> tuple[Quota, bool]:
    """Set all limits of a scope; also whether it had none.  Twice is once.

    They may be lower than what is used: then nothing more is admitted until it is less again.
    """
    known = get_quota(tx, scope)
    if known.version and known.limits == limits:
        return known, False
    row: dict[str, Any] = {
        **_key(scope),
        **{one: limits.of(one) for one in DIMENSIONS},
        "version": known.version + 1,
        "changed_at": now,
    }
    upsert(tx, quotas, ("tenant", "workspace"), row)
    _deal(tx, scope, limits)
    _told(tx, scope, "set", now)
    return Quota(scope, limits, known.used, known.version + 1, now), not known.version


def clear_quota(tx: Tx, scope: Scope, now: datetime) -> bool:
    """Have no limits any more; False when there were none."""
    if not tx.execute(sa.delete(quotas).where(*_is(quotas, scope))).rowcount:
        return False
    _deal(tx, scope, UNLIMITED)
    _told(tx, scope, "cleared", now)
    return True


def _take(tx: Tx, scope: Scope, change: Amounts) -> bool:
    """The guarded update of this writer's own shard: the common case, and all of it."""
    asked = {f"x_{one}": change.of(one) for one in DIMENSIONS}
    mine = {"b_tenant": scope.tenant, "b_workspace": scope.workspace, "b_shard": _own(tx)}
    return _TAKE.run(tx, mine | asked) == 1


def _count_on_all(tx: Tx, scope: Scope, change: Amounts) -> None:
    """Decide on the sum, and move what is left to where it is needed."""
    shards, limits = _shards(tx, scope), _limits(tx, scope)
    excess = exceeded(used_of(shards), limits, change)
    if excess:
        raise refusal_of(scope, excess)
    _keep(tx, scope, shards, spread(shards, limits, change, _own(tx)))


def _deal(tx: Tx, scope: Scope, limits: Limits) -> None:
    shards = _shards(tx, scope)
    _keep(tx, scope, shards, spread(shards, limits, NONE, _own(tx)))


def _own(tx: Tx) -> int:
    return writer_of(tx) % SHARDS


def _keep(tx: Tx, scope: Scope, before: Iterable[Shard], after: Sequence[Shard]) -> None:
    known = {one.number: one for one in before}
    gone = known.keys() - {one.number for one in after}
    if gone:
        mine = (*_is(quota_shards, scope), quota_shards.c.shard.in_(gone))
        tx.execute(sa.delete(quota_shards).where(*mine))
    for one in after:
        if known.get(one.number) != one:
            upsert(tx, quota_shards, _KEY, _row(scope, one))


def _shards(tx: Tx, scope: Scope) -> list[Shard]:
    query = sa.select(quota_shards).where(*_is(quota_shards, scope)).order_by(quota_shards.c.shard)
    return [_shard_from_row(row) for row in tx.execute(query)]


def _limits(tx: Tx, scope: Scope) -> Limits:
    row = tx.execute(sa.select(quotas).where(*_is(quotas, scope))).one_or_none()
    return UNLIMITED if row is None else _limits_from_row(row)


def _told(tx: Tx, scope: Scope, verb: str, now: datetime) -> None:
    text = f"the quota of {scope.words} was {verb}"
    append_event(tx, now, f"quota.{verb}", scope.tenant, text, scope.tenant)


def _key(scope: Scope) -> dict[str, Any]:
    return {"tenant": scope.tenant, "workspace": scope.workspace}


def _row(scope: Scope, shard: Shard) -> dict[str, Any]:
    used = {f"used_{one}": shard.used.of(one) for one in DIMENSIONS}
    parts = {f"part_{one}": shard.part.of(one) for one in DIMENSIONS}
    return {**_key(scope), "shard": shard.number, **used, **parts}


def _is(table: sa.Table, scope: Scope) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.tenant == scope.tenant, table.c.workspace == scope.workspace


def _shard_from_row(row: sa.Row[tuple[Any, ...]]) -> Shard:
    values = row._mapping
    return Shard(
        row.shard,
        Amounts(*(values[f"used_{one}"] for one in DIMENSIONS)),
        Limits(*(values[f"part_{one}"] for one in DIMENSIONS)),
    )


def _limits_from_row(row: sa.Row[tuple[Any, ...]]) -> Limits:
    return Limits(*(row._mapping[one] for one in DIMENSIONS))


def _take_statement() -> sa.Update:
    """Written once: a dimension that does not grow asks for nothing of its part."""
    asked = {one: sa.bindparam(f"x_{one}", type_=sa.BigInteger) for one in DIMENSIONS}
    used = {one: quota_shards.c[f"used_{one}"] for one in DIMENSIONS}
    part = {one: quota_shards.c[f"part_{one}"] for one in DIMENSIONS}
    return (
        sa.update(quota_shards)
        .where(
            quota_shards.c.tenant == sa.bindparam("b_tenant"),
            quota_shards.c.workspace == sa.bindparam("b_workspace"),
            quota_shards.c.shard == sa.bindparam("b_shard"),
            *(
                sa.or_(part[one].is_(None), asked[one] <= 0, used[one] + asked[one] <= part[one])
                for one in DIMENSIONS
            ),
        )
        .values({used[one]: used[one] + asked[one] for one in DIMENSIONS})
    )


_TAKE = Prepared(_take_statement())
