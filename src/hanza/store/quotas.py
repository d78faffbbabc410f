"""Quotas: what tenants and workspaces may have, and a count of what they have.

Everything that counts is counted by `count`, with or without a quota: in the transaction that
admits or forgets it, once for its workspace and once for its tenant.  So a quota that is set later
finds a true count, and to set one looks at nobody's instances.

How planes that count at once are not in each other's way is `store.shards`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from hanza.model.quota import DIMENSIONS, NONE, UNLIMITED, Amounts, Limits, Scope
from hanza.plan.quota import exceeded, refusal_of
from hanza.store.database import upsert
from hanza.store.events import append_event
from hanza.store.quota_tables import quota_shards, quotas
from hanza.store.shards import Counts
from hanza.store.tx import Tx

_COUNTS = Counts(quota_shards, ("tenant", "workspace"))


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
        if not _COUNTS.count(tx, _key(one), change):
            excess = _COUNTS.count_on_all(tx, _key(one), _limits(tx, one), change)
            if excess:
                raise refusal_of(one, excess)


def refuse_excess(tx: Tx, scope: Scope, changes: Sequence[Amounts]) -> None:
    """Raises `QuotaExceeded` if counting these, one after the other, would; counts nothing."""
    for one in scope.both:
        used, limits = _COUNTS.used(tx, _key(one)), _limits(tx, one)
        for change in changes:
            excess = exceeded(used, limits, change)
            if excess:
                raise refusal_of(one, excess)
            used = used + change


def get_quota(tx: Tx, scope: Scope) -> Quota:
    """Also of who never had one, or has nothing."""
    row = tx.execute(sa.select(quotas).where(*_is(quotas, scope))).one_or_none()
    used = _COUNTS.used(tx, _key(scope))
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
    _COUNTS.deal(tx, _key(scope), limits)
    _told(tx, scope, "set", now)
    return Quota(scope, limits, known.used, known.version + 1, now), not known.version


def clear_quota(tx: Tx, scope: Scope, now: datetime) -> bool:
    """Have no limits any more; False when there were none."""
    if not tx.execute(sa.delete(quotas).where(*_is(quotas, scope))).rowcount:
        return False
    _COUNTS.deal(tx, _key(scope), UNLIMITED)
    _told(tx, scope, "cleared", now)
    return True


def _limits(tx: Tx, scope: Scope) -> Limits:
    row = tx.execute(sa.select(quotas).where(*_is(quotas, scope))).one_or_none()
    return UNLIMITED if row is None else _limits_from_row(row)


def _told(tx: Tx, scope: Scope, verb: str, now: datetime) -> None:
    text = f"the quota of {scope.words} was {verb}"
    append_event(tx, now, f"quota.{verb}", scope.tenant, text, scope.tenant)


def _key(scope: Scope) -> dict[str, str]:
    return {"tenant": scope.tenant, "workspace": scope.workspace}


def _is(table: sa.Table, scope: Scope) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.tenant == scope.tenant, table.c.workspace == scope.workspace


def _limits_from_row(row: sa.Row[tuple[Any, ...]]) -> Limits:
    return Limits(*(row._mapping[one] for one in DIMENSIONS))
