"""The libvirt driver on libvirt's own test engine: no hypervisor, no volumes, no serial output.

It lives inside the process, so there is no connection that could be stalled or cut: clauses 5
and 13 are for the real engine, in `tests/engines`.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from hanza.drivers.contract import (
    FULL,
    AdoptionClauses,
    GuestClauses,
    ResizeClauses,
    compare_with_fake,
)
from hanza.drivers.contract.words import SMALL, A, made
from hanza.drivers.libvirt import Driver, open_driver
from hanza.model.errors import Rejected
from hanza.model.ids import FederationId
from kit.domains import DomainBackdoor

US = FederationId("fe_us")
OPTIONS = {"uri": "test:///default", "host": "host-1"}


@contextmanager
def an_empty_site() -> Iterator[Driver]:
    backdoor = DomainBackdoor(OPTIONS["uri"], "test", US)
    backdoor.clean()
    driver = open_driver(US, OPTIONS)
    try:
        yield driver
    finally:
        backdoor.clean()
        driver.close()


class TestLibvirtTestEngine(AdoptionClauses, GuestClauses, ResizeClauses):
    @pytest.fixture
    def driver(self, site: DomainBackdoor) -> Iterator[Driver]:
        del site  # asked for so that it is emptied before, and again after
        driver = open_driver(US, OPTIONS)
        yield driver
        driver.close()

    @pytest.fixture
    def site(self) -> Iterator[DomainBackdoor]:
        backdoor = DomainBackdoor(OPTIONS["uri"], "test", US)
        backdoor.clean()
        yield backdoor
        backdoor.clean()

    def test_a_guest_whose_mark_was_lost_is_neither_made_again_nor_swept(
        self, driver: Driver, site: DomainBackdoor, host: str
    ) -> None:
        """Clause 6."""
        site.take_mark(made(driver, host).native)
        before = site.foreign()
        for call in (lambda: driver.create(A, host, SMALL), lambda: driver.sweep(A)):
            with pytest.raises(Rejected):
                call()
        assert site.foreign() == before


def test_the_libvirt_driver_is_as_the_fake() -> None:
    """Clause 17."""
    compare_with_fake(an_empty_site, FULL)
