"""The clauses about consoles: 18."""

import threading
import time
from contextlib import closing

import pytest

from hanza.drivers.contract.backdoor import Site
from hanza.drivers.contract.patience import until
from hanza.drivers.contract.words import ABSENT, NEVER_WAS, A, B, guest_of, made
from hanza.drivers.spi import Console, Driver
from hanza.model.errors import Rejected
from hanza.model.ids import NativeId

ANSWER_S = 30.0
FLOOD_S = 2.0
CHUNK = 4096


class ConsoleClauses:
    def test_what_is_typed_is_answered_and_is_in_the_log_as_well(
        self, driver: Driver, site: Site, host: str
    ) -> None:
        """Clause 18: also what was said before is in the log, and the next run begins anew."""
        native = on(driver, site, host)
        before = driver.serial_tail(native, CHUNK)
        with closing(driver.open_console(native)) as console:
            assert said(console, b"first-words\r", b"first-words")
        with closing(driver.open_console(native)) as console:
            assert said(console, b"second-words\r", b"second-words")
        until(lambda: b"second-words" in driver.serial_tail(native, CHUNK), "it is in the log")
        log = driver.serial_tail(native, CHUNK)
        assert log.startswith(before)
        assert b"first-words" in log
        assert (guest_of(driver, A).serial_bytes or 0) > len(before)
        driver.set_power(native, "off")
        driver.set_power(native, "on")
        assert b"words" not in driver.serial_tail(native, CHUNK)

    def test_a_guest_has_one_console_at_a_time(self, driver: Driver, site: Site, host: str) -> None:
        """Clause 18: and each guest its own."""
        native = on(driver, site, host)
        console = driver.open_console(native)
        with pytest.raises(Rejected):
            driver.open_console(native)
        driver.create(B, host, guest_of(driver, A).spec)
        other = guest_of(driver, B).native
        driver.set_power(other, "on")
        driver.open_console(other).close()
        console.close()
        console.close()
        assert console.read(CHUNK, 1) is None
        assert console.write(b"x", 1) == 0
        driver.open_console(native).close()

    def test_there_is_no_console_to_what_does_not_run(
        self, driver: Driver, site: Site, host: str
    ) -> None:
        """Clause 18: nor to what is not ours."""
        off = made(driver, host).native
        for native in (off, ABSENT, NEVER_WAS, site.add_foreign_guest()):
            with pytest.raises(Rejected):
                driver.open_console(native)

    @pytest.mark.parametrize("ending", ["off", "destroyed"])
    def test_a_console_ends_with_its_guests_run(
        self, driver: Driver, site: Site, host: str, ending: str
    ) -> None:
        """Clause 18: whoever waits for the guest's words is told."""
        native = on(driver, site, host)
        with closing(driver.open_console(native)) as console:
            if ending == "off":
                driver.set_power(native, "off")
                driver.set_power(native, "on")
            else:
                driver.destroy(native)
                assert site.leftovers() == 0
            until(lambda: console.read(CHUNK, 0.1) is None, "the console ends")
            assert console.write(b"x", 0.1) == 0

    def test_hanging_up_frees_whoever_waits(self, driver: Driver, site: Site, host: str) -> None:
        """Clause 18, for two threads."""
        native = on(driver, site, host)
        console = driver.open_console(native)
        ended = threading.Event()

        def listen() -> None:
            while console.read(CHUNK, 60) is not None:
                pass
            ended.set()

        thread = threading.Thread(target=listen)
        thread.start()
        console.close()
        thread.join(ANSWER_S)
        assert ended.is_set()
        driver.open_console(native).close()

    def test_who_does_not_listen_holds_up_nobody_else(
        self, driver: Driver, site: Site, host: str
    ) -> None:
        """Clause 18: though more is typed than a guest reads, and nobody reads its answers."""
        native = on(driver, site, host)
        with closing(driver.open_console(native)) as console:
            enough = time.monotonic() + FLOOD_S
            while time.monotonic() < enough:
                began = time.monotonic()
                console.write(b"x" * CHUNK, 0.1)
                assert time.monotonic() - began < 1
            began = time.monotonic()
            assert guest_of(driver, A).power == "on"
            assert time.monotonic() - began < 2
            driver.destroy(native)
        assert site.leftovers() == 0


def on(driver: Driver, site: Site, host: str) -> NativeId:
    native = made(driver, host).native
    driver.set_power(native, "on")
    site.wait_for_boot(native)
    return native


def said(console: Console, typed: bytes, answer: bytes) -> bool:
    """Type it all, and listen until the answer has come."""
    left, heard = typed, b""
    until_s = time.monotonic() + ANSWER_S
    while answer not in heard and time.monotonic() < until_s:
        left = left[console.write(left, 0.1) :] if left else left
        heard += console.read(CHUNK, 0.1) or b""
    return answer in heard
