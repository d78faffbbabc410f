"""Eight named points, real processes: killed there, started again, and the same end.

At four of them libvirtd is killed in the same moment as the agent.  Whatever died, afterwards
libvirt itself says the truth: exactly one guest that was wanted, and none that was ended.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

import pytest

from hanza.boot.demo import plane
from hanza.boot.lab import host, lab
from hanza.boot.lab.process import LabError, Process, end, is_alive, marked
from hanza.boot.lab.waiting import is_soon
from kit.labs import World, a_demo, bring_up, domains, running, until

BOOT_S = 120
SETTLE_S = 60
KEEPER = {"kava": "HR"}
"""A guest that is there all the time and that no crash may touch."""

Victim: TypeAlias = Literal["agent", "plane"]


@dataclass(frozen=True)
class Kill:
    point: str
    victim: Victim
    wish: Literal["create", "destroy"]
    takes_libvirtd: bool = False

    def __str__(self) -> str:
        return self.point


KILLS = (
    Kill("driver.create.before", "agent", "create"),
    Kill("driver.create.after", "agent", "create", takes_libvirtd=True),
    Kill("link.report.before", "agent", "create"),
    Kill("link.report.after", "agent", "create", takes_libvirtd=True),
    Kill("publish.commit.before", "plane", "create"),
    Kill("publish.commit.after", "plane", "create"),
    Kill("driver.destroy.before", "agent", "destroy", takes_libvirtd=True),
    Kill("driver.destroy.after", "agent", "destroy", takes_libvirtd=True),
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    demo = a_demo(tmp_path_factory.mktemp("kill"), sites=1, guests=KEEPER)
    try:
        yield bring_up(demo)
    finally:
        lab.down(demo.place)


def process_of(world: World, role: str) -> Process:
    (process,) = [one for one in marked(world.demo.place.prefix) if one.role == role]
    return process


def start(world: World, victim: Victim, env: dict[str, str] | None = None) -> Process:
    if victim == "plane":
        world.demo.context.unlink(missing_ok=True)
        process = plane.start(world.demo, env)
        plane.await_start(world.demo, process)
        return process
    return plane.start_agent(world.sites[0], env)


def kill_libvirtd(world: World) -> None:
    site = world.sites[0]
    end([process_of(world, f"{site.name}.libvirtd")], farewell_s=0)
    # Threads of the one that was killed may outlive its main one for a moment, and still answer.
    site.socket.unlink(missing_ok=True)
    host.await_start(site, host.start(site))


def wish(world: World, kill: Kill) -> None:
    """The plane may die of the very request; then it was remembered, or it is asked again."""
    guests = KEEPER if kill.wish == "destroy" else {**KEEPER, "burek": "HR"}
    try:
        if kill.wish == "destroy":
            plane.destroy(world.demo, "burek")
        else:
            world.apply(guests)
    except LabError:
        if kill.victim != "plane":
            raise


@pytest.mark.timeout(180)
@pytest.mark.parametrize("kill", KILLS, ids=str)
def test_killed_there_and_started_again_reaches_the_same_end(world: World, kill: Kill) -> None:
    site = world.sites[0]
    if kill.wish == "destroy":
        world.apply({**KEEPER, "burek": "HR"})
        world.await_boots({"burek"}, BOOT_S)
    (keeper,) = [name for name in running(site) if "burek" not in name][:1]

    role = "plane" if kill.victim == "plane" else f"{site.name}.agent"
    end([process_of(world, role)])
    if kill.victim == "agent":
        wish(world, kill)
    victim = start(world, kill.victim, {"HANZA_TESTING": "1", "HANZA_KILL_AT": kill.point})
    if kill.victim == "plane":
        wish(world, kill)
    assert is_soon(lambda: not is_alive(victim), SETTLE_S), f"{kill.point} was never passed"
    if kill.takes_libvirtd:
        kill_libvirtd(world)
    start(world, kill.victim)

    if kill.wish == "create":
        wish(world, kill)
        world.await_boots({"kava", "burek"}, BOOT_S)
        assert len(domains(site)) == 2
        assert len(running(site)) == 2
        plane.destroy(world.demo, "burek")
    until(lambda: domains(site) == [keeper], SETTLE_S, lambda: domains(site))
    until(lambda: set(world.rows()) == {"kava"}, SETTLE_S, lambda: world.rows())
