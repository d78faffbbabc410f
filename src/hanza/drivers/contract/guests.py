"""The clauses about guests, which hold for every driver: 1-4, 6-8, 11, 12, 14-16."""

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace

import pytest

from hanza.drivers.contract.backdoor import Backdoor
from hanza.drivers.contract.patience import until
from hanza.drivers.contract.words import (
    ABSENT,
    HOSTILE_NAMES,
    MARKS_THAT_LOOK_ALIKE,
    NEVER_WAS,
    SECRET,
    SEEDED,
    SMALL,
    WRONG_SPECS,
    A,
    B,
    V,
    guest_of,
    made,
)
from hanza.drivers.spi import Driver
from hanza.model.errors import DriverError, Exhausted, Rejected, Unavailable, Unsupported
from hanza.model.guest import GuestSpec, Mark, Port, Power
from hanza.model.ids import NativeId


class GuestClauses(ABC):
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
    def secrets(self) -> tuple[str, ...]:
        """What this driver was given that nobody may read."""
        return ()

    # -- 1: found by its owner ----------------------------------------------------------------

    def test_what_is_created_is_found_by_its_mark_and_is_off(
        self, driver: Driver, host: str
    ) -> None:
        """Clause 1."""
        guest = made(driver, host)
        assert guest.power == "off"
        assert guest.host == host
        assert [seen.mark for seen in driver.survey().guests] == [A]

    def test_another_run_of_an_instance_is_another_guest(self, driver: Driver, host: str) -> None:
        """Clause 1."""
        first = made(driver, host)
        second = made(driver, host, replace(A, run_epoch=2))
        assert first.native != second.native
        assert len(driver.survey().guests) == 2

    def test_another_federations_guest_with_our_mark_is_not_ours(
        self, driver: Driver, site: Backdoor, host: str
    ) -> None:
        """Clauses 1 and 6."""
        theirs = site.add_guest_of_another_federation(A, SMALL)
        assert driver.survey().guests == ()
        ours = made(driver, host)
        assert ours.native != theirs
        before = site.foreign()
        driver.destroy(ours.native)
        driver.destroy(theirs)
        assert site.foreign() == before

    # -- 2, 3: once, and not at all -----------------------------------------------------------

    def test_creating_twice_for_one_mark_makes_one(
        self, driver: Driver, site: Backdoor, host: str
    ) -> None:
        """Clause 2."""
        before = site.guests()
        first = made(driver, host)
        again = made(driver, host)
        assert again == first
        assert site.guests() == before + 1

    def test_destroying_twice_is_destroying_once(
        self, driver: Driver, site: Backdoor, host: str
    ) -> None:
        """Clause 3."""
        guest = made(driver, host)
        driver.destroy(guest.native)
        driver.destroy(guest.native)
        assert driver.survey().guests == ()
        assert site.leftovers() == 0

    def test_destroying_the_absent_succeeds(self, driver: Driver) -> None:
        """Clause 3."""
        driver.destroy(ABSENT)
        driver.destroy(NEVER_WAS)

    def test_destroying_a_running_guest_leaves_nothing(
        self, driver: Driver, site: Backdoor, host: str
    ) -> None:
        """Clause 3: delete leaves nothing."""
        guest = made(driver, host)
        driver.set_power(guest.native, "on")
        driver.destroy(guest.native)
        assert driver.survey().guests == ()
        assert site.leftovers() == 0

    def test_what_a_vanished_guest_left_is_swept(
        self, driver: Driver, site: Backdoor, host: str
    ) -> None:
        """Clause 3: delete leaves nothing, though the guest was removed behind our back."""
        guest = made(driver, host)
        stays = made(driver, host, B)
        before = site.leftovers()
        driver.set_power(guest.native, "on")
        site.vanish(guest.native)
        driver.sweep(A)
        driver.sweep(A)
        assert driver.survey().guests == (stays,)
        driver.destroy(stays.native)
        assert before > 0
        assert site.leftovers() == 0

    def test_sweeping_what_never_was_succeeds(
        self, driver: Driver, site: Backdoor, host: str
    ) -> None:
        """Clause 3."""
        driver.sweep(A)
        driver.destroy(made(driver, host).native)
        driver.sweep(A)
        assert site.leftovers() == 0

    def test_a_guest_that_is_there_is_not_swept(self, driver: Driver, host: str) -> None:
        """Clause 3: sweeping is no second way to end one."""
        guest = made(driver, host)
        with pytest.raises(Rejected):
            driver.sweep(A)
        assert driver.survey().guests == (guest,)

    # -- 4: refused is as if never asked ------------------------------------------------------

    def test_a_wrong_request_is_rejected_and_leaves_nothing(
        self, driver: Driver, site: Backdoor, host: str
    ) -> None:
        """Clause 4."""
        for spec in WRONG_SPECS:
            with pytest.raises(Rejected):
                driver.create(A, host, spec)
        with pytest.raises(Rejected):
            driver.create(A, "no such host", SMALL)
        with pytest.raises(Rejected):
            driver.create(Mark(A.owner, -1), host, SMALL)
        assert driver.survey().guests == ()
        assert site.leftovers() == 0

    def test_what_does_not_fit_is_exhausted_and_leaves_nothing(
        self, driver: Driver, site: Backdoor, host: str
    ) -> None:
        """Clause 4."""
        has = driver.survey().hosts[0].capacity
        for spec in (
            replace(SMALL, cpus=has.cpus + 1),
            replace(SMALL, memory_mib=has.memory_mib + 1),
            replace(SMALL, disk_mib=has.disk_mib + 1),
        ):
            with pytest.raises(Exhausted):
                driver.create(A, host, spec)
        assert site.leftovers() == 0

    def test_what_the_others_left_is_all_there_is(self, driver: Driver, host: str) -> None:
        """Clause 4."""
        has = driver.survey().hosts[0].capacity
        most = made(driver, host, A, replace(SMALL, memory_mib=has.memory_mib - 32))
        with pytest.raises(Exhausted):
            driver.create(B, host, SMALL)
        driver.destroy(most.native)
        driver.create(B, host, SMALL)

    # -- 6, 7: all and only ours, as it is now ------------------------------------------------

    def test_what_is_not_ours_is_neither_surveyed_nor_touched(
        self, driver: Driver, site: Backdoor, host: str
    ) -> None:
        """Clause 6."""
        ours = made(driver, host, B)
        foreign = (site.add_foreign_guest(), site.add_look_alike(A, SMALL))
        before = site.foreign()
        for native in foreign:
            assert driver.survey().guests == (ours,)
            driver.destroy(native)
            with pytest.raises(Rejected):
                driver.set_power(native, "on")
            with pytest.raises(Rejected):
                driver.set_power(native, "off")
        assert site.foreign() == before

    def test_what_vanished_is_gone_from_the_next_survey(
        self, driver: Driver, site: Backdoor, host: str
    ) -> None:
        """Clause 7."""
        guest = made(driver, host)
        stays = made(driver, host, B)
        site.vanish(guest.native)
        assert driver.survey().guests == (stays,)
        with pytest.raises(Rejected):
            driver.set_power(guest.native, "on")
        driver.destroy(guest.native)
        assert made(driver, host).power == "off"

    # -- 8: power -----------------------------------------------------------------------------

    def test_powering_twice_is_powering_once(self, driver: Driver, host: str) -> None:
        """Clause 8."""
        native = made(driver, host).native
        driver.set_power(native, "off")
        powers: tuple[Power, ...] = ("on", "on", "off", "off")
        for power in powers:
            driver.set_power(native, power)
            assert guest_of(driver, A).power == power

    def test_powering_the_absent_is_rejected(self, driver: Driver) -> None:
        """Clause 8."""
        for native in (ABSENT, NEVER_WAS):
            with pytest.raises(Rejected):
                driver.set_power(native, "on")

    # -- 11, 12: words and capabilities -------------------------------------------------------

    def test_words_come_back_as_they_went_in(self, driver: Driver, host: str) -> None:
        """Clause 11."""
        spec = GuestSpec(name="Straße 7", image="tiny", cpus=2, memory_mib=101, disk_mib=77)
        guest = made(driver, host, Mark(A.owner, 2**40), spec)
        assert guest.spec == spec
        assert guest.mark == Mark(A.owner, 2**40)

    def test_serial_output_is_what_the_capabilities_say(
        self, driver: Driver, site: Backdoor, host: str
    ) -> None:
        """Clause 12."""
        guest = made(driver, host)
        if not driver.capabilities().serial:
            assert guest.serial_bytes is None
            with pytest.raises(Unsupported):
                driver.serial_tail(guest.native, 100)
            return
        assert guest.serial_bytes == 0
        assert driver.serial_tail(guest.native, 100) == b""
        assert driver.serial_tail(NEVER_WAS, 100) == b""
        driver.set_power(guest.native, "on")
        site.wait_for_boot(guest.native)
        assert (guest_of(driver, A).serial_bytes or 0) > 10
        assert len(driver.serial_tail(guest.native, 10)) == 10
        assert driver.serial_tail(guest.native, 0) == b""
        start, said = driver.serial_after(guest.native, 0, 65536)
        assert (start, len(said) > 10) == (0, True)
        assert driver.serial_after(guest.native, 4, 5) == (4, said[4:9])
        assert driver.serial_after(guest.native, 2**40, 5) == (0, said[:5])
        assert driver.serial_after(NEVER_WAS, 3, 100) == (0, b"")

    def test_what_is_denied_is_unsupported_and_what_is_claimed_is_under_contract(
        self, driver: Driver, host: str
    ) -> None:
        """Clause 12."""
        able = driver.capabilities()
        clauses = {kind.__name__ for kind in type(self).__mro__}
        assert able.volumes == ("VolumeClauses" in clauses)
        assert able.resize == ("ResizeClauses" in clauses)
        assert able.ports == ("PortClauses" in clauses)
        assert able.console == ("ConsoleClauses" in clauses)
        native = made(driver, host).native
        denied: list[Callable[[], object]] = []
        if not able.volumes:
            denied += [
                lambda: driver.create_volume(V, host, 8),
                lambda: driver.grow_volume(native, 8),
                lambda: driver.delete_volume(native),
                lambda: driver.attach_volume(native, native),
                lambda: driver.detach_volume(native),
            ]
        if not able.resize:
            denied.append(lambda: driver.resize(native, SMALL))
        if not able.ports:
            published = replace(SMALL, ports=(Port(18080, 80),))
            denied.append(lambda: driver.create(B, host, published))
        if not able.console:
            denied.append(lambda: driver.open_console(native))
        for call in denied:
            with pytest.raises(Unsupported):
                call()

    # -- 14: threads --------------------------------------------------------------------------

    def test_many_threads_may_use_one_driver(
        self, driver: Driver, site: Backdoor, host: str
    ) -> None:
        """Clauses 2 and 14: the same mark from four threads is one guest."""
        before = site.guests()
        failures: list[DriverError] = []

        def live(mark: Mark) -> None:
            try:
                driver.create(A, host, SMALL)
                guest = made(driver, host, mark)
                driver.destroy(guest.native)
            except DriverError as error:
                failures.append(error)

        marks = [replace(B, run_epoch=run) for run in range(4)]
        threads = [threading.Thread(target=live, args=(mark,)) for mark in marks]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert [guest.mark for guest in driver.survey().guests] == [A]
        assert site.guests() == before + 1

    # -- 15, 16: names and secrets ------------------------------------------------------------

    def test_no_name_collides_or_escapes(self, driver: Driver, site: Backdoor, host: str) -> None:
        """Clause 15."""
        before = site.foreign()
        for name in HOSTILE_NAMES:
            guest = made(driver, host, A, replace(SMALL, name=name))
            assert guest.spec.name == name
            driver.destroy(guest.native)
        assert site.leftovers() == 0
        assert site.foreign() == before

    @pytest.mark.parametrize("name", [HOSTILE_NAMES[3], HOSTILE_NAMES[5], HOSTILE_NAMES[7]])
    def test_a_guest_starts_whatever_its_name(self, driver: Driver, host: str, name: str) -> None:
        """Clause 15."""
        guest = made(driver, host, A, replace(SMALL, name=name))
        driver.set_power(guest.native, "on")
        assert guest_of(driver, A).power == "on"

    def test_marks_that_look_alike_are_different_guests(self, driver: Driver, host: str) -> None:
        """Clause 15."""
        natives = {made(driver, host, mark).native for mark in MARKS_THAT_LOOK_ALIKE}
        assert len(natives) == len(MARKS_THAT_LOOK_ALIKE)

    def test_secrets_are_in_no_word_that_the_driver_says(
        self,
        driver: Driver,
        host: str,
        secrets: tuple[str, ...],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """Clause 16."""
        caplog.set_level(logging.DEBUG)
        made(driver, host, B, SEEDED)
        said = [repr(driver), repr(driver.capabilities()), repr(driver.survey()), repr(SEEDED)]
        for spec in (replace(SEEDED, cpus=0), *WRONG_SPECS):
            with pytest.raises(Rejected) as rejected:
                driver.create(A, host, spec)
            said += [repr(rejected.value), str(rejected.value)]
        driver.close()
        with pytest.raises(Unavailable) as closed:
            driver.survey()
        said += [repr(closed.value), caplog.text]
        assert not [secret for secret in (*secrets, SECRET) if secret in "".join(said)]

    def test_a_guest_destroyed_by_one_thread_is_absent_for_the_other(
        self, driver: Driver, site: Backdoor, host: str
    ) -> None:
        """Clause 14: two threads end and start one guest, and it ends in the end."""
        native: NativeId = made(driver, host).native
        outcomes: list[str] = []

        def start() -> None:
            try:
                driver.set_power(native, "on")
                outcomes.append("on")
            except Rejected:
                outcomes.append("absent")

        threads = [threading.Thread(target=start) for _ in range(2)]
        threads.append(threading.Thread(target=driver.destroy, args=(native,)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(outcomes) == 2
        until(lambda: not driver.survey().guests, "the destroyed guest is gone")
        assert site.leftovers() == 0
