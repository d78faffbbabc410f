"""The libvirt driver on real libvirt and real guests, emulated: the whole contract.

Budget: every clause once, and three seeded runs of thirty steps against the fake.
"""

import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from hanza.drivers.contract import DriverContract, Site, walk_beside_fake
from hanza.drivers.contract.connections import outcome_of
from hanza.drivers.contract.disks import TEXT
from hanza.drivers.contract.words import BOOTING, SMALL, A, B, V, W, guest_of, made, volume_of
from hanza.drivers.libvirt import Driver, open_driver
from hanza.drivers.libvirt.accelerator import PATIENCE_S, choose_accelerator
from hanza.drivers.spi import Driver as AnyDriver
from hanza.model.errors import Rejected, Unavailable
from hanza.model.guest import GuestSpec, Mark, Port
from hanza.model.ids import FederationId, NativeId, VolumeId
from hanza.plan.volumes import DATA_VOLUMES_MAX, serial_of
from kit.domains import DomainBackdoor
from kit.libvirtd import Libvirtd
from kit.processes import free_port
from kit.waiting import until

US = FederationId("fe_us")
BOOT_WITHIN_S = 60


class Backdoor(DomainBackdoor, Site):
    def __init__(self, libvirtd: Libvirtd) -> None:
        super().__init__(libvirtd.uri, "qemu", US)
        self._libvirtd = libvirtd
        self._pool = libvirtd.folder / "pool"
        self._serial = libvirtd.folder / "serial"
        self._cuts = 0

    def _files(self) -> list[Path]:
        folders = (self._pool / US / "guests", self._pool / US / "volumes", self._serial)
        return [file for folder in folders for file in folder.glob("*")]

    def leftovers(self) -> int:
        return super().leftovers() + len(self._files())

    def foreign(self) -> str:
        files = sorted(file.name for file in self._pool.glob("*.qcow2"))
        return super().foreign() + repr(files)

    def wait_for_boot(self, native: NativeId) -> None:
        log = self._serial / f"{native}.log"
        until(lambda: log.exists() and b" is up" in log.read_bytes(), "it boots", BOOT_WITHIN_S)

    def _disk(self, native: NativeId) -> Path:
        return self._pool / US / "guests" / f"{native}.qcow2"

    def _volume(self, native: NativeId) -> Path:
        return self._pool / US / "volumes" / f"{native}.qcow2"

    def _write(self, disk: Path, text: bytes) -> None:
        source = self._pool / "text"
        source.write_bytes(text)
        command = f"write -s {source} 0 {len(text)}"
        subprocess.run(("qemu-io", "-f", "qcow2", "-c", command, disk), check=True, timeout=60)

    def _read(self, disk: Path, size: int) -> bytes:
        raw = self._pool / "raw"
        subprocess.run(("qemu-img", "convert", "-O", "raw", disk, raw), check=True, timeout=60)
        with raw.open("rb") as content:
            return content.read(size)

    def write_disk(self, native: NativeId, text: bytes) -> None:
        self._write(self._disk(native), text)

    def read_disk(self, native: NativeId, size: int) -> bytes:
        return self._read(self._disk(native), size)

    def write_volume(self, native: NativeId, text: bytes) -> None:
        self._write(self._volume(native), text)

    def read_volume(self, native: NativeId, size: int) -> bytes:
        return self._read(self._volume(native), size)

    def add_foreign_volume(self) -> None:
        (self._pool / "vo_01contractv.qcow2").write_bytes(b"theirs")

    @contextmanager
    def stalled(self) -> Iterator[None]:
        self._libvirtd.freeze()
        try:
            yield
        finally:
            self._libvirtd.thaw()

    def cut_during(self, call: Callable[[], object]) -> None:
        """Freezes the daemon at once or a little later, by turns, so that no answer gets out."""
        self._cuts += 1

        def cut() -> None:
            if self._cuts % 2 == 0:
                threading.Event().wait(0.06)
            self._libvirtd.freeze()
            threading.Event().wait(0.5)
            self._libvirtd.kill()

        cutter = threading.Thread(target=cut)
        cutter.start()
        try:
            call()
        finally:
            cutter.join()
            self._libvirtd.start()

    def clean(self) -> None:
        super().clean()
        for file in (*self._files(), *self._pool.glob("*.*")):
            file.unlink()


def options_of(libvirtd: Libvirtd, images: Path) -> dict[str, str]:
    return {
        "uri": libvirtd.uri,
        "images": str(images),
        "pool": str(libvirtd.folder / "pool"),
        "serial": str(libvirtd.folder / "serial"),
        "accelerator": "tcg",
        "address": "127.0.0.1",
        "offer_cpus": "16",
        "offer_memory_mib": "2048",
        "offer_disk_mib": "4096",
    }


def words_of(libvirtd: Libvirtd, images: Path) -> list[str]:
    """The options as arguments for a process of its own."""
    return [word for option in options_of(libvirtd, images).items() for word in option]


@contextmanager
def a_driver(libvirtd: Libvirtd, images: Path) -> Iterator[Driver]:
    backdoor = Backdoor(libvirtd)
    driver = open_driver(US, options_of(libvirtd, images))
    try:
        yield driver
    finally:
        driver.close()
        backdoor.clean()


class RealLibvirt:
    @pytest.fixture
    def driver(self, libvirtd: Libvirtd, images: Path) -> Iterator[Driver]:
        with a_driver(libvirtd, images) as driver:
            yield driver

    @pytest.fixture
    def site(self, libvirtd: Libvirtd, driver: Driver) -> Iterator[Backdoor]:
        del driver  # asked for so that it is closed only after the site was cleaned
        backdoor = Backdoor(libvirtd)
        yield backdoor
        backdoor.clean()


class TestContract(RealLibvirt, DriverContract):
    """Clauses 1 to 16, and 18."""


class TestRealGuests(RealLibvirt):
    @pytest.fixture
    def host(self, driver: AnyDriver) -> str:
        return driver.survey().hosts[0].name

    def test_a_guest_says_who_it_is_and_its_disk_outlives_a_power_cycle(
        self, driver: Driver, site: Backdoor, host: str
    ) -> None:
        native = made(driver, host, A, replace(SMALL, name="<Ana's> žaba & co")).native
        for boot in (1, 2):
            driver.set_power(native, "on")
            site.wait_for_boot(native)
            said = driver.serial_tail(native, 4096).decode()
            assert f"hanza guest <Ana's> žaba & co ({A.owner}) is up: boot {boot}" in said
            assert said.count(" is up") == 1
            driver.set_power(native, "off")

    def test_a_guest_sees_its_volumes_and_the_next_one_finds_their_bytes(
        self, driver: Driver, site: Backdoor, host: str
    ) -> None:
        driver.create_volume(V, host, 64, SMALL.image)
        driver.create_volume(W, host, 24)
        said = {}
        for boot, mark in enumerate((A, B), 1):
            native = made(driver, host, mark, BOOTING).native
            driver.attach_volume(volume_of(driver, W).native, native)
            driver.set_power(native, "on")
            site.wait_for_boot(native)
            said[mark] = driver.serial_tail(native, 4096).decode()
            assert f"({mark.owner}) is up: boot {boot} of this disk" in said[mark]
            assert f"hanza disk {serial_of(W)}: 24 MiB, boot {boot} with it" in said[mark]
            driver.destroy(native)
        assert {one.owner for one in driver.survey().volumes} == {V, W}

    def test_a_volume_plugged_into_a_running_guest_is_there_at_its_next_boot(
        self, driver: Driver, site: Backdoor, host: str
    ) -> None:
        native = made(driver, host).native
        driver.set_power(native, "on")
        site.wait_for_boot(native)
        driver.create_volume(W, host, 24)
        driver.attach_volume(volume_of(driver, W).native, native)
        driver.set_power(native, "off")
        driver.set_power(native, "on")
        site.wait_for_boot(native)
        assert f"hanza disk {serial_of(W)}: 24 MiB" in driver.serial_tail(native, 4096).decode()

    def test_a_guest_starts_with_as_many_volumes_as_it_may_have(
        self, driver: Driver, site: Backdoor, host: str
    ) -> None:
        native = made(driver, host).native
        owners = [VolumeId(f"vo_{number}") for number in range(DATA_VOLUMES_MAX + 1)]
        for owner in owners:
            driver.create_volume(owner, host, 1)
        for owner in owners[:-1]:
            driver.attach_volume(NativeId(owner), native)
        with pytest.raises(Rejected):
            driver.attach_volume(NativeId(owners[-1]), native)
        driver.set_power(native, "on")
        site.wait_for_boot(native)
        said = driver.serial_tail(native, 8192).decode()
        assert all(f"hanza disk {owner}: 1 MiB" in said for owner in owners[:-1])

    def test_a_published_port_answers_with_the_guests_own_page_and_closes_with_it(
        self, driver: Driver, site: Backdoor, host: str
    ) -> None:
        port = free_port()
        spec = replace(SMALL, name="<Ana's> kava & co", ports=(Port(port, 80),))
        native = made(driver, host, A, spec).native
        driver.set_power(native, "on")
        site.wait_for_boot(native)
        until(lambda: page_at(port) is not None, "the port answers", 20)
        page = page_at(port) or ""
        assert f"<title>hanza guest &lt;Ana's&gt; kava &amp; co ({A.owner})</title>" in page
        assert "1 of this disk" in page
        assert re.search(r"up for</dt><dd[^>]*>[0-9.]+ s<", page)
        driver.set_power(native, "off")
        assert page_at(port) is None

    def test_a_port_that_something_else_listens_on_is_refused_until_it_is_free(
        self, driver: Driver, host: str
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            native = made(driver, host, A, replace(SMALL, ports=(Port(port, 80),))).native
            with pytest.raises(Unavailable) as refused:
                driver.set_power(native, "on")
            assert f"port {port}" in str(refused.value)
            assert guest_of(driver, A).power == "off"
        driver.set_power(native, "on")
        assert guest_of(driver, A).power == "on"

    def test_ports_below_those_that_the_provider_offers_are_rejected(
        self, driver: Driver, site: Backdoor, host: str
    ) -> None:
        with pytest.raises(Rejected):
            driver.create(A, host, replace(SMALL, ports=(Port(22, 22),)))
        assert site.leftovers() == 0

    def test_guests_go_on_while_their_libvirtd_is_killed_and_started_again(
        self, driver: Driver, libvirtd: Libvirtd, host: str
    ) -> None:
        guest = made(driver, host)
        driver.set_power(guest.native, "on")
        running = libvirtd.emulators()
        libvirtd.kill()
        libvirtd.start()
        until(lambda: outcome_of(driver.survey) is None, "libvirt answers", 30)
        assert guest_of(driver, A).power == "on"
        assert libvirtd.emulators() == running != []

    def test_a_guest_is_destroyed_by_a_libvirtd_that_was_only_just_started_again(
        self, driver: Driver, site: Backdoor, libvirtd: Libvirtd, host: str
    ) -> None:
        native = made(driver, host).native
        driver.set_power(native, "on")
        libvirtd.kill()
        libvirtd.start()
        until(lambda: outcome_of(lambda: driver.destroy(native)) is None, "it is destroyed", 30)
        assert site.leftovers() == 0

    def test_ten_guests_of_one_host_are_surveyed_within_a_second(
        self, driver: Driver, host: str
    ) -> None:
        for run in range(10):
            driver.create(Mark(A.owner, run), host, replace(SMALL, memory_mib=96))
        began = time.monotonic()
        assert len(driver.survey().guests) == 10
        assert time.monotonic() - began < 1.0

    def test_an_image_without_a_kernel_starts_from_its_disk(
        self, libvirtd: Libvirtd, images: Path, site: Backdoor, tmp_path: Path
    ) -> None:
        del site  # asked for so that what is made here is cleaned
        (tmp_path / "plain").mkdir()
        shutil.copyfile(images / "tiny" / "disk.qcow2", tmp_path / "plain" / "disk.qcow2")
        driver = open_driver(US, options_of(libvirtd, tmp_path))
        host = driver.survey().hosts[0].name
        native = made(driver, host, A, replace(SMALL, image="plain")).native
        driver.set_power(native, "on")
        assert guest_of(driver, A).power == "on"
        driver.close()

    def test_an_image_that_is_not_here_is_rejected_and_leaves_nothing(
        self, driver: Driver, site: Backdoor, host: str
    ) -> None:
        for spec in (replace(SMALL, image="absent"), replace(SMALL, disk_mib=1)):
            with pytest.raises(Rejected):
                driver.create(A, host, spec)
        assert site.leftovers() == 0

    def test_a_guest_whose_mark_was_lost_keeps_its_disk(
        self, driver: Driver, site: Backdoor, host: str
    ) -> None:
        """Clause 6: it is not ours any more, so that nothing of it is touched."""
        native = made(driver, host).native
        site.write_disk(native, TEXT)
        site.take_mark(native)
        before = site.foreign()
        for call in (
            lambda: driver.create(A, host, SMALL),
            lambda: driver.sweep(A),
            lambda: driver.set_power(native, "on"),
        ):
            with pytest.raises(Rejected):
                call()
        driver.destroy(native)
        assert site.foreign() == before
        assert site.read_disk(native, len(TEXT)) == TEXT

    def test_the_host_says_that_it_emulates(self, driver: Driver) -> None:
        (facts,) = driver.survey().hosts
        assert facts.accelerator == "tcg"
        assert (facts.capacity.cpus, facts.capacity.memory_mib) == (16, 2048)

    def test_a_process_with_a_driver_stays_below_a_hundred_mib(
        self, libvirtd: Libvirtd, images: Path
    ) -> None:
        peak = subprocess.run(
            (sys.executable, "-c", MEASURE, *words_of(libvirtd, images)),
            check=True,
            capture_output=True,
            timeout=60,
        ).stdout
        assert int(peak) < 100 * 1024

    @pytest.mark.parametrize("after_s", [0.03, 0.06, 0.15, 0.4])
    def test_a_process_killed_in_mid_call_leaves_what_the_next_one_completes(
        self, driver: Driver, site: Backdoor, libvirtd: Libvirtd, images: Path, after_s: float
    ) -> None:
        arguments = (sys.executable, "-c", LIVE, *words_of(libvirtd, images))
        with subprocess.Popen(arguments, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            threading.Event().wait(after_s)
            process.kill()
        (facts,) = driver.survey().hosts
        native = made(driver, facts.name).native
        driver.set_power(native, "on")
        assert guest_of(driver, A).power == "on"
        driver.destroy(native)
        assert site.leftovers() == 0


def page_at(port: int) -> str | None:
    """What the guest serves; None when nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
            page: str = answer.read().decode()
            return page
    except OSError:
        return None


LIVE = """
import sys
from hanza.drivers.contract.words import SMALL, A, guest_of
from hanza.drivers.libvirt import open_driver
words = sys.argv[1:]
driver = open_driver("fe_us", dict(zip(words[::2], words[1::2])))
host = driver.survey().hosts[0].name
print("ready", flush=True)
while True:
    driver.create(A, host, SMALL)
    native = guest_of(driver, A).native
    driver.set_power(native, "on")
    driver.destroy(native)
"""

MEASURE = """
import sys
from hanza.drivers.libvirt import open_driver
words = sys.argv[1:]
driver = open_driver("fe_us", dict(zip(words[::2], words[1::2])))
for _ in range(50):
    driver.survey()
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def test_kvm_is_believed_only_after_a_boot_and_that_is_remembered(
    tmp_path: Path, images: Path
) -> None:
    proof = tmp_path / "proof.json"
    began = time.monotonic()
    found = choose_accelerator("auto", images, proof)
    assert time.monotonic() - began < PATIENCE_S + 5
    began = time.monotonic()
    assert choose_accelerator("auto", images, proof) == found
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_libvirt_driver_is_as_the_fake(libvirtd: Libvirtd, images: Path, seed: int) -> None:
    """Clause 17."""
    walk_beside_fake(lambda: a_driver(libvirtd, images), seed)


def test_a_spec_is_kept_in_words(libvirtd: Libvirtd, images: Path) -> None:
    """Clause 11, on a guest that another driver object made."""
    spec = GuestSpec("ž", "tiny", 1, 96, 64)
    with a_driver(libvirtd, images) as driver:
        driver.create(A, driver.survey().hosts[0].name, spec)
        again = open_driver(US, options_of(libvirtd, images))
        assert guest_of(again, A).spec == spec
        again.close()
