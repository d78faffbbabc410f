"""The libvirt driver: each call of `spi`, in the order look, decide, do.

The order inside a call is chosen so that dying between any two steps leaves either nothing, or
something that the next survey shows and the next call of the same kind completes.
"""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar
from xml.etree.ElementTree import Element

from hanza.drivers import requests
from hanza.drivers.libvirt import domains, door, names, strangers
from hanza.drivers.libvirt.connection import Call, Connection, told_of_file
from hanza.drivers.libvirt.console import Lines, SocketConsole
from hanza.drivers.libvirt.domains import Seen
from hanza.drivers.libvirt.ports import refuse_ports, refuse_taken
from hanza.drivers.libvirt.seed import files_of, write_seed
from hanza.drivers.libvirt.serial import SerialLogs
from hanza.drivers.libvirt.volumes import VolumeOrders
from hanza.drivers.libvirt.workshop import Files, Locks, Workshop, find_guest
from hanza.drivers.spi import Capabilities
from hanza.model.capacity import Capacity
from hanza.model.errors import DriverError, Rejected, Unavailable, Unsupported
from hanza.model.guest import Guest, GuestSpec, Mark, Power, Stranger, Survey
from hanza.model.ids import NativeId, VolumeId
from hanza.model.image import BLANK, adopted_native

T = TypeVar("T")

STRIPES = 64


class Driver:
    def __init__(self, connection: Connection, workshop: Workshop) -> None:
        self._connection = connection
        self._workshop = workshop
        room = threading.Lock() if workshop.files is None else workshop.files.pool.lock
        self._locks = Locks(room, tuple(threading.Lock() for _ in range(STRIPES)))
        self._closed = threading.Event()
        self._lines = Lines()
        self._volume_orders = VolumeOrders(connection, workshop, self._locks)

    def __repr__(self) -> str:
        return f"libvirt.Driver({self._workshop.federation}, {self._workshop.host})"

    def capabilities(self) -> Capabilities:
        files = self._workshop.files
        has_files = files is not None
        return Capabilities(
            driver="libvirt",
            version=door.version(),
            serial=has_files,
            volumes=has_files,
            resize=True,
            ports=self._workshop.doors is not None,
            console=files is not None and files.serial.has_consoles,
            fences=False,
            adopts=True,
        )

    def survey(self) -> Survey:
        def work(conn: door.Conn, call: Call) -> Survey:
            look = self._workshop.look(conn, call)
            files = self._workshop.files
            if files is not None:
                files.pool.sweep(look.guests.keys())
            guests = tuple(
                Guest(
                    native=seen.native,
                    mark=seen.mark,
                    host=seen.host,
                    spec=seen.spec,
                    power="on" if seen.is_on else "off",
                    serial_bytes=self._written(seen),
                )
                for seen in look.guests.values()
            )
            return Survey(guests, look.volumes, (self._workshop.facts(conn, look),))

        return self._connection.run(work)

    def _written(self, seen: Seen) -> int | None:
        """What was there before us logs where it always did, which is not ours to read."""
        files = self._workshop.files
        if files is None or adopted_native(seen.spec.image) is not None:
            return None
        return files.serial.written(seen.native)

    def strangers(self) -> tuple[Stranger, ...]:
        def work(conn: door.Conn, call: Call) -> tuple[Stranger, ...]:
            look = self._workshop.look(conn, call)
            found = []
            for domain, tree in look.others:
                call.go_on()
                if not domains.is_marked(tree):
                    one = strangers.stranger_of(tree, self._workshop.host)
                    disks = Capacity(0, 0, strangers.disk_mib_of(domain, tree))
                    found.append(replace(one, size=one.size + disks))
            return tuple(sorted(found, key=lambda one: one.native))

        return self._connection.run(work)

    def close(self) -> None:
        self._closed.set()
        self._connection.close()

    # -- guests ---------------------------------------------------------------------------------

    def create(self, mark: Mark, host: str, spec: GuestSpec) -> None:
        requests.refuse_wrong_mark(mark)
        requests.refuse_wrong_spec(spec)
        adopted = requests.adopted_of(spec)
        if adopted is not None:
            self._adopt(mark, host, spec, adopted)
            return
        native = names.guest_uuid(self._workshop.federation, mark)

        def work(conn: door.Conn, call: Call) -> None:
            # Under the lock, so that of two creators of one guest the second finds the first's,
            # and of two guests that both fit alone only one is made.
            with call.holding(self._locks.of(native)), call.holding(self._locks.room):
                if find_guest(conn, self._workshop.federation, native) is None:
                    _refuse_stranger(conn, native)
                    look = self._workshop.look(conn, call)
                    self._workshop.refuse_boot_volume(look, host, spec)
                    self._workshop.refuse_without_room(conn, look, host, spec.size)
                    others = [seen.spec for seen in look.guests.values()]
                    refuse_ports(self._workshop.doors, spec, others)
                    self._define(conn, call, mark, spec)
                if self._workshop.files is not None:
                    self._workshop.files.pool.finish_disk(native)

        self._connection.run(work)

    def _adopt(self, mark: Mark, host: str, spec: GuestSpec, native: NativeId) -> None:
        if not names.is_guest_uuid(native):
            raise Rejected("the guest to adopt is not there")

        def work(conn: door.Conn, call: Call) -> None:
            with call.holding(self._locks.of(native)), call.holding(self._locks.room):
                look = self._workshop.look(conn, call)
                if any(seen.mark == mark for seen in look.guests.values()):
                    return
                if host != self._workshop.host:
                    raise Rejected("no such host at this site")
                found = (self._workshop.federation, mark, host, spec, native)
                strangers.adopt(conn, call, found)

        self._connection.run(work)

    def _define(self, conn: door.Conn, call: Call, mark: Mark, spec: GuestSpec) -> None:
        workshop = self._workshop
        native = names.guest_uuid(workshop.federation, mark)
        files = workshop.files
        build = workshop.build_of(native, spec)
        xml = domains.xml_of_guest(workshop.federation, mark, workshop.host, spec, build)
        if files is None:
            with call.act():
                conn.defineXML(xml)
            return
        call.go_on()
        _prepare(files, native, mark, spec)
        try:
            with call.act():
                conn.defineXML(xml)
        except door.EngineError as error:
            # When nobody knows whether it is defined, its disk must be kept for it.
            if not door.is_lost(error):
                files.pool.drop_new_disk(native)
            raise

    def destroy(self, native: NativeId) -> None:
        if not names.is_guest_uuid(native):
            return

        def work(conn: door.Conn, call: Call) -> None:
            with call.holding(self._locks.of(native)):
                found = find_guest(conn, self._workshop.federation, native)
                if found is not None and found[1].is_on:
                    _end(call, found[0])
                if found is not None and adopted_native(found[1].spec.image) is not None:
                    strangers.release(call, found[0])
                    return
                # Files before the definition: whoever dies here still finds the guest.
                if found is not None or _is_free(conn, native):
                    self._remove_files(call, native)
                if found is not None:
                    self._undefine(call, found[0])

        self._connection.run(work)

    def sweep(self, mark: Mark) -> None:
        requests.refuse_wrong_mark(mark)
        native = names.guest_uuid(self._workshop.federation, mark)

        def work(conn: door.Conn, call: Call) -> None:
            # The room's lock too, which every creator holds, also one in another process.
            with call.holding(self._locks.of(native)), call.holding(self._locks.room):
                if find_guest(conn, self._workshop.federation, native) is not None:
                    raise Rejected("the guest is there; it is destroyed and not swept")
                _refuse_stranger(conn, native)
                self._remove_files(call, native)

        self._connection.run(work)

    def _remove_files(self, call: Call, native: NativeId) -> None:
        files = self._workshop.files
        if files is not None:
            with call.act():
                files.pool.remove_disk(native)
                files.serial.remove(native)

    def _undefine(self, call: Call, domain: door.Domain) -> None:
        # libvirt's test engine keeps nothing beside a definition, and refuses to be told so.
        flags = 0 if self._workshop.kind == "test" else door.UNDEFINE_ALL
        with call.act():
            try:
                domain.undefineFlags(flags)
            except door.EngineError as error:
                if not door.is_absent(error):
                    raise

    def set_power(self, native: NativeId, power: Power) -> None:
        def order(call: Call, domain: door.Domain, seen: Seen) -> None:
            if power == "off" and seen.is_on:
                _end(call, domain)
            if power == "on" and not seen.is_on:
                refuse_taken(self._workshop.doors, seen.spec.ports)
                if self._workshop.files is not None:
                    _make_ready(call, self._workshop.files, native)
                with call.act():
                    _bring(domain, domain.create, is_on=True)

        self._on_guest(native, lambda call, domain, seen, _: order(call, domain, seen))

    def resize(self, native: NativeId, spec: GuestSpec) -> None:
        requests.refuse_wrong_spec(spec)
        files = self._workshop.files

        def order(conn: door.Conn, call: Call) -> None:
            domain, seen, _ = self._present(conn, native)
            requests.refuse_wrong_resize(seen.spec, spec)
            if seen.is_on:
                raise Rejected("a guest is resized while it is off")
            more = spec.size - seen.spec.size
            look = self._workshop.look(conn, call)
            self._workshop.refuse_without_room(conn, look, seen.host, more)
            xml = domains.xml_of_resized(domain.XMLDesc(door.INACTIVE_XML), spec)
            # The disk first: a disk that is larger than its guest's words does no harm.
            if files is not None:
                with call.act():
                    if spec.boot_volume is None:
                        files.pool.grow_disk(native, spec.disk_mib)
            with call.act():
                conn.defineXML(xml)

        def work(conn: door.Conn, call: Call) -> None:
            with call.holding(self._locks.of(native)), call.holding(self._locks.room):
                order(conn, call)

        self._connection.run(work)

    def serial_tail(self, native: NativeId, limit_bytes: int) -> bytes:
        return self._read_serial(lambda logs: logs.tail(native, limit_bytes))

    def serial_after(self, native: NativeId, after: int, limit_bytes: int) -> tuple[int, bytes]:
        return self._read_serial(lambda logs: logs.after(native, after, limit_bytes))

    def _read_serial(self, read: Callable[[SerialLogs], T]) -> T:
        """Without asking libvirt, so that a guest's last words can be read while it is down."""
        files = self._workshop.files
        if files is None:
            raise Unsupported("this engine's guests have no serial output")
        if self._closed.is_set():
            raise Unavailable("the driver is closed")
        try:
            return read(files.serial)
        except OSError as error:
            raise told_of_file(error) from error

    def open_console(self, native: NativeId) -> SocketConsole:
        files = self._workshop.files
        if files is None or not files.serial.has_consoles:
            raise Unsupported("this engine's guests have no consoles")

        def work(conn: door.Conn, call: Call) -> None:
            _, seen, tree = self._present(conn, native)
            call.go_on()
            if not seen.is_on:
                raise Rejected("the guest is off")
            if domains.console_of(tree) != files.serial.socket(native):
                raise Unsupported("this guest was defined without a console")

        self._connection.run(work)
        return self._lines.open(native, files.serial.socket(native))

    # -- volumes --------------------------------------------------------------------------------

    def create_volume(self, owner: VolumeId, host: str, size_mib: int, image: str = BLANK) -> None:
        self._volume_orders.create(owner, host, size_mib, image)

    def grow_volume(self, native: NativeId, size_mib: int) -> None:
        self._volume_orders.grow(native, size_mib)

    def delete_volume(self, native: NativeId) -> None:
        self._volume_orders.delete(native)

    def attach_volume(self, native: NativeId, guest: NativeId) -> None:
        self._volume_orders.attach(native, guest)

    def detach_volume(self, native: NativeId) -> None:
        self._volume_orders.detach(native)

    # -- inside ---------------------------------------------------------------------------------

    def _present(self, conn: door.Conn, native: NativeId) -> tuple[door.Domain, Seen, Element]:
        found = None
        if names.is_guest_uuid(native):
            found = find_guest(conn, self._workshop.federation, native)
        if found is None:
            raise Rejected("no such guest")
        return found

    def _on_guest(
        self, native: NativeId, order: Callable[[Call, door.Domain, Seen, Element], None]
    ) -> None:
        def work(conn: door.Conn, call: Call) -> None:
            with call.holding(self._locks.of(native)):
                order(call, *self._present(conn, native))

        self._connection.run(work)


def _is_free(conn: door.Conn, native: NativeId) -> bool:
    """Whether no domain at all has this UUID, ours or not."""
    try:
        conn.lookupByUUIDString(native)
    except door.EngineError as error:
        if door.is_absent(error):
            return True
        raise
    return False


def _refuse_stranger(conn: door.Conn, native: NativeId) -> None:
    """Once it is not one of ours: a domain whose mark was lost or damaged has its disk in use."""
    if not _is_free(conn, native):
        raise Rejected("a domain with this guest's UUID does not bear our mark")


def _prepare(files: Files, native: NativeId, mark: Mark, spec: GuestSpec) -> None:
    """Everything that a guest needs before it is defined, or nothing of it."""
    try:
        if spec.boot_volume is None:
            files.pool.prepare_disk(native, files.images.disk(spec.image), spec.disk_mib)
        if spec.is_seeded:
            told = files_of(spec, f"{mark.owner}-r{mark.run_epoch}", names.guest_mac(native))
            write_seed(files.pool.seed(native), told)
    except DriverError:
        files.pool.drop_new_disk(native)
        raise


def _make_ready(call: Call, files: Files, native: NativeId) -> None:
    """Before power on: the disk under its name, and serial output that begins anew."""
    call.go_on()
    files.pool.finish_disk(native)
    files.serial.remove(native)


def _end(call: Call, domain: door.Domain) -> None:
    with call.act():
        _bring(domain, domain.destroy, is_on=False)


def _bring(domain: door.Domain, order: Callable[[], object], *, is_on: bool) -> None:
    """Give the order, unless the guest is as wanted without it.

    It may have gone on or off by itself since we looked; and a libvirtd that has just been
    started again says "not running" of a guest that it has this moment ended by our order.
    """
    try:
        order()
    except door.EngineError as error:
        if not door.is_wrong_moment(error) or bool(domain.isActive()) != is_on:
            raise
