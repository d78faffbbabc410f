"""The fake is held to the driver contract first, so that it cannot flatter whoever uses it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from hanza.drivers.contract import (
    FULL,
    DriverContract,
    GuestClauses,
    Site,
    compare_with_fake,
)
from hanza.drivers.fake import FakeDriver, FakeSite, Fault
from hanza.drivers.fake.driver import ABLE
from hanza.drivers.fake.site import Site as Everything
from hanza.drivers.fake.site import some_hosts
from hanza.drivers.fake.state import GuestRow, VolumeRow
from hanza.kit.clock import ManualClock
from hanza.model.capacity import Capacity
from hanza.model.guest import GuestSpec, Mark
from hanza.model.ids import FederationId, InstanceId, NativeId, VolumeId

US = FederationId("fe_us")
HOSTS = some_hosts(2, Capacity(16, 2048, 4096))
BOOT = timedelta(seconds=5)
DENIED = replace(ABLE, serial=False, volumes=False, resize=False, ports=False, console=False)
FOREIGN = Mark(InstanceId("whatever"), 0)


def rows_of(site: Everything) -> list[GuestRow | VolumeRow]:
    return [*site.state.guests.values(), *site.state.volumes.values()]


class Backdoor(Site):
    def __init__(self, site: FakeSite, clock: ManualClock) -> None:
        self._site = site
        self._clock = clock

    def guests(self) -> int:
        with self._site.look() as site:
            return len(site.state.guests)

    def leftovers(self) -> int:
        with self._site.look() as site:
            ours = sum(row.federation == US for row in rows_of(site))
            return ours + len(site.state.lost_disks)

    def foreign(self) -> str:
        with self._site.look() as site:
            return repr([row for row in rows_of(site) if row.federation != US])

    def _add(self, federation: str | None, mark: Mark, spec: GuestSpec) -> NativeId:
        with self._site.open() as site:
            return site.add_guest(federation, mark, HOSTS[0].name, spec)

    def add_foreign_guest(self) -> NativeId:
        return self._add(None, FOREIGN, GuestSpec("pet", "theirs", 1, 1, 1))

    def start_foreign(self, native: NativeId) -> None:
        with self._site.open() as site:
            site.set_power(site.state.guests[native], "on")

    def run_of(self, native: NativeId) -> str:
        with self._site.look() as site:
            return repr(site.state.guests[native].powered_at)

    def add_guest_of_another_federation(self, mark: Mark, spec: GuestSpec) -> NativeId:
        return self._add("fe_them", mark, spec)

    def add_look_alike(self, mark: Mark, spec: GuestSpec) -> NativeId:
        return self._add(None, mark, spec)

    def vanish(self, native: NativeId) -> None:
        with self._site.open() as site:
            site.lose_guest(native)

    def wait_for_boot(self, native: NativeId) -> None:  # noqa: ARG002
        self._clock.advance(BOOT)

    def write_disk(self, native: NativeId, text: bytes) -> None:
        with self._site.open() as site:
            site.state.guests[native].disk = text

    def read_disk(self, native: NativeId, size: int) -> bytes:
        with self._site.look() as site:
            return site.state.guests[native].disk[:size]

    def write_volume(self, native: NativeId, text: bytes) -> None:
        with self._site.open() as site:
            site.state.volumes[native].content = text

    def read_volume(self, native: NativeId, size: int) -> bytes:
        with self._site.look() as site:
            return site.state.volumes[native].content[:size]

    def add_foreign_volume(self) -> None:
        with self._site.open() as site:
            site.add_volume(None, VolumeId("vo_01contractv"), HOSTS[0].name, 16)

    @contextmanager
    def stalled(self) -> Iterator[None]:
        for call in ("survey", "create", "set_power", "resize", "create_volume", "open_console"):
            self._site.order(Fault(call, kind="mute"))
        yield

    def cut_during(self, call: Callable[[], object]) -> None:
        self._site.order(Fault("*", kind="silent"))
        call()


class FakeContract(DriverContract):
    @pytest.fixture
    def path(self) -> Path | None:
        return None

    @pytest.fixture
    def clock(self) -> ManualClock:
        return ManualClock()

    @pytest.fixture
    def fake(self, path: Path | None, clock: ManualClock) -> FakeSite:
        return FakeSite(HOSTS, clock=clock, boot_after=BOOT, path=path)

    @pytest.fixture
    def driver(self, fake: FakeSite) -> FakeDriver:
        return FakeDriver(fake, US, secret="hunter2")

    @pytest.fixture
    def site(self, fake: FakeSite, clock: ManualClock) -> Backdoor:
        return Backdoor(fake, clock)

    @pytest.fixture
    def secrets(self) -> tuple[str, ...]:
        return ("hunter2",)


class TestFakeInMemory(FakeContract):
    """In memory."""


class TestFakeInAFile(FakeContract):
    """In a file, with the backdoor as another process would have it: a site of its own."""

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "site.json"

    @pytest.fixture
    def driver(self, fake: FakeSite, path: Path, clock: ManualClock) -> FakeDriver:
        del fake
        faulty = FakeSite(HOSTS, clock=clock, boot_after=BOOT, path=path)
        return FakeDriver(faulty, US, secret="hunter2")

    @pytest.fixture
    def site(self, driver: FakeDriver, fake: FakeSite, clock: ManualClock) -> Backdoor:
        return SeparateBackdoor(fake, clock, driver.site)


class SeparateBackdoor(Backdoor):
    """Sees the site through the file; faults are ordered where the driver is."""

    def __init__(self, site: FakeSite, clock: ManualClock, driven: FakeSite) -> None:
        super().__init__(site, clock)
        self._driven = Backdoor(driven, clock)

    @contextmanager
    def stalled(self) -> Iterator[None]:
        with self._driven.stalled():
            yield

    def cut_during(self, call: Callable[[], object]) -> None:
        self._driven.cut_during(call)


class TestFakeThatDeniesEverything(GuestClauses):
    """A site without volumes, resizing, serial output, ports and consoles is still a site."""

    @pytest.fixture
    def clock(self) -> ManualClock:
        return ManualClock()

    @pytest.fixture
    def fake(self, clock: ManualClock) -> FakeSite:
        return FakeSite(HOSTS, clock=clock)

    @pytest.fixture
    def driver(self, fake: FakeSite) -> FakeDriver:
        return FakeDriver(fake, US, DENIED)

    @pytest.fixture
    def site(self, fake: FakeSite, clock: ManualClock) -> Backdoor:
        return Backdoor(fake, clock)


@contextmanager
def an_empty_fake() -> Iterator[FakeDriver]:
    yield FakeDriver(FakeSite(HOSTS), US)


def test_the_fake_is_as_the_fake() -> None:
    """Clause 17."""
    compare_with_fake(an_empty_fake, FULL)
