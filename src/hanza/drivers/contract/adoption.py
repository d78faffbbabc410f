"""The clauses about guests that were there before us, which hold for every driver: 19-21."""

from abc import ABC, abstractmethod

import pytest

from hanza.drivers.contract.backdoor import Backdoor
from hanza.drivers.contract.words import ABSENT, A, B, guest_of
from hanza.drivers.spi import Driver
from hanza.model.errors import Rejected
from hanza.model.guest import GuestSpec, Mark, Port, Stranger
from hanza.model.ids import NativeId
from hanza.model.image import ADOPTED


def stranger_of(driver: Driver, native: NativeId) -> Stranger:
    return next(one for one in driver.strangers() if one.native == native)


def spec_of(one: Stranger) -> GuestSpec:
    size = one.size
    image = f"{ADOPTED}{one.native}"
    return GuestSpec("pet", image, size.cpus, size.memory_mib, size.disk_mib)


class AdoptionClauses(ABC):
    @pytest.fixture
    @abstractmethod
    def driver(self) -> Driver: ...

    @pytest.fixture
    @abstractmethod
    def site(self) -> Backdoor: ...

    @pytest.fixture
    def host(self, driver: Driver) -> str:
        return driver.survey().hosts[0].name

    @pytest.fixture
    def pet(self, driver: Driver, site: Backdoor) -> Stranger:
        """Somebody's guest, which runs."""
        native = site.add_foreign_guest()
        site.start_foreign(native)
        return stranger_of(driver, native)

    def test_strangers_are_told_and_only_looked_at(
        self, driver: Driver, site: Backdoor, host: str
    ) -> None:
        """Clause 19."""
        native = site.add_foreign_guest()
        before = site.foreign()
        found = stranger_of(driver, native)
        assert (found.host, found.power) == (host, "off")
        assert found.size.cpus >= 1
        assert found.size.memory_mib >= 1
        assert site.foreign() == before
        assert driver.survey().guests == ()

    def test_what_is_marked_is_no_stranger(self, driver: Driver, site: Backdoor, host: str) -> None:
        """Clause 19."""
        before = {one.native for one in driver.strangers()}
        driver.create(A, host, GuestSpec("web", "tiny", 1, 96, 64))
        site.add_guest_of_another_federation(B, GuestSpec("web", "tiny", 1, 96, 64))
        assert {one.native for one in driver.strangers()} == before

    def test_what_a_stranger_takes_is_not_offered(self, driver: Driver, site: Backdoor) -> None:
        """Clause 20."""
        (before,) = (one.capacity for one in driver.survey().hosts[:1])
        native = site.add_foreign_guest()
        site.start_foreign(native)
        size = stranger_of(driver, native).size
        (after,) = (one.capacity for one in driver.survey().hosts[:1])
        assert after.memory_mib <= before.memory_mib - size.memory_mib
        assert after.cpus <= before.cpus - size.cpus

    def test_a_guest_is_adopted_in_place_and_runs_on(
        self, driver: Driver, site: Backdoor, host: str, pet: Stranger
    ) -> None:
        """Clause 21."""
        run = site.run_of(pet.native)
        for _ in range(2):
            driver.create(A, host, spec_of(pet))
        guest = guest_of(driver, A)
        assert (guest.native, guest.power, guest.host) == (pet.native, "on", host)
        assert guest.spec == spec_of(pet)
        assert site.run_of(pet.native) == run
        assert pet.native not in {one.native for one in driver.strangers()}

    def test_one_that_was_adopted_is_started_and_stopped_as_any_other(
        self, driver: Driver, site: Backdoor, host: str, pet: Stranger
    ) -> None:
        """Clause 21."""
        driver.create(A, host, spec_of(pet))
        driver.set_power(pet.native, "off")
        assert guest_of(driver, A).power == "off"
        with pytest.raises(Rejected):
            driver.resize(
                pet.native, GuestSpec("pet", f"{ADOPTED}{pet.native}", 3, 500, pet.size.disk_mib)
            )
        driver.set_power(pet.native, "on")
        assert guest_of(driver, A).power == "on"
        assert site.guests() >= 1

    def test_ending_one_that_was_adopted_gives_it_back(
        self, driver: Driver, site: Backdoor, host: str, pet: Stranger
    ) -> None:
        """Clause 21: what we have not made we do not remove."""
        count = site.guests()
        driver.create(A, host, spec_of(pet))
        driver.destroy(pet.native)
        driver.destroy(pet.native)
        driver.sweep(A)
        assert driver.survey().guests == ()
        found = stranger_of(driver, pet.native)
        assert (found.power, found.size, site.guests()) == ("off", pet.size, count)

    def test_what_cannot_be_adopted_is_refused_and_untouched(
        self, driver: Driver, site: Backdoor, host: str, pet: Stranger
    ) -> None:
        """Clause 21."""
        theirs = site.add_guest_of_another_federation(A, GuestSpec("web", "tiny", 1, 96, 64))
        good = spec_of(pet)
        before = site.foreign()
        for wrong in (
            GuestSpec("pet", f"{ADOPTED}{ABSENT}", 1, 64, good.disk_mib),
            GuestSpec("pet", f"{ADOPTED}{theirs}", 1, 96, 64),
            GuestSpec("pet", good.image, good.cpus + 1, good.memory_mib, good.disk_mib),
            GuestSpec("pet", good.image, 1, good.memory_mib, 64, ports=(Port(8080, 80),)),
            GuestSpec("pet", good.image, 1, good.memory_mib, 64, hostname="pet"),
            GuestSpec("pet", f"{ADOPTED}../../etc/passwd", 1, 64, 64),
        ):
            with pytest.raises(Rejected):
                driver.create(A, host, wrong)
        with pytest.raises(Rejected):
            driver.create(A, "elsewhere", good)
        assert site.foreign() == before

    def test_one_guest_is_adopted_once(self, driver: Driver, host: str, pet: Stranger) -> None:
        """Clause 21."""
        driver.create(A, host, spec_of(pet))
        for other in (B, Mark(A.owner, A.run_epoch + 1)):
            with pytest.raises(Rejected):
                driver.create(other, host, spec_of(pet))
        assert [one.mark for one in driver.survey().guests] == [A]
