"""The clause about changing a guest's size: 9."""

from dataclasses import replace

import pytest

from hanza.drivers.contract.words import ABSENT, NEVER_WAS, SMALL, WRONG_SPECS, A, guest_of, made
from hanza.drivers.spi import Driver
from hanza.model.errors import Exhausted, Rejected


class ResizeClauses:
    def test_a_guest_that_is_off_is_resized(self, driver: Driver, host: str) -> None:
        """Clause 9."""
        guest = made(driver, host)
        larger = replace(SMALL, cpus=2, memory_mib=128, disk_mib=128)
        smaller = replace(larger, cpus=1, memory_mib=96)
        for spec in (larger, larger, smaller):
            driver.resize(guest.native, spec)
            assert guest_of(driver, A) == replace(guest, spec=spec)

    def test_a_disk_never_shrinks(self, driver: Driver, host: str) -> None:
        """Clause 9."""
        guest = made(driver, host)
        with pytest.raises(Rejected):
            driver.resize(guest.native, replace(SMALL, disk_mib=SMALL.disk_mib - 1))
        assert guest_of(driver, A) == guest

    def test_a_wrong_size_is_rejected_and_changes_nothing(self, driver: Driver, host: str) -> None:
        """Clauses 4 and 9."""
        guest = made(driver, host)
        for spec in (*WRONG_SPECS, replace(SMALL, image="another")):
            with pytest.raises(Rejected):
                driver.resize(guest.native, spec)
        has = driver.survey().hosts[0].capacity
        with pytest.raises(Exhausted):
            driver.resize(guest.native, replace(SMALL, memory_mib=has.memory_mib + 1))
        assert guest_of(driver, A) == guest

    def test_a_guest_that_is_on_or_absent_is_not_resized(self, driver: Driver, host: str) -> None:
        """Clause 9."""
        guest = made(driver, host)
        driver.set_power(guest.native, "on")
        for native in (guest.native, ABSENT, NEVER_WAS):
            with pytest.raises(Rejected):
                driver.resize(native, replace(SMALL, memory_mib=128))
        assert guest_of(driver, A).spec == SMALL

    def test_a_resized_guest_starts(self, driver: Driver, host: str) -> None:
        """Clause 9."""
        guest = made(driver, host)
        driver.resize(guest.native, replace(SMALL, cpus=2, memory_mib=112, disk_mib=80))
        driver.set_power(guest.native, "on")
        assert guest_of(driver, A).power == "on"
