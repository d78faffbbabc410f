"""What is known to violate a policy, since when, and what stands where it could.

Rows here are written by the judging pass alone, together with an event for each that begins or
ends; what is so this moment is asked of `plan.placement.violations` and not of these rows.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

import sqlalchemy as sa

from hanza.model.ids import HostId
from hanza.model.instance import Wanted
from hanza.plan.placement.violations import Violation
from hanza.store.instances import wanted_from_row
from hanza.store.schema import holds, instances, violations
from hanza.store.tx import Tx
from hanza.store.work import hint

Key = tuple[str, str, str, str]
"""Instance, level, rule and its key: one violation."""


def list_standing(tx: Tx, tenant: str, workspace: str | None = None) -> list[tuple[Wanted, HostId]]:
    """Everything of a tenant that has a place and is to stay there, by name."""
    query = (
        sa.select(instances, holds.c.host_id)
        .join(holds, holds.c.instance_id == instances.c.id)
        .where(
            instances.c.tenant == tenant,
            sa.not_(instances.c.is_ended),
            sa.not_(holds.c.is_ending),
        )
        .order_by(instances.c.workspace, instances.c.name)
    )
    if workspace is not None:
        query = query.where(instances.c.workspace == workspace)
    return [(wanted_from_row(row), HostId(row.host_id)) for row in tx.execute(query)]


def tenants_at(tx: Tx, hosts_there: Iterable[HostId]) -> list[str]:
    """Whoever has something placed at one of these hosts, by name."""
    query = (
        sa.select(instances.c.tenant)
        .join(holds, holds.c.instance_id == instances.c.id)
        .where(holds.c.host_id.in_(list(hosts_there)))
        .distinct()
    )
    return sorted(tx.scalars(query))


def list_noted(tx: Tx, tenant: str) -> Mapping[Key, tuple[str, datetime]]:
    """What was noted of a tenant's: the sentence, and since when."""
    rows = tx.execute(sa.select(violations).where(violations.c.tenant == tenant))
    return {
        (row.instance_id, row.level, row.rule, row.key): (row.sentence, row.since) for row in rows
    }


def key_of(violation: Violation) -> Key:
    return violation.instance, violation.level, violation.rule, violation.key


def note_violations(tx: Tx, found: Iterable[Violation], now: datetime) -> None:
    rows = [
        {
            "instance_id": one.instance,
            "level": one.level,
            "rule": one.rule,
            "key": one.key,
            "tenant": one.address.tenant,
            "sentence": one.sentence,
            "since": now,
        }
        for one in found
    ]
    if rows:
        tx.execute(sa.insert(violations), rows)


def clear_violations(tx: Tx, keys: Iterable[Key]) -> None:
    for instance, level, rule, key in keys:
        tx.execute(
            sa.delete(violations).where(
                violations.c.instance_id == instance,
                violations.c.level == level,
                violations.c.rule == rule,
                violations.c.key == key,
            )
        )


def judge_again(tx: Tx, wanted: Wanted, now: datetime) -> None:
    """Have its tenant's looked at again, if anything was noted of it."""
    mine = sa.select(violations.c.rule).where(violations.c.instance_id == wanted.id).limit(1)
    if tx.scalar(mine) is not None:
        hint(tx, "judge", wanted.address.tenant, now)


def judge_everybody(tx: Tx, now: datetime) -> None:
    """Have everything that has a place looked at again: members changed what is known of them."""
    query = sa.select(instances.c.tenant).join(holds, holds.c.instance_id == instances.c.id)
    for tenant in tx.scalars(query.distinct()).all():
        hint(tx, "judge", tenant, now)
