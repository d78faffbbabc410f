"""Providers' own terms, and what they have taken of each tenant and in all.

Counted only for providers that have terms, in the transaction that takes or gives back the room:
so two placers at once take no more than a provider's terms allow.  When terms are first set, what
is held there is counted; a provider without terms costs one look at a small table.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from hanza.model.ids import HostId
from hanza.model.quota import DIMENSIONS, NONE, Amounts, Limits
from hanza.model.terms import Terms
from hanza.plan.placement.terms import ALL
from hanza.store.changes import note_change
from hanza.store.database import upsert
from hanza.store.events import append_event
from hanza.store.prepared import Prepared
from hanza.store.schema import holds, hosts, instances, providers, sites, volumes
from hanza.store.shards import Counts, Whose, shard_from_row
from hanza.store.sites import get_provider
from hanza.store.terms_tables import provider_shards, provider_terms
from hanza.store.tx import Tx
from hanza.store.work import hint_waiting

_COUNTS = Counts(provider_shards, ("provider_id", "tenant"))
_TERMS = Prepared(sa.select(provider_terms))
_ANY = Prepared(sa.select(provider_terms.c.provider_id))


@dataclass(frozen=True, slots=True)
class Take:
    """So much of a tenant's at one host; what is given back is negative."""

    host: HostId
    tenant: str
    amounts: Amounts


@dataclass(frozen=True, slots=True)
class Held:
    """A provider's terms and what it has taken: by tenant, and of all under the empty name.

    Version 0 where it has none; then nothing is counted.
    """

    provider: str
    terms: Terms
    taken: Mapping[str, Amounts]
    version: int = 0
    changed_at: datetime | None = None


def has_terms(tx: Tx) -> bool:
    """Whether any provider has terms; mostly none does."""
    return bool(_ANY.all(tx, {}))


def take_terms(tx: Tx, takes: Sequence[Take]) -> bool:
    """Count all of these; False, with some of it counted, when a provider does not take one.

    For a savepoint that the caller then undoes.
    """
    if not has_terms(tx):
        return True
    terms = {row.provider_id: _terms_from_row(row) for row in _TERMS.all(tx, {})}
    owners = _owners(tx, {one.host for one in takes})
    for one in takes:
        owner = owners[one.host]
        if owner.id in terms and not _count(tx, owner, terms[owner.id], one):
            return False
    return True


def give_terms(tx: Tx, take: Take) -> None:
    """Count it back: that is never in anybody's way."""
    if not has_terms(tx):
        return
    terms = {row.provider_id: _terms_from_row(row) for row in _TERMS.all(tx, {})}
    owner = _owners(tx, {take.host})[take.host]
    if owner.id in terms:
        less = Take(take.host, take.tenant, NONE - take.amounts)
        _count(tx, owner, terms[owner.id], less)


def terms_by_provider(tx: Tx) -> dict[str, tuple[Terms, dict[str, Amounts]]]:
    """Of every provider that has terms, by its id: them, and what it has taken."""
    found = {
        row.provider_id: (_terms_from_row(row), dict[str, Amounts]()) for row in _TERMS.all(tx, {})
    }
    for row in tx.execute(sa.select(provider_shards)) if found else ():
        if row.provider_id in found:
            taken = found[row.provider_id][1]
            taken[row.tenant] = taken.get(row.tenant, NONE) + shard_from_row(row).used
    return found


def get_terms(tx: Tx, name: str) -> Held:
    """Also of who has none.  Raises `NotFound` for who is no provider."""
    provider = get_provider(tx, name).id
    row = tx.execute(_of(provider)).one_or_none()
    if row is None:
        return Held(name, Terms(), {})
    _, taken = terms_by_provider(tx)[provider]
    return Held(name, _terms_from_row(row), taken, row.version, row.changed_at)


def set_terms(tx: Tx, name: str, terms: Terms, now: datetime) -> tuple[Held, bool]:
    """Have these terms instead; also whether it had none.  Twice is once.

    They may allow less than stands there: then nothing more comes until it is less again.
    """
    provider, known = get_provider(tx, name).id, get_terms(tx, name)
    if known.version and known.terms == terms:
        return known, False
    row: dict[str, Any] = {
        "provider_id": provider,
        **{f"each_{one}": terms.each.of(one) for one in DIMENSIONS},
        **{f"total_{one}": terms.total.of(one) for one in DIMENSIONS},
        "denied": sorted(terms.denied),
        "version": known.version + 1,
        "changed_at": now,
    }
    upsert(tx, provider_terms, ("provider_id",), row)
    if not known.version:
        _count_what_stands(tx, provider)
    for tenant in get_terms(tx, name).taken.keys() | {ALL}:
        limits = terms.total if tenant == ALL else terms.each
        _COUNTS.deal(tx, _whose(provider, tenant), limits)
    _told(tx, name, "set", now)
    return get_terms(tx, name), not known.version


def clear_terms(tx: Tx, name: str, now: datetime) -> bool:
    """Have none any more; False when it had none."""
    provider = get_provider(tx, name).id
    mine = provider_terms.c.provider_id == provider
    if not tx.execute(sa.delete(provider_terms).where(mine)).rowcount:
        return False
    tx.execute(sa.delete(provider_shards).where(provider_shards.c.provider_id == provider))
    _told(tx, name, "cleared", now)
    return True


@dataclass(frozen=True, slots=True)
class _Owner:
    """The provider of a host, by id and name."""

    id: str
    name: str


def _count(tx: Tx, owner: _Owner, terms: Terms, take: Take) -> bool:
    if take.tenant in terms.denied and take.amounts.instances > 0:
        return False
    for tenant, limits in ((take.tenant, terms.each), (ALL, terms.total)):
        whose = _whose(owner.id, tenant)
        if not _COUNTS.count(tx, whose, take.amounts) and _COUNTS.count_on_all(
            tx, whose, limits, take.amounts
        ):
            return False
    note_change(tx, "provider", owner.name)
    return True


def _count_what_stands(tx: Tx, provider: str) -> None:
    """Everything that is held there now, in one shard for each tenant and one for all."""
    found: dict[str, Amounts] = {}
    for tenant, amounts in _what_stands(tx, provider):
        for whose in (tenant, ALL):
            found[whose] = found.get(whose, NONE) + amounts
    for tenant, amounts in found.items():
        _COUNTS.count_on_all(tx, _whose(provider, tenant), Limits(), amounts)


def _what_stands(tx: Tx, provider: str) -> Iterable[tuple[str, Amounts]]:
    runs = (
        sa.select(
            instances.c.tenant,
            sa.func.count().label("instances"),
            sa.func.sum(holds.c.cpus).label("cpus"),
            sa.func.sum(holds.c.memory_mib).label("memory_mib"),
            sa.func.sum(holds.c.disk_mib).label("disk_mib"),
        )
        .select_from(holds)
        .join(instances, instances.c.id == holds.c.instance_id)
        .join(hosts, hosts.c.id == holds.c.host_id)
        .join(sites, sites.c.id == hosts.c.site_id)
        .where(sites.c.provider_id == provider)
        .group_by(instances.c.tenant)
    )
    for row in tx.execute(runs):
        yield (
            row.tenant,
            Amounts(row.instances, int(row.cpus), int(row.memory_mib), int(row.disk_mib)),
        )
    bytes_of = (
        sa.select(volumes.c.tenant, sa.func.sum(volumes.c.held_mib).label("held_mib"))
        .select_from(volumes)
        .join(hosts, hosts.c.id == volumes.c.host_id)
        .join(sites, sites.c.id == hosts.c.site_id)
        .where(sites.c.provider_id == provider)
        .group_by(volumes.c.tenant)
    )
    for row in tx.execute(bytes_of):
        yield row.tenant, Amounts(storage_mib=int(row.held_mib))


def _owners(tx: Tx, ids: set[HostId]) -> dict[HostId, _Owner]:
    """The providers of these hosts."""
    query = (
        sa.select(hosts.c.id, sites.c.provider_id, providers.c.name)
        .join(sites, sites.c.id == hosts.c.site_id)
        .join(providers, providers.c.id == sites.c.provider_id)
    )
    rows = tx.execute(query.where(hosts.c.id.in_(ids)))
    return {HostId(row.id): _Owner(row.provider_id, row.name) for row in rows}


def _of(provider: str) -> "sa.Select[Any]":
    return sa.select(provider_terms).where(provider_terms.c.provider_id == provider)


def _whose(provider: str, tenant: str) -> Whose:
    return {"provider_id": provider, "tenant": tenant}


def _told(tx: Tx, name: str, verb: str, now: datetime) -> None:
    text = f"the terms of provider {name} were {verb}"
    append_event(tx, now, f"terms.{verb}", name, text, provider=name)
    note_change(tx, "provider", name)
    hint_waiting(tx, "place", now)


def _terms_from_row(row: Any) -> Terms:
    return Terms(
        Limits(*(getattr(row, f"each_{one}") for one in DIMENSIONS)),
        Limits(*(getattr(row, f"total_{one}") for one in DIMENSIONS)),
        frozenset(row.denied or ()),
    )
