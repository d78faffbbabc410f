"""The clauses about a site that is slow, silent or cut off: 5 and 13."""

import threading
import time
from collections.abc import Callable

from hanza.drivers.contract.backdoor import Site
from hanza.drivers.contract.patience import until
from hanza.drivers.contract.words import SMALL, A, B, V, W, made, volume_of
from hanza.drivers.spi import Driver
from hanza.model.errors import DriverError, OutcomeUnknown, Unavailable
from hanza.model.guest import GuestSpec

BUDGET_S = 5.0
RECOVERY_S = 30.0


def outcome_of(call: Callable[[], object]) -> DriverError | None:
    try:
        call()
    except DriverError as error:
        return error
    return None


def answers(driver: Driver) -> bool:
    return outcome_of(driver.survey) is None


class ConnectionClauses:
    def test_no_call_waits_for_a_site_that_never_completes(
        self, driver: Driver, site: Site, host: str
    ) -> None:
        """Clause 5, and what is told as not taken has not happened, then or later."""
        guest = made(driver, host)
        driver.create_volume(V, host, 16)
        volume = volume_of(driver, V)
        larger = GuestSpec("web", "tiny", 1, 128, 64)
        calls: dict[str, Callable[[], object]] = {
            "survey": driver.survey,
            "create": lambda: driver.create(B, host, SMALL),
            "set_power": lambda: driver.set_power(guest.native, "on"),
            "resize": lambda: driver.resize(guest.native, larger),
            "create_volume": lambda: driver.create_volume(W, host, 16),
            "attach_volume": lambda: driver.attach_volume(volume.native, guest.native),
            "open_console": lambda: driver.open_console(guest.native),
            "serial_tail": lambda: driver.serial_tail(guest.native, 100),
            "serial_after": lambda: driver.serial_after(guest.native, 0, 100),
        }
        with site.stalled():
            took, outcomes = _all_at_once(calls)
        assert {name: s for name, s in took.items() if s > BUDGET_S} == {}
        until(lambda: answers(driver), "the site answers again", RECOVERY_S)
        for name in ("survey", "create", "set_power", "resize"):
            assert isinstance(outcomes[name], Unavailable | OutcomeUnknown), name
        survey = driver.survey()
        if isinstance(outcomes["create"], Unavailable):
            assert [seen.mark for seen in survey.guests] == [A]
        if isinstance(outcomes["set_power"], Unavailable):
            assert {seen.power for seen in survey.guests} == {"off"}

    def test_a_connection_cut_in_mid_call_is_never_another_error(
        self, driver: Driver, site: Site, host: str
    ) -> None:
        """Clause 13: and the same call made again brings about what was asked."""

        def cut(call: Callable[[], object]) -> None:
            error = outcome_of(lambda: site.cut_during(call))
            assert error is None or isinstance(error, Unavailable | OutcomeUnknown)
            until(lambda: answers(driver), "the site answers again", RECOVERY_S)
            until(lambda: outcome_of(call) is None, "the call succeeds", RECOVERY_S)

        cut(driver.survey)
        cut(lambda: driver.create(A, host, SMALL))
        (guest,) = driver.survey().guests
        cut(lambda: driver.set_power(guest.native, "on"))
        assert driver.survey().guests[0].power == "on"
        cut(lambda: driver.destroy(guest.native))
        assert driver.survey().guests == ()
        assert site.leftovers() == 0


def _all_at_once(
    calls: dict[str, Callable[[], object]],
) -> tuple[dict[str, float], dict[str, DriverError | None]]:
    took: dict[str, float] = {}
    outcomes: dict[str, DriverError | None] = {}

    def make(name: str) -> None:
        began = time.monotonic()
        outcomes[name] = outcome_of(calls[name])
        took[name] = time.monotonic() - began

    threads = [threading.Thread(target=make, args=(name,)) for name in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return took, outcomes
