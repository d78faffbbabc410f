"""The laws, as one function that any test of a whole league may call at any moment."""

from collections.abc import Mapping

import sqlalchemy as sa

from hanza.model.ids import VolumeId
from hanza.model.manifest import Version
from hanza.store import schema
from hanza.store.tx import Tx
from kit.leagues import League
from kit.quotas import check_quotas
from kit.terms import check_terms


def check_laws(league: League) -> None:
    """Never two; holds never exceed the inventory; a manifest never goes back; a volume is one; and
    what is counted of quotas and of providers' terms is what is there."""
    owners = [row.owner for agent in league.agents.values() for row in agent.own_guests()]
    assert len(owners) == len(set(owners)), f"an instance runs twice: {sorted(owners)}"
    _volumes_are_one(league)
    league.store.read(check_books)
    published = league.store.read(_published)
    for agent in league.agents.values():
        held = agent.journal.manifest
        if held is not None:
            assert held.version <= published[agent.id], "an agent is ahead of what was published"


def check_books(tx: Tx) -> None:
    """What is booked is what is held, and no more than there is."""
    _holds_fit_the_inventory(tx)
    _ports_are_held(tx)
    check_quotas(tx)
    check_terms(tx)


def _volumes_are_one(league: League) -> None:
    """A volume's bytes are at most once, with one guest at most, who has the room for them held."""
    owners, disks = [], []
    for agent in league.agents.values():
        guests = {guest.native for guest in agent.own_guests()}
        for row in agent.own_volumes():
            owners.append(row.owner)
            assert row.attached_to is None or row.attached_to in guests, "attached to nobody"
        disks += [g.spec.boot_volume for g in agent.own_guests() if g.spec.boot_volume]
    assert len(owners) == len(set(owners)), f"a volume is twice: {sorted(owners)}"
    assert len(disks) == len(set(disks)), f"two boot from one volume: {sorted(disks)}"


def check_ends(before: Mapping[str, set[VolumeId]], league: League) -> dict[str, set[VolumeId]]:
    """No volume is gone but by its tombstone.  Asked after each step, with what was before it."""
    now = {}
    for name, agent in league.agents.items():
        now[name] = {row.owner for row in agent.own_volumes()}
        held = agent.journal.manifest
        ended = {one.stay.volume for one in held.volume_tombstones} if held else set()
        gone = before.get(name, set()) - now[name]
        assert gone <= ended, f"gone without a tombstone: {sorted(gone - ended)}"
    return now


def _books_of(dimension: str) -> sa.Select[tuple[str, int, int, int, int]]:
    """Of each host: what it has and has booked, and what guests and volumes hold."""
    holds, hosts, volumes = schema.holds, schema.hosts, schema.volumes
    summed = sa.select(sa.func.coalesce(sa.func.sum(holds.c[dimension]), 0)).where(
        holds.c.host_id == hosts.c.id
    )
    kept = sa.select(sa.func.coalesce(sa.func.sum(volumes.c.held_mib), 0)).where(
        volumes.c.host_id == hosts.c.id
    )
    return sa.select(
        hosts.c.id,
        hosts.c[dimension],
        hosts.c[f"held_{dimension}"],
        summed.scalar_subquery(),
        kept.scalar_subquery(),
    )


BOOKS = {dimension: _books_of(dimension) for dimension in ("cpus", "memory_mib", "disk_mib")}
"""Made once: crash tests ask thousands of times."""
PORTS = sa.select(schema.held_ports, schema.holds.c.host_id.label("holder")).outerjoin(
    schema.holds, schema.holds.c.instance_id == schema.held_ports.c.instance_id
)


def _holds_fit_the_inventory(tx: Tx) -> None:
    for dimension, query in BOOKS.items():
        for host, has, held, guests, disks in tx.execute(query):
            total = guests + (disks if dimension == "disk_mib" else 0)
            assert held == total, f"{host} books {held} {dimension} for holds of {total}"
            assert held <= has, f"{host} has {has} {dimension} and {held} are held"


def _ports_are_held(tx: Tx) -> None:
    """A port is held by who holds room at its host, and by nobody else."""
    for row in tx.execute(PORTS):
        assert row.holder == row.host_id, f"port {row.port} is held by one who is not there"


def _published(tx: Tx) -> dict[str, Version]:
    agents = schema.agents
    rows = tx.execute(sa.select(agents.c.id, agents.c.epoch, agents.c.manifest_no))
    return {row.id: Version(row.epoch, row.manifest_no) for row in rows}
