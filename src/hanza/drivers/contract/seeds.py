"""The clauses about what a guest is told at its first boot: any words, and nothing left of them."""

from dataclasses import replace

import pytest

from hanza.drivers.contract.backdoor import Backdoor
from hanza.drivers.contract.words import HOSTILE_NAMES, SEEDED, A, guest_of, made
from hanza.drivers.spi import Driver


class SeedClauses:
    def test_what_a_guest_is_to_be_told_is_told_back_but_for_user_data(
        self, driver: Driver, host: str
    ) -> None:
        """Clauses 11 and 16."""
        assert made(driver, host, A, SEEDED).spec == SEEDED.without_secrets()

    @pytest.mark.parametrize("text", [*HOSTILE_NAMES[1:7], "a: b\n---\nc: d\n", "x" * 65536])
    def test_a_guest_starts_whatever_it_is_told_and_leaves_nothing_of_it(
        self, driver: Driver, site: Backdoor, host: str, text: str
    ) -> None:
        """Clauses 3 and 15."""
        guest = made(driver, host, A, replace(SEEDED, user_data=text))
        driver.set_power(guest.native, "on")
        assert guest_of(driver, A).power == "on"
        driver.destroy(guest.native)
        assert site.leftovers() == 0
