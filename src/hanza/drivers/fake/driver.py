"""The fake driver: one federation's door to a `FakeSite`.

Every check is in the order every driver keeps: denied, struck by a fault, wrong, already so,
absent, without room.  The state machine of the contract compares other drivers with this one.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeAlias

from hanza.drivers import requests
from hanza.drivers.fake.console import FakeConsole
from hanza.drivers.fake.orders import Order, OrderBook
from hanza.drivers.fake.site import FakeSite, Site
from hanza.drivers.fake.state import GuestRow, VolumeRow
from hanza.drivers.spi import Capabilities
from hanza.model.capacity import Capacity, at_least_nothing
from hanza.model.errors import Exhausted, Rejected, Unavailable, Unsupported
from hanza.model.guest import Guest, GuestSpec, HostFacts, Mark, Power, Stranger, Survey, Volume
from hanza.model.ids import FederationId, InstanceId, NativeId, VolumeId
from hanza.model.image import BLANK, adopted_native
from hanza.plan.ports import taken_port

ABLE = Capabilities(
    driver="fake",
    version="1",
    serial=True,
    volumes=True,
    resize=True,
    ports=True,
    console=True,
    fences=False,
    adopts=True,
)

Act: TypeAlias = Callable[[Site], None]


class FakeDriver:
    def __init__(
        self,
        site: FakeSite,
        federation: FederationId,
        capabilities: Capabilities = ABLE,
        *,
        secret: str = "",
        orders: OrderBook | None = None,
    ) -> None:
        """`orders` is told of every guest that is ordered made or started, and when."""
        self.site = site
        self._orders = orders
        self._federation = federation
        self._capabilities = capabilities
        self._secret = secret
        self._closed = threading.Event()

    def __repr__(self) -> str:
        return f"FakeDriver({self._federation})"

    # -- what it is ---------------------------------------------------------------------------

    def capabilities(self) -> Capabilities:
        return self._capabilities

    def survey(self) -> Survey:
        with self._looking("survey") as site:
            # What cannot be done here cannot be seen here either.
            volumes = site.state.volumes.values() if self._capabilities.volumes else ()
            return Survey(
                guests=tuple(
                    self._guest(site, row)
                    for row in site.state.guests.values()
                    if row.federation == self._federation
                ),
                volumes=tuple(
                    _volume(row) for row in volumes if row.federation == self._federation
                ),
                hosts=tuple(self._host(site, host) for host in site.state.hosts.values()),
            )

    def _host(self, site: Site, host: HostFacts) -> HostFacts:
        """What is left of it beside others' guests and volumes."""
        capacity = host.capacity - site.held_by_others(host.name, self._federation)
        address = host.address if self._capabilities.ports else ""
        return replace(host, capacity=at_least_nothing(capacity), address=address)

    def strangers(self) -> tuple[Stranger, ...]:
        if not self._capabilities.adopts:
            return ()
        with self._looking("strangers") as site:
            return tuple(
                Stranger(row.native, row.spec.name, row.host, row.spec.size, row.power)
                for row in site.state.guests.values()
                if row.federation is None
            )

    def close(self) -> None:
        self._closed.set()

    # -- guests -------------------------------------------------------------------------------

    def create(self, mark: Mark, host: str, spec: GuestSpec) -> None:
        def act(site: Site) -> None:
            requests.refuse_wrong_mark(mark)
            requests.refuse_wrong_spec(spec)
            native = requests.adopted_of(spec)
            if site.guest_of(self._federation, mark) is not None:
                return
            if native is not None:
                self._adopt(site, native, mark, host, spec)
                return
            self._refuse_boot_volume(site, host, spec)
            _refuse_without_room(site, host, spec.size)
            self._refuse_ports(site, host, spec)
            site.add_guest(self._federation, mark, host, spec)

        self._note("create", lambda _: mark.owner)
        self._act("create", act)

    def _adopt(self, site: Site, native: NativeId, mark: Mark, host: str, spec: GuestSpec) -> None:
        self._refuse_denied(self._capabilities.adopts, "guests cannot be adopted here")
        row = site.state.guests.get(native)
        if row is None or row.federation is not None or row.host != host:
            raise Rejected("there is no guest of that id at this host that bears no mark")
        if row.spec.size != spec.size:
            raise Rejected("the guest to adopt is not of the size that was said")
        site.mark(row, self._federation, mark, spec)

    def _refuse_boot_volume(self, site: Site, host: str, spec: GuestSpec) -> None:
        if spec.boot_volume is None:
            return
        self._refuse_volumes()
        volume = site.volume_of(self._federation, spec.boot_volume)
        if volume is None or volume.host != host:
            raise Rejected("the volume that it boots from is not at this host")
        if volume.attached_to is not None:
            raise Rejected("the volume that it boots from is attached elsewhere")

    def _refuse_ports(self, site: Site, host: str, spec: GuestSpec) -> None:
        if not spec.ports:
            return
        self._refuse_denied(self._capabilities.ports, "this site publishes no ports")
        others = [row.spec for row in site.state.guests.values() if row.host == host]
        taken = taken_port(spec, others)
        if taken is not None:
            raise Unavailable(f"port {taken} of this site is taken by another guest")

    def destroy(self, native: NativeId) -> None:
        def act(site: Site) -> None:
            row = self._own_guest(site, native)
            if row is not None and adopted_native(row.spec.image) is not None:
                site.release_guest(row)
            elif row is not None:
                site.remove_guest(native)

        self._act("destroy", act)

    def sweep(self, mark: Mark) -> None:
        def act(site: Site) -> None:
            requests.refuse_wrong_mark(mark)
            if site.guest_of(self._federation, mark) is not None:
                raise Rejected("the guest is there; it is destroyed and not swept")
            site.drop_lost_disk(self._federation, mark)

        self._act("sweep", act)

    def set_power(self, native: NativeId, power: Power) -> None:
        self._note(f"set_power.{power}", lambda site: self._owner_of(site, native))
        self._act("set_power", lambda site: site.set_power(self._present(site, native), power))

    def resize(self, native: NativeId, spec: GuestSpec) -> None:
        self._refuse_denied(self._capabilities.resize, "guests cannot be resized here")

        def act(site: Site) -> None:
            guest = self._present(site, native)
            requests.refuse_wrong_resize(guest.spec, spec)
            if guest.power == "on":
                raise Rejected("a guest is resized while it is off")
            _refuse_without_room(site, guest.host, spec.size - guest.spec.size)
            site.respec(guest, spec)

        self._act("resize", act)

    def serial_tail(self, native: NativeId, limit_bytes: int) -> bytes:
        self._refuse_denied(self._capabilities.serial, "serial output cannot be read here")
        with self._looking("serial_tail") as site:
            guest = self._own_guest(site, native)
            if guest is None or limit_bytes < 1:
                return b""
            return site.serial_of(guest)[-limit_bytes:]

    def serial_after(self, native: NativeId, after: int, limit_bytes: int) -> tuple[int, bytes]:
        self._refuse_denied(self._capabilities.serial, "serial output cannot be read here")
        with self._looking("serial_after") as site:
            guest = self._own_guest(site, native)
            written = b"" if guest is None else site.serial_of(guest)
            start = after if 0 <= after <= len(written) else 0
            return start, written[start : start + max(limit_bytes, 0)]

    def open_console(self, native: NativeId) -> FakeConsole:
        self._refuse_denied(self._capabilities.console, "guests have no consoles here")
        with self._looking("open_console") as site:
            if self._present(site, native).power == "off":
                raise Rejected("the guest is off")
            if not self.site.take_line(native):
                raise Rejected("the guest's console is open already")
            return FakeConsole(self.site, native, site)

    # -- volumes ------------------------------------------------------------------------------

    def create_volume(self, owner: VolumeId, host: str, size_mib: int, image: str = BLANK) -> None:
        self._refuse_volumes()

        def act(site: Site) -> None:
            requests.refuse_wrong_volume(owner, size_mib, image)
            if site.volume_of(self._federation, owner) is not None:
                return
            _refuse_without_room(site, host, Capacity(0, 0, size_mib))
            site.add_volume(self._federation, owner, host, size_mib, image)

        self._act("create_volume", act)

    def grow_volume(self, native: NativeId, size_mib: int) -> None:
        self._refuse_volumes()

        def act(site: Site) -> None:
            volume = self._own_volume(site, native)
            if volume is None or size_mib < volume.size_mib:
                raise Rejected("the volume is absent, or would shrink")
            more = Capacity(0, 0, size_mib - volume.size_mib)
            _refuse_without_room(site, volume.host, more)
            site.grow(volume, size_mib)

        self._act("grow_volume", act)

    def delete_volume(self, native: NativeId) -> None:
        self._refuse_volumes()

        def act(site: Site) -> None:
            volume = self._own_volume(site, native)
            if volume is None:
                return
            if volume.attached_to is not None:
                raise Rejected("the volume is attached; detach it first")
            site.remove_volume(native)

        self._act("delete_volume", act)

    def attach_volume(self, native: NativeId, guest: NativeId) -> None:
        self._refuse_volumes()

        def act(site: Site) -> None:
            volume = self._own_volume(site, native)
            if volume is None:
                raise Rejected("no such volume")
            taker = self._present(site, guest)
            if volume.attached_to not in (None, guest):
                raise Rejected("the volume is attached elsewhere")
            if volume.host != taker.host:
                raise Rejected("the volume is at another host")
            site.attach(native, guest)

        self._act("attach_volume", act)

    def detach_volume(self, native: NativeId) -> None:
        self._refuse_volumes()

        def act(site: Site) -> None:
            volume = self._own_volume(site, native)
            holder = None if volume is None else site.state.guests.get(volume.attached_to or native)
            if volume is None or holder is None:
                return
            requests.refuse_detaching(holder.spec, volume.owner, is_on=holder.power == "on")
            site.attach(native, None)

        self._act("detach_volume", act)

    # -- inside -------------------------------------------------------------------------------

    def _note(self, call: str, owner: Callable[[Site], InstanceId | None]) -> None:
        if self._orders is None:
            return
        at = self.site.now()
        with self.site.look() as site:
            self._orders.note(Order(at, call, owner(site)))

    def _owner_of(self, site: Site, native: NativeId) -> InstanceId | None:
        row = self._own_guest(site, native)
        return None if row is None else row.owner

    def _act(self, call: str, act: Act) -> None:
        self._refuse_closed()
        fault = self.site.next_fault(call)
        if fault is not None and not fault.acts:
            raise fault.error()
        with self.site.open() as site:
            act(site)
        if fault is not None:
            raise fault.error()

    @contextmanager
    def _looking(self, call: str) -> Iterator[Site]:
        self._refuse_closed()
        fault = self.site.next_fault(call)
        if fault is not None:
            raise fault.error()
        with self.site.look() as site:
            yield site

    def _refuse_closed(self) -> None:
        if self._closed.is_set():
            raise Unavailable("the driver is closed")

    def _refuse_volumes(self) -> None:
        self._refuse_denied(self._capabilities.volumes, "there are no volumes here")

    @staticmethod
    def _refuse_denied(able: bool, why_not: str) -> None:
        if not able:
            raise Unsupported(why_not)

    def _own_guest(self, site: Site, native: NativeId) -> GuestRow | None:
        row = site.state.guests.get(native)
        return row if row is not None and row.federation == self._federation else None

    def _own_volume(self, site: Site, native: NativeId) -> VolumeRow | None:
        row = site.state.volumes.get(native)
        return row if row is not None and row.federation == self._federation else None

    def _present(self, site: Site, native: NativeId) -> GuestRow:
        row = self._own_guest(site, native)
        if row is None:
            raise Rejected("no such guest")
        return row

    def _guest(self, site: Site, row: GuestRow) -> Guest:
        is_heard = self._capabilities.serial and adopted_native(row.spec.image) is None
        return Guest(
            native=row.native,
            mark=Mark(row.owner, row.run_epoch),
            host=row.host,
            spec=row.spec.without_secrets(),
            power=row.power,
            serial_bytes=len(site.serial_of(row)) if is_heard else None,
        )


def _volume(row: VolumeRow) -> Volume:
    return Volume(row.native, row.owner, row.host, row.size_mib, row.attached_to, row.image)


def _refuse_without_room(site: Site, host: str, more: Capacity) -> None:
    facts = site.state.hosts.get(host)
    if facts is None:
        raise Rejected("no such host at this site")
    if not requests.has_room(facts.capacity, site.held(host), more):
        raise Exhausted("the host has no room for that")
