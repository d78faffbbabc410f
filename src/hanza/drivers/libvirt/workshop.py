"""What one driver has to work with besides the connection, and one look at the whole site.

A `Look` is made anew for each call that needs one: nothing about the site is remembered from one
call to the next, because others change it too.
"""

from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path
from typing import Literal
from xml.etree.ElementTree import Element

from hanza.drivers import requests
from hanza.drivers.libvirt import domains, door, names, strangers
from hanza.drivers.libvirt.accelerator import Accelerator
from hanza.drivers.libvirt.connection import Call, Lock
from hanza.drivers.libvirt.domains import Build, DomainType, Nic, Seen
from hanza.drivers.libvirt.images import Images
from hanza.drivers.libvirt.pool import Pool
from hanza.drivers.libvirt.ports import Doors, forwards_of
from hanza.drivers.libvirt.serial import SerialLogs
from hanza.model.capacity import NOTHING, Capacity, at_least_nothing
from hanza.model.errors import Exhausted, Rejected, Unsupported
from hanza.model.guest import GuestSpec, HostFacts, Volume
from hanza.model.ids import FederationId, NativeId

_TEST_DISK_MIB = 1024 * 1024
"""The engine in libvirt's own test driver has no disks; it is taken to have a large one."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What the provider offers of this host; None is all of it."""

    cpus: int | None
    memory_mib: int | None
    disk_mib: int | None


@dataclass(frozen=True, slots=True)
class Files:
    images: Images
    pool: Pool
    serial: SerialLogs


@dataclass(frozen=True, slots=True)
class Look:
    """All of the site's domains, as they were at one moment."""

    guests: dict[NativeId, Seen]
    attached: dict[Path, NativeId]
    """Which domain has which file, foreign domains too."""
    volumes: tuple[Volume, ...]
    others: list[tuple[door.Domain, Element]]
    """Every domain that is not ours."""

    @property
    def held(self) -> Capacity:
        sizes = [seen.spec.size for seen in self.guests.values()]
        sizes += [Capacity(0, 0, volume.size_mib) for volume in self.volumes]
        return reduce(Capacity.__add__, sizes, NOTHING)


@dataclass(frozen=True, slots=True)
class Workshop:
    federation: FederationId
    host: str
    kind: DomainType
    accelerator: Accelerator | Literal["none"]
    offer: Offer
    files: Files | None
    """None at an engine that keeps none, as in libvirt's test driver."""
    doors: Doors | None = None
    """None where no ports are published."""

    def build_of(self, native: NativeId, spec: GuestSpec) -> Build:
        """What the guest will consist of.  `Rejected` when the image is not here."""
        if self.files is None:
            return Build(self.kind, None, None, None)
        return Build(
            self.kind,
            self.disk_of(native, spec),
            self.files.serial.path(native),
            self.files.images.boot(spec.image, emulated=self.kind == "qemu"),
            self.files.pool.seed(native) if spec.is_seeded else None,
            Nic(names.guest_mac(native), forwards_of(self.doors, spec)),
            console=self.files.serial.socket(native),
            volume=spec.boot_volume,
        )

    def disk_of(self, native: NativeId, spec: GuestSpec) -> Path | None:
        """The disk that the guest boots from: its volume, or one of its own."""
        if self.files is None:
            return None
        if spec.boot_volume is None:
            return self.files.pool.disk(native)
        return self.files.pool.volume(spec.boot_volume)

    def facts(self, conn: door.Conn, look: Look) -> HostFacts:
        """What is there without what others take, and of that what is offered."""
        _, memory_mib, cpus, *_ = conn.getInfo()
        room_mib = _TEST_DISK_MIB if self.files is None else self.files.pool.room_mib()
        root = None if self.files is None else self.files.pool.root
        taken = strangers.taken_by(look.others, root)
        capacity = left_of(Capacity(cpus, memory_mib, room_mib), taken, self.offer)
        address = self.doors.address if self.doors else ""
        return HostFacts(self.host, capacity, self.accelerator, address)

    def look(self, conn: door.Conn, call: Call) -> Look:
        guests: dict[NativeId, Seen] = {}
        attached: dict[Path, NativeId] = {}
        others: list[tuple[door.Domain, Element]] = []
        for domain in conn.listAllDomains(0):
            call.go_on()
            tree = _xml_of(domain, 0)
            if tree is None:
                continue
            seen = domains.seen_in(tree, self.federation)
            if seen is None:
                others.append((domain, tree))
            else:
                guests[seen.native] = seen
            native = NativeId(tree.findtext("uuid", ""))
            attached.update((file, native) for file, _ in domains.files_in(tree))
        return Look(guests, attached, self._volumes(attached), others)

    def _volumes(self, attached: dict[Path, NativeId]) -> tuple[Volume, ...]:
        if self.files is None:
            return ()
        pool = self.files.pool
        return tuple(
            Volume(
                NativeId(owner),
                owner,
                self.host,
                size_mib,
                attached.get(pool.volume(owner)),
                image,
            )
            for owner, size_mib, image in sorted(pool.volumes())
        )

    def refuse_boot_volume(self, look: Look, host: str, spec: GuestSpec) -> None:
        if spec.boot_volume is None:
            return
        if self.files is None:
            raise Unsupported("this engine has no volumes")
        if host != self.host or self.files.pool.volume_mib(NativeId(spec.boot_volume)) is None:
            raise Rejected("the volume that it boots from is not at this host")
        if self.files.pool.volume(spec.boot_volume) in look.attached:
            raise Rejected("the volume that it boots from is attached elsewhere")

    def refuse_without_room(self, conn: door.Conn, look: Look, host: str, more: Capacity) -> None:
        if host != self.host:
            raise Rejected("no such host at this site")
        if not requests.has_room(self.facts(conn, look).capacity, look.held, more):
            raise Exhausted("the host has no room for that")


def left_of(there: Capacity, taken: Capacity, offer: Offer) -> Capacity:
    """What is offered beside others who take so much.

    Processors may be shared: a provider who offers more than there are says for how many the
    machine stands, and what others take is taken from that.
    """
    stands_for = replace(there, cpus=max(there.cpus, offer.cpus or 0))
    free = at_least_nothing(stands_for - taken)
    return Capacity(
        cpus=_least(free.cpus, offer.cpus),
        memory_mib=_least(free.memory_mib, offer.memory_mib),
        disk_mib=_least(free.disk_mib, offer.disk_mib),
    )


def _least(there: int, offered: int | None) -> int:
    return there if offered is None else min(there, offered)


def _xml_of(domain: door.Domain, flags: int) -> Element | None:
    """None for a domain that has vanished since it was listed."""
    try:
        return domains.parse(domain.XMLDesc(flags))
    except door.EngineError as error:
        if door.is_absent(error):
            return None
        raise


def find_guest(
    conn: door.Conn, federation: FederationId, native: NativeId
) -> tuple[door.Domain, Seen, Element] | None:
    """The domain, if it is one of ours; whatever is not ours is as if it were not there."""
    try:
        domain = conn.lookupByUUIDString(native)
    except door.EngineError as error:
        if door.is_absent(error):
            return None
        raise
    tree = _xml_of(domain, 0)
    seen = None if tree is None else domains.seen_in(tree, federation)
    return None if tree is None or seen is None else (domain, seen, tree)


class Locks:
    """One lock for making room, and one per guest, so that a slow guest delays no other."""

    def __init__(self, room: Lock, guests: tuple[Lock, ...]) -> None:
        self.room = room
        self._guests = guests

    def of(self, native: NativeId) -> Lock:
        return self._guests[hash(native) % len(self._guests)]
