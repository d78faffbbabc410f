"""The lab with real namespaces and libvirtds: cutting cuts one site, and down leaves nothing."""

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from hanza.boot.lab import host, lab, network
from hanza.boot.lab.names import Place, Site
from hanza.boot.lab.process import LabError, end, run, spawn
from hanza.boot.lab.waiting import is_soon

PORT = 8099
CALL = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 1)"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    number = os.getpid()
    where = Place(
        prefix=f"hzt{number}"[:10],
        state=tmp_path / "lab",
        plane=IPv4Address("10.214.0.1") + 256 * (number % 250),
    )
    yield where
    lab.down(where)


def two_sites(place: Place) -> tuple[Site, Site]:
    lab.claim_folder(place)
    first, second = lab.sites(place, ["hr-zag-1", "de-fra-1"])
    for site in (first, second):
        network.make(site)
        host.furnish(site)
    for site, process in [(site, host.start(site)) for site in (first, second)]:
        host.await_start(site, process)
    return first, second


def listen(place: Place) -> None:
    serve = [sys.executable, "-m", "http.server", "--bind", str(place.plane), str(PORT)]
    spawn(place.prefix, "listener", serve, place.logs / "listener.log")


def reaches(site: Site, address: IPv4Address) -> bool:
    call = [sys.executable, "-c", CALL, str(address), str(PORT)]
    try:
        run(host.entering(site, call))
    except LabError:
        return False
    return True


def test_cutting_a_wire_cuts_exactly_that_site(place: Place) -> None:
    first, second = two_sites(place)
    listen(place)
    assert is_soon(lambda: reaches(first, place.plane) and reaches(second, place.plane), 15)

    network.cut(first)
    assert not reaches(first, place.plane)
    assert reaches(second, place.plane)

    network.plug(first)
    assert reaches(first, place.plane)


def test_sites_do_not_see_each_other_or_the_world(place: Place) -> None:
    first, second = two_sites(place)
    routes = run(["ip", "-n", first.namespace, "route", "show"])
    assert [line.split()[0] for line in routes.splitlines()] == [str(place.plane)]
    assert not reaches(first, second.address)


def test_each_site_has_its_own_libvirt_and_name(place: Place) -> None:
    first, second = two_sites(place)
    for site in (first, second):
        assert run(["virsh", "-c", site.uri, "hostname"]).strip() == site.name
        assert run(["virsh", "-c", site.uri, "net-list", "--all", "--name"]).strip() == ""
    assert first.host_uuid != second.host_uuid


def test_a_restarted_libvirtd_finds_what_the_first_left(place: Place) -> None:
    lab.claim_folder(place)
    (site,) = lab.sites(place, ["si-lju-1"])
    network.make(site)
    host.furnish(site)
    process = host.start(site)
    host.await_start(site, process)
    (site.folder / "lib" / "left").write_text("here")
    end([process], farewell_s=0)
    host.await_start(site, host.start(site))
    seen = run(host.entering(site, ["cat", "/var/lib/libvirt/left"]))
    assert seen == "here"
    assert not Path("/var/lib/libvirt/left").exists()


def test_down_leaves_nothing_and_twice_is_once(place: Place) -> None:
    sites = two_sites(place)
    was = lab.down(place)
    # And what else: a libvirtd that has just started has short-lived children of its own.
    roles = {process.role for process in was.processes}
    assert {f"{site.name}.libvirtd" for site in sites} <= roles
    assert not place.state.exists()
    assert lab.down(place).is_nothing


def test_down_after_everything_was_killed_and_the_folder_lost(place: Place) -> None:
    two_sites(place)
    listen(place)
    for process in lab.look(place).processes[:-1]:
        # A libvirtd that has just started has short-lived children, which may be gone by now.
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
    shutil.rmtree(place.state)
    was = lab.down(place)
    assert len(was.namespaces) == 2
    assert len(was.wires) == 2
    assert lab.look(place).is_nothing


def test_no_binding_is_seen_outside_a_site(place: Place) -> None:
    two_sites(place)
    assert str(place.state) not in Path("/proc/self/mountinfo").read_text()


def test_a_folder_with_other_peoples_things_is_refused(place: Place) -> None:
    place.state.mkdir()
    (place.state / "thesis.txt").write_text("mine")
    with pytest.raises(LabError, match="not a lab's"):
        lab.claim_folder(place)
    lab.down(place)
    assert (place.state / "thesis.txt").read_text() == "mine"


def test_two_commands_are_never_at_work_on_one_lab(place: Place) -> None:
    with lab.alone(place), pytest.raises(LabError, match="another command"), lab.alone(place):
        pass
    with lab.alone(place):
        pass
