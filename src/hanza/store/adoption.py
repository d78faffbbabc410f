"""A guest that was at a site before us becomes an instance of a tenant's, where it stands.

Promises: all of it in one transaction, or nothing: the wish, the room that it takes already, and
the order to its agent.  It is never placed elsewhere, since its bytes are where they are.  Whether
the site's people let it be taken is theirs to say, at the site.
"""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from hanza.model.errors import Conflict, NotFound
from hanza.model.guest import GuestSpec
from hanza.model.ids import HostId, InstanceId
from hanza.model.image import ADOPTED
from hanza.model.instance import Address, Wanted
from hanza.model.site import Country
from hanza.plan.placement.terms import amounts_of
from hanza.store.events import Whose, append_event
from hanza.store.holds import take_hold
from hanza.store.instances import find_instance, insert_instance
from hanza.store.schema import hosts
from hanza.store.terms import Take, take_terms
from hanza.store.told import StrangerAt, list_strangers
from hanza.store.tx import Tx
from hanza.store.work import hint


@dataclass(frozen=True, slots=True)
class Adoption:
    """Which guest of a site, by its native id or its name there, becomes whose."""

    site: str
    guest: str
    address: Address


def stranger_meant(tx: Tx, site: str, guest: str) -> StrangerAt:
    """Raises `NotFound`, and `Conflict` for a name that several have."""
    known = list_strangers(tx, site)
    found = [one for one in known if one.stranger.native == guest] or [
        one for one in known if one.stranger.name == guest
    ]
    if not found:
        raise NotFound(
            f"site {site!r} tells of no guest {guest!r} that is not ours",
            field="guest",
            hint=f"hanza site adopt {site} lists them",
        )
    if len(found) > 1:
        ids = ", ".join(one.stranger.native for one in found)
        raise Conflict(f"several guests there are called {guest!r}: {ids}", field="guest")
    return found[0]


def wanted_of(
    adoption: Adoption, found: StrangerAt, country: Country, new_id: InstanceId, now: datetime
) -> Wanted:
    """As it is: its size, its power, its place, and the law that it stands under there."""
    one, address = found.stranger, adoption.address
    size = one.size
    spec = GuestSpec(
        address.name, f"{ADOPTED}{one.native}", size.cpus, size.memory_mib, size.disk_mib
    )
    return Wanted(new_id, address, country, spec, one.power, 1, now, zone=found.site)


def adopt(tx: Tx, wanted: Wanted, found: StrangerAt, now: datetime) -> None:
    """Once it was counted.  Raises `Conflict` where it cannot be."""
    address = wanted.address
    if find_instance(tx, address) is not None:
        raise Conflict(f"there is an instance {address.name!r} already", field="name")
    insert_instance(tx, wanted)
    host = _make_room(tx, found)
    size = wanted.spec.size
    if host is None or not take_hold(tx, wanted.id, host, size, now):
        raise Conflict(f"the host {found.stranger.host!r} is not offered now", field="site")
    if not take_terms(tx, [Take(host, address.tenant, amounts_of(size))]):
        raise Conflict("its provider does not take so much of this tenant", field="tenant")
    text = f"{address.name} is adopted where it runs, at {found.site}"
    whose = Whose(address.tenant, address.workspace)
    append_event(tx, now, "instance.adopted", wanted.id, text, whose)
    hint(tx, "publish", found.agent, now)
    hint(tx, "settle", wanted.id, now)


def _make_room(tx: Tx, found: StrangerAt) -> HostId | None:
    """What it takes was not offered, and is its own from now on; the next report says the same."""
    size = found.stranger.size
    of_host = (hosts.c.agent_id == found.agent, hosts.c.name == found.stranger.host)
    larger = (
        sa.update(hosts)
        .where(*of_host)
        .values(
            cpus=hosts.c.cpus + size.cpus,
            memory_mib=hosts.c.memory_mib + size.memory_mib,
            disk_mib=hosts.c.disk_mib + size.disk_mib,
        )
        .returning(hosts.c.id)
    )
    found_id = tx.scalar(larger)
    return None if found_id is None else HostId(found_id)
