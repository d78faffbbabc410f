"""Orders about volumes.  Where a volume is attached is read from the domains, always.

Nothing else records an attachment, so that there is nothing that could disagree: a guest that is
destroyed, by us or behind our back, has let go of its volumes by ceasing to be.
"""

from collections.abc import Callable
from pathlib import Path
from xml.etree.ElementTree import Element

from hanza.drivers import requests
from hanza.drivers.libvirt import domains, door
from hanza.drivers.libvirt.connection import Call, Connection
from hanza.drivers.libvirt.domains import Seen
from hanza.drivers.libvirt.pool import MIB, Pool
from hanza.drivers.libvirt.workshop import Files, Locks, Look, Workshop, find_guest
from hanza.model.capacity import Capacity
from hanza.model.errors import Rejected, Unsupported
from hanza.model.ids import NativeId, VolumeId


class VolumeOrders:
    def __init__(self, connection: Connection, workshop: Workshop, locks: Locks) -> None:
        self._connection = connection
        self._workshop = workshop
        self._locks = locks

    def create(self, owner: VolumeId, host: str, size_mib: int, image: str) -> None:
        def order(pool: Pool, conn: door.Conn, call: Call, look: Look) -> None:
            requests.refuse_wrong_volume(owner, size_mib, image)
            if pool.volume_mib(NativeId(owner)) is not None:
                return
            more = Capacity(0, 0, size_mib)
            self._workshop.refuse_without_room(conn, look, host, more)
            base = self._files().images.disk(image)
            with call.act():
                pool.make_volume(owner, size_mib, base)

        self._run(order)

    def grow(self, native: NativeId, size_mib: int) -> None:
        def order(pool: Pool, conn: door.Conn, call: Call, look: Look) -> None:
            has_mib = pool.volume_mib(native)
            if has_mib is None or size_mib < has_mib:
                raise Rejected("the volume is absent, or would shrink")
            if size_mib == has_mib:
                return
            more = Capacity(0, 0, size_mib - has_mib)
            self._workshop.refuse_without_room(conn, look, self._workshop.host, more)
            file = pool.volume(VolumeId(native))
            holder = look.guests.get(look.attached.get(file, NativeId("")))
            with call.act():
                if holder is not None and holder.is_on:
                    # A running guest's emulator has the file open, and must do it itself.
                    domain = conn.lookupByUUIDString(holder.native)
                    domain.blockResize(str(file), size_mib * MIB, door.BYTES)
                else:
                    pool.grow_volume(VolumeId(native), size_mib)

        self._run(order)

    def delete(self, native: NativeId) -> None:
        def order(pool: Pool, _conn: door.Conn, call: Call, look: Look) -> None:
            if pool.volume_mib(native) is None:
                return
            if pool.volume(VolumeId(native)) in look.attached:
                raise Rejected("the volume is attached; detach it first")
            with call.act():
                pool.remove_volume(VolumeId(native))

        self._run(order)

    def attach(self, native: NativeId, guest: NativeId) -> None:
        def order(pool: Pool, conn: door.Conn, call: Call, look: Look) -> None:
            if pool.volume_mib(native) is None:
                raise Rejected("no such volume")
            if guest not in look.guests:
                raise Rejected("no such guest")
            file = pool.volume(VolumeId(native))
            holder = look.attached.get(file)
            if holder not in (None, guest):
                raise Rejected("the volume is attached elsewhere")
            if holder is None:
                self._plug(conn, call, guest, VolumeId(native))

        self._run(order, guest)

    def _plug(self, conn: door.Conn, call: Call, guest: NativeId, owner: VolumeId) -> None:
        file = self._files().pool.volume(owner)
        found = find_guest(conn, self._workshop.federation, guest)
        target = None if found is None else domains.free_target(found[2])
        if found is None or target is None:
            raise Rejected("the guest is gone, or has all the volumes it can")
        domain, seen, _ = found
        with call.act():
            domain.attachDeviceFlags(domains.xml_of_volume(file, target, owner), _reach(seen))

    def detach(self, native: NativeId) -> None:
        def order(pool: Pool, conn: door.Conn, call: Call, look: Look) -> None:
            if pool.volume_mib(native) is None:
                return
            file = pool.volume(VolumeId(native))
            holder = look.attached.get(file)
            # What somebody else attached is not ours to detach.
            if holder is None or holder not in look.guests:
                return
            found = find_guest(conn, self._workshop.federation, holder)
            if found is not None:
                seen = found[1]
                requests.refuse_detaching(seen.spec, VolumeId(native), is_on=seen.is_on)
                _unplug(call, found, file, VolumeId(native))

        self._run(order)

    def _files(self) -> Files:
        if self._workshop.files is None:
            raise Unsupported("this engine has no volumes")
        return self._workshop.files

    def _run(
        self,
        order: Callable[[Pool, door.Conn, Call, Look], None],
        guest: NativeId | None = None,
    ) -> None:
        files = self._files()

        def work(conn: door.Conn, call: Call) -> None:
            # The guest's lock before the room's, as everywhere: two orders never wait in a ring.
            if guest is not None:
                with call.holding(self._locks.of(guest)), call.holding(self._locks.room):
                    order(files.pool, conn, call, self._workshop.look(conn, call))
                return
            with call.holding(self._locks.room):
                order(files.pool, conn, call, self._workshop.look(conn, call))

        self._connection.run(work)


def _reach(seen: Seen) -> int:
    """The running guest, and the one that will be started next time."""
    return door.LIVE | door.CONFIG if seen.is_on else door.CONFIG


def _unplug(
    call: Call, found: tuple[door.Domain, Seen, Element], file: Path, owner: VolumeId
) -> None:
    domain, _, tree = found
    target = next((target for path, target in domains.files_in(tree) if path == file), None)
    if target is not None:
        with call.act():
            domain.detachDeviceFlags(domains.xml_of_volume(file, target, owner), door.CONFIG)
