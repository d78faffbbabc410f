"""The clauses about bytes: 6, 9 and 10 never lose any."""

from dataclasses import replace

from hanza.drivers.contract.backdoor import Site
from hanza.drivers.contract.words import SMALL, A, V, made, volume_of
from hanza.drivers.spi import Driver

TEXT = b"what the tenant wrote".ljust(512, b".")


class DiskClauses:
    def test_resizing_keeps_every_byte(self, driver: Driver, site: Site, host: str) -> None:
        """Clause 9."""
        guest = made(driver, host)
        site.write_disk(guest.native, TEXT)
        driver.resize(guest.native, replace(SMALL, memory_mib=128, disk_mib=128))
        assert site.read_disk(guest.native, len(TEXT)) == TEXT

    def test_creating_again_keeps_every_byte(self, driver: Driver, site: Site, host: str) -> None:
        """Clause 2."""
        guest = made(driver, host)
        site.write_disk(guest.native, TEXT)
        assert made(driver, host) == guest
        assert site.read_disk(guest.native, len(TEXT)) == TEXT

    def test_a_guest_that_vanished_and_is_made_again_has_every_byte(
        self, driver: Driver, site: Site, host: str
    ) -> None:
        """Clause 2: what a tenant wrote is removed by order only, whoever lost its guest."""
        native = made(driver, host).native
        site.write_disk(native, TEXT)
        site.vanish(native)
        again = made(driver, host, A, replace(SMALL, disk_mib=SMALL.disk_mib + 16))
        assert site.read_disk(again.native, len(TEXT)) == TEXT
        driver.set_power(again.native, "on")
        driver.set_power(again.native, "off")
        driver.destroy(again.native)
        assert site.leftovers() == 0

    def test_growing_a_volume_keeps_every_byte(self, driver: Driver, site: Site, host: str) -> None:
        """Clause 9."""
        driver.create_volume(V, host, 16)
        native = volume_of(driver, V).native
        site.write_volume(native, TEXT)
        driver.grow_volume(native, 32)
        driver.create_volume(V, host, 16)
        assert site.read_volume(native, len(TEXT)) == TEXT
        assert volume_of(driver, V).size_mib == 32

    def test_a_volume_keeps_every_byte_when_its_guest_ends(
        self, driver: Driver, site: Site, host: str
    ) -> None:
        """Clause 10."""
        guest = made(driver, host)
        driver.create_volume(V, host, 16)
        native = volume_of(driver, V).native
        site.write_volume(native, TEXT)
        driver.attach_volume(native, guest.native)
        driver.destroy(guest.native)
        assert site.read_volume(native, len(TEXT)) == TEXT

    def test_a_volume_that_is_not_ours_is_not_surveyed(
        self, driver: Driver, site: Site, host: str
    ) -> None:
        """Clause 6."""
        site.add_foreign_volume()
        before = site.foreign()
        assert driver.survey().volumes == ()
        guest = made(driver, host)
        driver.destroy(guest.native)
        assert site.foreign() == before

    def test_a_guest_made_anew_has_nothing_of_the_one_before(
        self, driver: Driver, site: Site, host: str
    ) -> None:
        """Clause 3: delete leaves nothing, least of all data."""
        before = made(driver, host)
        site.write_disk(before.native, TEXT)
        driver.destroy(before.native)
        again = made(driver, host)
        assert site.read_disk(again.native, len(TEXT)) != TEXT
        site.write_disk(again.native, TEXT)
        site.vanish(again.native)
        driver.sweep(A)
        assert site.read_disk(made(driver, host).native, len(TEXT)) != TEXT
