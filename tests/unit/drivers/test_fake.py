"""What the fake offers beyond the contract: options, ordered faults, size, and outliving us."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hanza.drivers.fake import FakeDriver, FakeSite, Fault, open_driver
from hanza.drivers.fake.faults import faults_from_text
from hanza.drivers.fake.orders import orders_in
from hanza.drivers.fake.site import some_hosts
from hanza.model.capacity import Capacity
from hanza.model.errors import Exhausted, Invalid, OutcomeUnknown, Unavailable
from hanza.model.guest import GuestSpec, Mark
from hanza.model.ids import FederationId, InstanceId

US = FederationId("fe_us")
SPEC = GuestSpec("web", "tiny", 1, 96, 64)


def mark(number: int) -> Mark:
    return Mark(InstanceId(f"in_{number}"), 1)


def test_options_say_how_many_hosts_and_how_large() -> None:
    driver = open_driver(US, {"hosts": "3", "cpus": "4", "memory_mib": "100", "disk_mib": "200"})
    hosts = driver.survey().hosts
    assert [host.name for host in hosts] == ["host-1", "host-2", "host-3"]
    assert {host.capacity for host in hosts} == {Capacity(4, 100, 200)}


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"colour": "red"}, "options.colour"),
        ({"hosts": "many"}, "options.hosts"),
        ({"cpus": "-1"}, "options.cpus"),
        ({"boot_after_s": "nan"}, "options.boot_after_s"),
        ({"accelerator": "warp"}, "options.accelerator"),
        ({"deny": "everything"}, "options.deny"),
        ({"faults": "create:silent"}, "options.faults"),
        ({"faults": "create:1:loud"}, "options.faults"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused_by_name(
    options: dict[str, str], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        open_driver(US, options)
    assert refused.value.field == field


def test_orders_are_noted_with_the_instant_at_which_they_came(tmp_path: Path) -> None:
    book = tmp_path / "orders"
    assert orders_in(book) == []
    driver = open_driver(US, {"orders": str(book), "faults": "create:1:lost"})
    with pytest.raises(Unavailable):
        driver.create(mark(1), "host-1", SPEC)
    driver.create(mark(1), "host-1", SPEC)
    (guest,) = driver.survey().guests
    driver.set_power(guest.native, "on")
    with book.open("ab") as torn:
        torn.write(b'{"at"')
    noted = orders_in(book)
    assert [(one.call, one.owner) for one in noted] == [
        ("create", mark(1).owner),
        ("create", mark(1).owner),
        ("set_power.on", mark(1).owner),
    ]
    assert noted == sorted(noted, key=lambda one: one.at)


def test_a_silent_fault_acts_and_a_lost_one_does_not() -> None:
    site = FakeSite(
        some_hosts(1), faults=[Fault("create", 1, "lost"), Fault("create", 2, "silent")]
    )
    driver = FakeDriver(site, US)
    with pytest.raises(Unavailable):
        driver.create(mark(1), "host-1", SPEC)
    with pytest.raises(OutcomeUnknown):
        driver.create(mark(2), "host-1", SPEC)
    driver.create(mark(3), "host-1", SPEC)
    assert [guest.mark for guest in driver.survey().guests] == [mark(2), mark(3)]


def test_a_fault_strikes_once_and_at_its_own_call() -> None:
    driver = open_driver(US, {"faults": "survey:2:lost,create:1:exhausted"})
    driver.survey()
    with pytest.raises(Unavailable):
        driver.survey()
    with pytest.raises(Exhausted):
        driver.create(mark(1), "host-1", SPEC)
    driver.survey()
    driver.create(mark(1), "host-1", SPEC)


def test_two_faults_for_one_call_strike_one_after_the_other() -> None:
    driver = open_driver(US, {"faults": "*:1:lost,*:1:mute"})
    with pytest.raises(Unavailable):
        driver.survey()
    with pytest.raises(OutcomeUnknown):
        driver.survey()


def test_faults_are_read_from_text_in_order() -> None:
    assert faults_from_text("create:2:silent,destroy:1:lost") == (
        Fault("create", 2, "silent"),
        Fault("destroy", 1, "lost"),
    )


def test_ten_thousand_guests_on_a_thousand_hosts_are_surveyed_within_a_second() -> None:
    driver = FakeDriver(FakeSite(some_hosts(1000)), US)
    for number in range(10_000):
        driver.create(mark(number), f"host-{number % 1000 + 1}", SPEC)
    began = time.monotonic()
    assert len(driver.survey().guests) == 10_000
    assert time.monotonic() - began < 1.0


def test_two_processes_share_the_site_in_a_file(tmp_path: Path) -> None:
    state = {"state": str(tmp_path / "site.json")}
    ours, theirs = open_driver(US, state), open_driver(US, state)
    ours.create(mark(1), "host-1", SPEC)
    (guest,) = theirs.survey().guests
    theirs.set_power(guest.native, "on")
    assert ours.survey().guests[0].power == "on"


FOREVER = """
import sys
from hanza.drivers.fake import open_driver
from hanza.model.guest import GuestSpec, Mark
driver = open_driver("fe_us", {"state": sys.argv[1]})
number = len(driver.survey().guests)
while True:
    driver.create(Mark(f"in_{number}", 1), "host-1", GuestSpec("web", "tiny", 0 + 1, 1, 1))
    print(number, flush=True)
    number += 1
    if number % 10 == 0:
        driver.destroy(driver.survey().guests[-1].native)
        number -= 1
"""


@pytest.mark.parametrize("lines", [1, 4, 9])
def test_a_site_in_a_file_survives_the_death_of_its_process(tmp_path: Path, lines: int) -> None:
    state = tmp_path / "site.json"
    process = subprocess.Popen(
        [sys.executable, "-c", FOREVER, str(state)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process.stdout as told:
        created = [int(next(told)) for _ in range(lines)]
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    guests = open_driver(US, {"state": str(state)}).survey().guests
    assert {f"in_{number}" for number in created} <= {guest.mark.owner for guest in guests} | {
        "in_9"
    }
