"""The clauses about published ports: each is one guest's, and free when that guest is gone."""

from dataclasses import replace

import pytest

from hanza.drivers.contract.backdoor import Backdoor
from hanza.drivers.contract.words import SMALL, A, B, guest_of, made
from hanza.drivers.spi import Driver
from hanza.model.errors import Rejected, Unavailable
from hanza.model.guest import Port

PUBLISHED = replace(SMALL, ports=(Port(18080, 80), Port(18443, 443)))
OVERLAPPING = replace(SMALL, ports=(Port(18443, 80),))


class PortClauses:
    def test_ports_are_told_back(self, driver: Driver, host: str) -> None:
        """Clause 11."""
        assert made(driver, host, A, PUBLISHED).spec == PUBLISHED
        assert driver.survey().hosts[0].address

    def test_a_taken_port_is_refused_by_its_number_until_it_is_free(
        self, driver: Driver, site: Backdoor, host: str
    ) -> None:
        """Clause 4: nothing is left of what was refused."""
        native = made(driver, host, A, PUBLISHED).native
        before = site.leftovers()
        with pytest.raises(Unavailable) as refused:
            driver.create(B, host, OVERLAPPING)
        assert "18443" in str(refused.value)
        assert site.leftovers() == before
        driver.destroy(native)
        driver.set_power(made(driver, host, B, OVERLAPPING).native, "on")
        assert guest_of(driver, B).power == "on"

    def test_ports_that_are_none_are_rejected_and_leave_nothing(
        self, driver: Driver, site: Backdoor, host: str
    ) -> None:
        """Clause 4."""
        for ports in (
            (Port(0, 80),),
            (Port(18080, 0),),
            (Port(65536, 80),),
            (Port(18080, 80), Port(18080, 81)),
            tuple(Port(18080 + n, 80) for n in range(17)),
        ):
            with pytest.raises(Rejected):
                driver.create(A, host, replace(SMALL, ports=ports))
        assert site.leftovers() == 0
