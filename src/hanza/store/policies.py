"""Policies that tenants keep for themselves and for their workspaces, and what they bound.

One row for each; the empty workspace is the tenant's own.  `bounds_of` gathers everything that
holds for instances besides their own words, for whoever places, plans or explains.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from hanza.model.errors import Bug
from hanza.model.instance import Wanted
from hanza.model.policy import Policy
from hanza.plan.placement.demand import Above, Bounds
from hanza.plan.policy import levels_above
from hanza.store.beside import stands_of
from hanza.store.database import upsert
from hanza.store.events import append_event
from hanza.store.prepared import Among, Prepared
from hanza.store.schema import instances, policies
from hanza.store.tenants import countries_of_tenants
from hanza.store.tx import Tx
from hanza.store.volumes import pins_of
from hanza.store.work import hint, hint_waiting
from hanza.wire.policy_v1 import policy_from_json, policy_to_json


@dataclass(frozen=True, slots=True)
class Kept:
    """One kept policy; `version` grows with each change of it."""

    tenant: str
    workspace: str
    policy: Policy
    version: int
    changed_at: datetime

    @property
    def words(self) -> str:
        """Whose it is."""
        return f"workspace {self.workspace}" if self.workspace else f"tenant {self.tenant}"


_HOMES = Among(
    sa.select(instances.c.id, instances.c.home).where(instances.c.home.is_not(None)),
    instances.c.id,
)
_ABOVE = Prepared(
    sa.select(policies).where(
        policies.c.tenant == sa.bindparam("tenant"),
        policies.c.workspace.in_([sa.literal(""), sa.bindparam("workspace")]),
    )
)
_OF_TENANT = Prepared(sa.select(policies).where(policies.c.tenant == sa.bindparam("tenant")))


def find_policy(tx: Tx, tenant: str, workspace: str) -> Kept | None:
    row = tx.execute(sa.select(policies).where(*_is(tenant, workspace))).one_or_none()
    return None if row is None else _kept_from_row(row)


def list_policies(tx: Tx, tenant: str) -> dict[str, Policy]:
    """All that a tenant keeps, by workspace; under the empty name its own."""
    rows = _OF_TENANT.all(tx, {"tenant": tenant})
    return {row.workspace: _kept_from_row(row).policy for row in rows}


def keep_policy(tx: Tx, kept: Kept) -> None:
    """Write it, and have everything that it may change looked at again."""
    row = {
        "tenant": kept.tenant,
        "workspace": kept.workspace,
        "policy": policy_to_json(kept.policy),
        "version": kept.version,
        "changed_at": kept.changed_at,
    }
    upsert(tx, policies, ("tenant", "workspace"), row)
    _told(tx, kept, "set", kept.changed_at)


def remove_policy(tx: Tx, kept: Kept, now: datetime) -> None:
    tx.execute(sa.delete(policies).where(*_is(kept.tenant, kept.workspace)))
    _told(tx, kept, "removed", now)


def bounds_of(tx: Tx, wishes: Iterable[Wanted]) -> Bounds:
    """What binds and bounds each of these, as it is now."""
    wishes = list(wishes)
    ids = [one.id for one in wishes]
    above = above_of(tx, ((one.address.tenant, one.address.workspace) for one in wishes))
    return Bounds(
        pins_of(tx, wishes),
        above,
        {row.id: row.home for row in _HOMES.among(tx, ids)},
        stands_of(tx, wishes, above),
        countries_of_tenants(tx, (one.address.tenant for one in wishes)),
    )


def above_of(tx: Tx, places: Iterable[tuple[str, str]]) -> Above:
    """The levels above each of these workspaces, by tenant and workspace."""
    return {place: levels_above(*place, _kept_above(tx, *place)) for place in set(places)}


def _kept_above(tx: Tx, tenant: str, workspace: str) -> dict[str, Policy]:
    rows = _ABOVE.all(tx, {"tenant": tenant, "workspace": workspace})
    return {row.workspace: _kept_from_row(row).policy for row in rows}


def above_with(above: Above, tenant: str, kept: Mapping[str, Policy]) -> Above:
    """As `above`, if the tenant kept this instead."""
    return {
        place: levels_above(*place, kept) if place[0] == tenant else levels
        for place, levels in above.items()
    }


def _told(tx: Tx, kept: Kept, verb: str, now: datetime) -> None:
    text = f"the policy of {kept.words} was {verb}"
    append_event(tx, now, f"policy.{verb}", kept.tenant, text, kept.tenant)
    hint(tx, "judge", kept.tenant, now)
    hint_waiting(tx, "place", now)


def _is(tenant: str, workspace: str) -> tuple[sa.ColumnElement[bool], ...]:
    return policies.c.tenant == tenant, policies.c.workspace == workspace


def _kept_from_row(row: sa.Row[tuple[object, ...]]) -> Kept:
    policy = policy_from_json(row.policy)
    if policy is None:
        raise Bug("a policy is kept without its words")
    return Kept(row.tenant, row.workspace, policy, row.version, row.changed_at)
