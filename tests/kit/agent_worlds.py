"""Words for tests of agents: builders with defaults, and a fake site to converge."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from websockets.sync.client import ClientConnection

from hanza.agent.address import Address
from hanza.agent.session import Keeper, Session, Speaker
from hanza.agent.telling import Telling
from hanza.drivers.fake import FakeDriver, FakeSite
from hanza.drivers.fake.site import some_hosts
from hanza.kit.clock import ManualClock
from hanza.model.capacity import Capacity
from hanza.model.guest import Guest, GuestSpec, Mark, Power
from hanza.model.ids import AgentId, FederationId, InstanceId, NativeId
from hanza.model.image import Blob, BlobId, Bundle
from hanza.model.manifest import GENESIS, Entry, Hash, Manifest, Tombstone, Version
from hanza.model.report import Incarnation, Seen, View
from hanza.model.volume import VolumeEntry, VolumeTombstone
from hanza.plan.image import bundle_of
from hanza.plan.manifest import manifest_of
from hanza.wire.credentials import new_agent_key
from hanza.wire.directory_v1 import Directory

START = datetime(2026, 1, 1, tzinfo=UTC)
ME = AgentId("ag_me")
US, THEM = FederationId("fe_us"), FederationId("fe_them")
PIN = bytes(range(32))
KEY = new_agent_key(bytes(31) + b"\x07")
HOST = "host-1"
SECOND = timedelta(seconds=1)


def a_mark(owner: str = "in_a", run: int = 1) -> Mark:
    return Mark(InstanceId(owner), run)


def a_spec(cpus: int = 1, memory_mib: int = 128, disk_mib: int = 64) -> GuestSpec:
    return GuestSpec("web", "tiny", cpus, memory_mib, disk_mib)


def an_entry(
    owner: str = "in_a", run: int = 1, *, power: Power = "on", host: str = HOST, cpus: int = 1
) -> Entry:
    return Entry(a_mark(owner, run), host, a_spec(cpus), power)


def a_tombstone(owner: str = "in_a", run: int = 1) -> Tombstone:
    return Tombstone(a_mark(owner, run))


def a_guest(
    owner: str = "in_a",
    run: int = 1,
    *,
    power: Power = "on",
    native: str = "n-1",
    serial_bytes: int | None = 0,
) -> Guest:
    return Guest(NativeId(native), a_mark(owner, run), HOST, a_spec(), power, serial_bytes)


def a_manifest(
    entries: Iterable[Entry] = (),
    tombstones: Iterable[Tombstone] = (),
    *,
    number: int = 1,
    epoch: int = 1,
    parent: Hash = GENESIS,
    others: Iterable[Bundle | VolumeEntry | VolumeTombstone] = (),
) -> Manifest:
    return manifest_of(ME, Version(epoch, number), parent, entries, tombstones, others)


def a_bundle(letter: str = "a") -> Bundle:
    return bundle_of(Blob(BlobId(letter * 64), 7), None, None, "")


def a_view(seen: Sequence[Seen] = (), number: int = 1) -> View:
    return View(Version(1, number), tuple(seen), (), (), None)


def a_session(keeper: Keeper, starts: int = 1, telling: Telling | None = None) -> Session:
    return Session(Speaker(ME, "fake", PIN, KEY, Incarnation(starts, "cafe")), keeper, telling)


def nobody_there(address: Address) -> ClientConnection:
    raise ConnectionRefusedError(address.host)


class Memory:
    """A keeper without a disk."""

    def __init__(self, manifest: Manifest | None = None) -> None:
        self.manifest = manifest
        self.directory: Directory | None = None

    def hold(self, manifest: Manifest) -> None:
        self.manifest = manifest

    def keep_directory(self, directory: Directory) -> bool:
        """As a disk would, but that everything is believed."""
        is_newer = self.directory is None or directory.number > self.directory.number
        self.directory = directory if is_newer else self.directory
        return is_newer


class World:
    """One site, our driver to it, and a clock that stands still."""

    def __init__(self, hosts: int = 1, boot_after: timedelta = timedelta(0), cpus: int = 8) -> None:
        self.clock = ManualClock(START)
        self.site = FakeSite(
            some_hosts(hosts, Capacity(cpus, 4096, 4096)), clock=self.clock, boot_after=boot_after
        )
        self.driver = FakeDriver(self.site, US)

    def add(self, mark: Mark, federation: str | None = US) -> NativeId:
        """By the backdoor, as somebody else's hands would."""
        with self.site.open() as site:
            return site.add_guest(federation, mark, HOST, a_spec())

    def remove(self, native: NativeId) -> None:
        """As its site's owner would: the definition only, not what lies on the disk."""
        with self.site.open() as site:
            site.lose_guest(native)

    def lost_disks(self) -> int:
        with self.site.look() as site:
            return len(site.state.lost_disks)

    def touch(self, native: NativeId, power: Power) -> None:
        with self.site.open() as site:
            site.set_power(site.state.guests[native], power)

    def guests(self, federation: str | None = US) -> list[tuple[Mark, Power]]:
        with self.site.look() as site:
            return [
                (Mark(row.owner, row.run_epoch), row.power)
                for row in site.state.guests.values()
                if row.federation == federation
            ]
