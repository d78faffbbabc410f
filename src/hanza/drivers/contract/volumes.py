"""The clauses about volumes: 2-4, 8 and 10, for drivers that claim them."""

from dataclasses import replace

import pytest

from hanza.drivers.contract.backdoor import Site
from hanza.drivers.contract.words import ABSENT, NEVER_WAS, A, B, V, W, made, volume_of
from hanza.drivers.spi import Driver
from hanza.model.errors import Exhausted, Rejected
from hanza.model.ids import VolumeId


class VolumeClauses:
    def test_a_volume_made_twice_is_one_and_deleted_twice_is_none(
        self, driver: Driver, site: Site, host: str
    ) -> None:
        """Clauses 2 and 3."""
        driver.create_volume(V, host, 16)
        driver.create_volume(V, host, 16)
        driver.create_volume(W, host, 8)
        volume = volume_of(driver, V)
        assert (volume.host, volume.size_mib, volume.attached_to) == (host, 16, None)
        for native in (volume.native, volume.native, volume_of(driver, W).native):
            driver.delete_volume(native)
        assert driver.survey().volumes == ()
        assert site.leftovers() == 0

    def test_the_absent_volume_is_deleted_and_detached_and_nothing_else(
        self, driver: Driver, host: str
    ) -> None:
        """Clause 3."""
        guest = made(driver, host)
        for native in (ABSENT, NEVER_WAS, guest.native):
            driver.delete_volume(native)
            driver.detach_volume(native)
            with pytest.raises(Rejected):
                driver.grow_volume(native, 64)
            with pytest.raises(Rejected):
                driver.attach_volume(native, guest.native)
        assert driver.survey().guests == (guest,)

    def test_a_wrong_volume_is_rejected_and_leaves_nothing(
        self, driver: Driver, site: Site, host: str
    ) -> None:
        """Clause 4."""
        for owner, size_mib in ((V, 0), (VolumeId("../v"), 8), (VolumeId(""), 8)):
            with pytest.raises(Rejected):
                driver.create_volume(owner, host, size_mib)
        for image in ("", "../../etc", "-o"):
            with pytest.raises(Rejected):
                driver.create_volume(V, host, 8, image)
        with pytest.raises(Rejected):
            driver.create_volume(V, "no such host", 8)
        with pytest.raises(Exhausted):
            driver.create_volume(V, host, driver.survey().hosts[0].capacity.disk_mib + 1)
        assert driver.survey().volumes == ()
        assert site.leftovers() == 0

    def test_a_volume_grows_and_never_shrinks(self, driver: Driver, host: str) -> None:
        """Clause 9."""
        driver.create_volume(V, host, 16)
        volume = volume_of(driver, V)
        for size_mib in (32, 32):
            driver.grow_volume(volume.native, size_mib)
            assert volume_of(driver, V) == replace(volume, size_mib=32)
        with pytest.raises(Rejected):
            driver.grow_volume(volume.native, 16)
        with pytest.raises(Exhausted):
            driver.grow_volume(volume.native, driver.survey().hosts[0].capacity.disk_mib + 1)
        assert volume_of(driver, V).size_mib == 32

    @pytest.mark.parametrize("power", ["off", "on"])
    def test_attaching_and_detaching_twice_is_once(
        self, driver: Driver, host: str, power: str
    ) -> None:
        """Clause 8, for a guest that is off and one that runs; nobody pulls a disk in use."""
        guest = made(driver, host)
        driver.create_volume(V, host, 16)
        native = volume_of(driver, V).native
        if power == "on":
            driver.set_power(guest.native, "on")
        for _ in range(2):
            driver.attach_volume(native, guest.native)
            assert volume_of(driver, V).attached_to == guest.native
        if power == "on":
            with pytest.raises(Rejected):
                driver.detach_volume(native)
            assert volume_of(driver, V).attached_to == guest.native
            driver.set_power(guest.native, "off")
        for _ in range(2):
            driver.detach_volume(native)
            assert volume_of(driver, V).attached_to is None

    def test_an_attached_volume_grows_while_its_guest_runs(self, driver: Driver, host: str) -> None:
        """Clause 9."""
        guest = made(driver, host)
        driver.create_volume(V, host, 16)
        native = volume_of(driver, V).native
        driver.attach_volume(native, guest.native)
        driver.set_power(guest.native, "on")
        driver.grow_volume(native, 24)
        assert volume_of(driver, V).size_mib == 24
        driver.set_power(guest.native, "off")
        driver.grow_volume(native, 32)
        assert volume_of(driver, V).size_mib == 32

    def test_an_attached_volume_is_neither_deleted_nor_taken_away(
        self, driver: Driver, host: str
    ) -> None:
        """Clause 10."""
        guest, other = made(driver, host), made(driver, host, B)
        driver.create_volume(V, host, 16)
        native = volume_of(driver, V).native
        driver.attach_volume(native, guest.native)
        with pytest.raises(Rejected):
            driver.delete_volume(native)
        with pytest.raises(Rejected):
            driver.attach_volume(native, other.native)
        with pytest.raises(Rejected):
            driver.attach_volume(native, ABSENT)
        assert volume_of(driver, V).attached_to == guest.native
        driver.detach_volume(native)
        driver.attach_volume(native, other.native)
        assert volume_of(driver, V).attached_to == other.native

    def test_attaching_to_the_absent_is_rejected(self, driver: Driver, host: str) -> None:
        """Clause 10."""
        driver.create_volume(V, host, 16)
        for guest in (ABSENT, NEVER_WAS):
            with pytest.raises(Rejected):
                driver.attach_volume(volume_of(driver, V).native, guest)

    @pytest.mark.parametrize("power", ["off", "on"])
    def test_a_volume_outlives_its_guest(self, driver: Driver, host: str, power: str) -> None:
        """Clause 10: detached with the guest's end, never deleted."""
        guest = made(driver, host)
        driver.create_volume(V, host, 16)
        driver.attach_volume(volume_of(driver, V).native, guest.native)
        if power == "on":
            driver.set_power(guest.native, "on")
        driver.destroy(guest.native)
        assert volume_of(driver, V).attached_to is None
        assert made(driver, host, A).native
        assert volume_of(driver, V).attached_to is None
