"""The clauses about guests that boot from a volume: 2, 4, 8, 9 and 10 again, for that disk."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from hanza.drivers.contract.backdoor import Site
from hanza.drivers.contract.disks import TEXT
from hanza.drivers.contract.words import BOOTING, SMALL, A, B, V, W, guest_of, made, volume_of
from hanza.drivers.spi import Driver
from hanza.model.errors import Rejected
from hanza.model.guest import Mark

SIZE_MIB = 64
NEXT = Mark(A.owner, A.run_epoch + 1)


class BootVolumeClauses:
    def test_a_guest_has_its_volume_attached_from_the_first_moment(
        self, driver: Driver, host: str
    ) -> None:
        """Clauses 8 and 11; a volume tells the image that lies under it."""
        driver.create_volume(V, host, SIZE_MIB, SMALL.image)
        guest = made(driver, host, A, BOOTING)
        assert guest.spec == BOOTING
        volume = volume_of(driver, V)
        assert (volume.attached_to, volume.image) == (guest.native, SMALL.image)
        assert made(driver, host, A, BOOTING) == guest
        driver.set_power(guest.native, "on")
        assert guest_of(driver, A).power == "on"

    def test_never_two_boot_from_one_volume(self, driver: Driver, site: Site, host: str) -> None:
        """Clause 10, and clause 4: nothing is left of what was refused."""
        driver.create_volume(V, host, SIZE_MIB)
        guest = made(driver, host, A, BOOTING)
        before = site.leftovers()
        for mark in (B, NEXT):
            with pytest.raises(Rejected):
                driver.create(mark, host, BOOTING)
        driver.create_volume(W, host, 8)
        other = made(driver, host, B)
        with pytest.raises(Rejected):
            driver.attach_volume(volume_of(driver, V).native, other.native)
        driver.destroy(other.native)
        driver.delete_volume(volume_of(driver, W).native)
        assert site.leftovers() == before
        assert volume_of(driver, V).attached_to == guest.native

    def test_a_data_volume_of_one_is_no_disk_to_boot_another_from(
        self, driver: Driver, host: str
    ) -> None:
        """Clause 10."""
        driver.create_volume(V, host, SIZE_MIB)
        guest = made(driver, host)
        driver.attach_volume(volume_of(driver, V).native, guest.native)
        with pytest.raises(Rejected):
            driver.create(B, host, BOOTING)
        driver.detach_volume(volume_of(driver, V).native)
        assert made(driver, host, B, BOOTING).native == volume_of(driver, V).attached_to

    def test_a_guest_is_not_made_without_its_volume(
        self, driver: Driver, site: Site, host: str
    ) -> None:
        """Clause 4."""
        with pytest.raises(Rejected):
            driver.create(A, host, BOOTING)
        assert site.leftovers() == 0

    @pytest.mark.parametrize("power", ["off", "on"])
    def test_the_next_guest_of_a_volume_finds_every_byte(
        self, driver: Driver, site: Site, host: str, power: str
    ) -> None:
        """Clause 10: neither an end, nor a sweep, nor a loss behind our back takes any."""
        driver.create_volume(V, host, SIZE_MIB)
        native = volume_of(driver, V).native
        site.write_volume(native, TEXT.ljust(SIZE_MIB * 1024, b"."))
        guest = made(driver, host, A, BOOTING)
        if power == "on":
            driver.set_power(guest.native, "on")
        driver.destroy(guest.native)
        driver.sweep(A)
        assert volume_of(driver, V).attached_to is None
        again = made(driver, host, NEXT, BOOTING)
        site.vanish(again.native)
        driver.sweep(NEXT)
        assert made(driver, host, B, BOOTING).native == volume_of(driver, V).attached_to
        # A tiny guest counts its boots in the first sector, so the bytes after it are held.
        assert site.read_volume(native, 4096)[512:] == b"." * (4096 - 512)

    def test_a_guest_keeps_its_boot_volume_for_life(self, driver: Driver, host: str) -> None:
        """Clauses 9 and 10."""
        driver.create_volume(V, host, SIZE_MIB)
        driver.create_volume(W, host, SIZE_MIB)
        guest = made(driver, host, A, BOOTING)
        native = volume_of(driver, V).native
        calls: tuple[Callable[[], None], ...] = (
            lambda: driver.delete_volume(native),
            lambda: driver.detach_volume(native),
            lambda: driver.resize(guest.native, SMALL),
            lambda: driver.resize(guest.native, replace(BOOTING, boot_volume=W)),
        )
        for refused in calls:
            with pytest.raises(Rejected):
                refused()
        assert guest_of(driver, A) == guest
        assert volume_of(driver, V).attached_to == guest.native
        larger = replace(BOOTING, memory_mib=128, disk_mib=1)
        driver.resize(guest.native, larger)
        assert guest_of(driver, A).spec == larger

    def test_a_boot_volume_grows_under_its_guest(self, driver: Driver, host: str) -> None:
        """Clause 9."""
        driver.create_volume(V, host, SIZE_MIB)
        native = volume_of(driver, V).native
        guest = made(driver, host, A, BOOTING)
        driver.grow_volume(native, SIZE_MIB + 8)
        driver.set_power(guest.native, "on")
        driver.grow_volume(native, SIZE_MIB + 16)
        assert volume_of(driver, V).size_mib == SIZE_MIB + 16

    def test_the_disk_of_a_volume_is_counted_once(self, driver: Driver, host: str) -> None:
        """Clause 4: a guest takes no disk of its own where its disk is a volume."""
        has = driver.survey().hosts[0].capacity
        driver.create_volume(V, host, has.disk_mib // 2 + 1)
        assert made(driver, host, A, replace(BOOTING, disk_mib=has.disk_mib)).spec.boot_volume == V
