"""The site behind the fake driver: its hosts, guests and volumes, whosever they are.

Several drivers, of one federation or of several, may share one site, and one site may be
shared by several processes through its state file.  Tests reach in by `open()`, as a backdoor.
Promises: what is held per host is kept by change, so that thousands of hosts stay fast.
"""

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from hanza.drivers.fake.faults import Fault, FaultBook
from hanza.drivers.fake.state import GuestRow, State, StateFile, VolumeRow
from hanza.kit.clock import Clock, SystemClock
from hanza.model.capacity import NOTHING, Capacity
from hanza.model.guest import GuestSpec, HostFacts, Mark, Power
from hanza.model.ids import NativeId, VolumeId
from hanza.model.image import BLANK

ADDRESS = "192.0.2.1"
"""Of the range that documentation may use: nothing listens there."""
DEFAULT_SIZE = Capacity(cpus=16, memory_mib=65536, disk_mib=1048576)


def some_hosts(hosts: int, size: Capacity = DEFAULT_SIZE) -> tuple[HostFacts, ...]:
    return tuple(HostFacts(f"host-{n}", size, "none", ADDRESS) for n in range(1, hosts + 1))


class Site:
    """What one caller sees and changes while it has the site to itself."""

    def __init__(self, state: State, clock: Clock, boot_after: timedelta) -> None:
        self.state = state
        self._clock = clock
        self._boot_after = boot_after
        self._held: dict[str, Capacity] = defaultdict(lambda: NOTHING)
        self._held_by: dict[tuple[str, str | None], Capacity] = defaultdict(lambda: NOTHING)
        self._by_mark: dict[tuple[str, Mark], NativeId] = {}
        self._by_owner: dict[tuple[str, VolumeId], NativeId] = {}
        self._attached: dict[NativeId, set[NativeId]] = defaultdict(set)
        for guest in state.guests.values():
            self._index_guest(guest)
        for volume in state.volumes.values():
            self._index_volume(volume)

    def _index_guest(self, guest: GuestRow) -> None:
        self._hold(guest.host, guest.federation, guest.spec.size)
        if guest.federation is not None:
            self._by_mark[guest.federation, Mark(guest.owner, guest.run_epoch)] = guest.native

    def _index_volume(self, volume: VolumeRow) -> None:
        self._hold(volume.host, volume.federation, Capacity(0, 0, volume.size_mib))
        if volume.federation is not None:
            self._by_owner[volume.federation, volume.owner] = volume.native
        if volume.attached_to is not None:
            self._attached[volume.attached_to].add(volume.native)

    def _hold(self, host: str, federation: str | None, more: Capacity) -> None:
        self._held[host] += more
        self._held_by[host, federation] += more

    def _new_native(self, kind: str) -> NativeId:
        self.state.made += 1
        return NativeId(f"fake-{kind}-{self.state.made}")

    def held(self, host: str) -> Capacity:
        return self._held[host]

    def held_by_others(self, host: str, federation: str) -> Capacity:
        """What is taken there by whoever else."""
        return self._held[host] - self._held_by[host, federation]

    def guest_of(self, federation: str, mark: Mark) -> GuestRow | None:
        native = self._by_mark.get((federation, mark))
        return None if native is None else self.state.guests[native]

    def volume_of(self, federation: str, owner: VolumeId) -> VolumeRow | None:
        native = self._by_owner.get((federation, owner))
        return None if native is None else self.state.volumes[native]

    def add_guest(self, federation: str | None, mark: Mark, host: str, spec: GuestSpec) -> NativeId:
        guest = GuestRow(
            self._new_native("guest"), federation, mark.owner, mark.run_epoch, host, spec
        )
        if federation is not None:
            guest.disk = self.drop_lost_disk(federation, mark)
        self.state.guests[guest.native] = guest
        self._index_guest(guest)
        boot = spec.boot_volume and self.volume_of(federation or "", spec.boot_volume)
        if boot:
            self.attach(boot.native, guest.native)
        return guest.native

    def remove_guest(self, native: NativeId) -> None:
        """Without its volumes: those are detached and stay."""
        guest = self.state.guests.pop(native)
        self._hold(guest.host, guest.federation, NOTHING - guest.spec.size)
        if guest.federation is not None:
            del self._by_mark[guest.federation, Mark(guest.owner, guest.run_epoch)]
        for volume in self._attached.pop(native, set()):
            self.state.volumes[volume].attached_to = None

    def mark(self, guest: GuestRow, federation: str, mark: Mark, spec: GuestSpec) -> None:
        """Make it ours where it stands; what it runs is not touched."""
        self._held_by[guest.host, guest.federation] -= guest.spec.size
        guest.federation, guest.owner, guest.run_epoch = federation, mark.owner, mark.run_epoch
        guest.spec = spec
        self._held_by[guest.host, federation] += spec.size
        self._by_mark[federation, mark] = guest.native

    def release_guest(self, guest: GuestRow) -> None:
        """Power it off and take its mark away; it stays as it is, without its volumes."""
        assert guest.federation is not None, "only what bears a mark is released"
        self.set_power(guest, "off")
        self._held_by[guest.host, guest.federation] -= guest.spec.size
        self._held_by[guest.host, None] += guest.spec.size
        del self._by_mark[guest.federation, Mark(guest.owner, guest.run_epoch)]
        guest.federation = None
        for volume in self._attached.pop(guest.native, set()):
            self.state.volumes[volume].attached_to = None

    def lose_guest(self, native: NativeId) -> None:
        """As its site's owner removes one: the definition goes, the disk stays."""
        guest = self.state.guests[native]
        self.remove_guest(native)
        if guest.federation is not None:
            mark = Mark(guest.owner, guest.run_epoch)
            self.state.lost_disks[_disk_of(guest.federation, mark)] = guest.disk

    def drop_lost_disk(self, federation: str, mark: Mark) -> bytes:
        return self.state.lost_disks.pop(_disk_of(federation, mark), b"")

    def add_volume(
        self, federation: str | None, owner: VolumeId, host: str, size_mib: int, image: str = BLANK
    ) -> NativeId:
        native = self._new_native("volume")
        volume = VolumeRow(native, federation, owner, host, size_mib, image=image)
        self.state.volumes[native] = volume
        self._index_volume(volume)
        return native

    def remove_volume(self, native: NativeId) -> None:
        self.attach(native, None)
        volume = self.state.volumes.pop(native)
        self._hold(volume.host, volume.federation, Capacity(0, 0, -volume.size_mib))
        if volume.federation is not None:
            del self._by_owner[volume.federation, volume.owner]

    def attach(self, native: NativeId, guest: NativeId | None) -> None:
        """Attach the volume to this guest and no other; None detaches it."""
        volume = self.state.volumes[native]
        if volume.attached_to is not None:
            self._attached[volume.attached_to].discard(native)
        volume.attached_to = guest
        if guest is not None:
            self._attached[guest].add(native)

    def respec(self, guest: GuestRow, spec: GuestSpec) -> None:
        self._hold(guest.host, guest.federation, spec.size - guest.spec.size)
        guest.spec = spec

    def grow(self, volume: VolumeRow, size_mib: int) -> None:
        self._hold(volume.host, volume.federation, Capacity(0, 0, size_mib - volume.size_mib))
        volume.size_mib = size_mib

    def set_power(self, guest: GuestRow, power: Power) -> None:
        if guest.power == power:
            return
        # The order matters: what the ending run wrote is kept until the next one begins.
        guest.serial = self.serial_of(guest) if power == "off" else b""
        guest.echoed = b""
        guest.powered_at = self._clock.now() if power == "on" else None
        guest.power = power

    def serial_of(self, guest: GuestRow) -> bytes:
        if guest.powered_at is None:
            return guest.serial
        if self._clock.now() < guest.powered_at + self._boot_after:
            return b""
        return f"hanza fake guest {guest.spec.name} is up\n".encode() + guest.echoed


def _disk_of(federation: str, mark: Mark) -> str:
    return f"{federation}/{mark.owner}/{mark.run_epoch}"


class FakeSite:
    """A site that threads, drivers and (with `path`) processes may share.

    Without `path` it lives in memory.  With it, the file is the site: `hosts` only matters
    when the file is not there yet, and each change rewrites it, which suits hundreds of
    guests and not thousands.
    """

    def __init__(
        self,
        hosts: Iterable[HostFacts] = (),
        *,
        clock: Clock | None = None,
        boot_after: timedelta = timedelta(0),
        path: Path | None = None,
        faults: Iterable[Fault] = (),
    ) -> None:
        self._clock = clock or SystemClock()
        self._boot_after = boot_after
        self._lock = threading.RLock()
        self._file = None if path is None else StateFile(path)
        self._book = FaultBook(tuple(faults))
        self._lines: set[NativeId] = set()
        self._site = self._site_of(State({host.name: host for host in hosts or some_hosts(1)}))

    def _site_of(self, state: State) -> Site:
        return Site(state, self._clock, self._boot_after)

    @contextmanager
    def open(self) -> Iterator[Site]:
        """Have the site alone; what was changed is kept, unless the block raises."""
        with self._lock:
            if self._file is None:
                yield self._site
                return
            with self._file.locked():
                changed = self._file.load_if_changed()
                if changed is not None:
                    self._site = self._site_of(changed)
                yield self._site
                self._file.save(self._site.state)

    @contextmanager
    def look(self) -> Iterator[Site]:
        """As `open`, for callers that change nothing."""
        with self._lock:
            if self._file is not None:
                with self._file.locked():
                    changed = self._file.load_if_changed()
                if changed is not None:
                    self._site = self._site_of(changed)
            yield self._site

    def take_line(self, native: NativeId) -> bool:
        """Whether the guest had no console open; it has one from now on, until `drop_line`."""
        with self._lock:
            is_free = native not in self._lines
            self._lines.add(native)
            return is_free

    def drop_line(self, native: NativeId) -> None:
        with self._lock:
            self._lines.discard(native)

    def now(self) -> datetime:
        return self._clock.now()

    def order(self, fault: Fault) -> None:
        self._book.order(fault)

    def forget_faults(self) -> None:
        """Fair weather from now on."""
        self._book.clear()

    def next_fault(self, call: str) -> Fault | None:
        return self._book.next_for(call)
