"""What tenants ask and what sites suffer: each act is drawn from a seed, done, and told in words.

An act is a function of the drawing world; it returns what it did, or None where it cannot be done
just now.  Whatever hurts is in `faults` of who it hurts until it is mended.
"""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random  # noqa: TID251 -- seeded: a run can be had again
from typing import Any, TypeAlias

from chaos.wires import FAIR, Weather
from chaos.world import Host, World
from hanza.boot.lab.process import is_alive
from hanza.cli.client import Client, Unreachable
from hanza.model.errors import NotFound, Refusal

SHOP = "/tenants/acme/workspaces/shop/instances"
INSTANCES_MAX = 12
JUMPS_S = (-7200, -600, -40, 40, 600, 7200)
"""By how much a wall clock is wrong; the silence of an agent is told after 35 s."""


@dataclass
class Ledger:
    """What was asked and answered; what nobody answered is not known."""

    wanted: dict[str, str] = field(default_factory=dict)
    """Power by name."""
    ids: dict[str, str] = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)
    made: int = 0


@dataclass
class Stage:
    world: World
    chance: Random
    ledger: Ledger = field(default_factory=Ledger)

    def host(self, without: str) -> Host | None:
        """One that does not suffer from it yet, nor is off."""
        hosts = [h for h in self.world.hosts.values() if not h.faults & {without, "off"}]
        return self.chance.choice(hosts) if hosts else None

    def settled(self) -> list[str]:
        """Names of instances that are as they were asked to be."""
        alive = {one.instance for one in self.world.observer.alive()}
        ledger = self.ledger
        return sorted(
            name
            for name, power in ledger.wanted.items()
            if name not in ledger.unsure and (ledger.ids[name] in alive) == (power == "on")
        )


Act: TypeAlias = Callable[[Stage], str | None]


# -- tenants --------------------------------------------------------------------------------------


def put(stage: Stage) -> str | None:
    ledger = stage.ledger
    if len(ledger.wanted) >= INSTANCES_MAX or stage.world.plane_faults:
        return None
    ledger.made += 1
    hosts = stage.chance.sample(list(stage.world.hosts.values()), stage.chance.choice((1, 2)))
    spec: dict[str, Any] = {"image": "tiny", "cpus": 1, "memoryMiB": 128, "diskMiB": 64}
    countries = sorted(one.member.country for one in hosts)
    spec["policy"] = {"residency": {"allow": countries}}
    return _ask(stage, f"c{ledger.made}", spec | {"power": "on"})


def delete(stage: Stage) -> str | None:
    ledger = stage.ledger
    names = sorted(ledger.wanted.keys() - ledger.unsure)
    if not names or stage.world.plane_faults:
        return None
    name = stage.chance.choice(names)
    stage.world.observer.asked(ledger.ids[name], wanted=False)
    try:
        with stage.world.client() as client:
            client.delete(f"{SHOP}/{name}")
    except Unreachable:
        ledger.unsure.add(name)
        return f"asked to end {name}, unanswered"
    except NotFound:
        pass
    del ledger.wanted[name]
    return f"ends {name}"


def switch(stage: Stage) -> str | None:
    names = stage.settled()
    if not names or stage.world.plane_faults:
        return None
    name = stage.chance.choice(names)
    power = "off" if stage.ledger.wanted[name] == "on" else "on"
    stage.world.observer.asked(stage.ledger.ids[name], wanted=power == "on")
    with stage.world.client() as client:
        spec = client.get(f"{SHOP}/{name}")["spec"]
    return _ask(stage, name, spec | {"power": power})


def _ask(stage: Stage, name: str, spec: dict[str, Any]) -> str:
    ledger, power = stage.ledger, str(spec["power"])
    try:
        with stage.world.client() as client:
            _, document = client.put(f"{SHOP}/{name}", {"spec": spec})
    except Unreachable:
        ledger.unsure.add(name)
        return f"asked for {name} {power}, unanswered"
    ledger.wanted[name], ledger.ids[name] = power, document["metadata"]["id"]
    return f"wants {name} {power} in {' or '.join(spec['policy']['residency']['allow'])}"


# -- wires ----------------------------------------------------------------------------------------


def _weather(stage: Stage, words: str, to_site: Weather, to_plane: Weather) -> str | None:
    host = stage.host("wire")
    if host is None:
        return None
    stage.world.weather(host, to_site, to_plane)
    host.faults.add("wire")
    return f"{host.name}: {words}"


def cut(stage: Stage) -> str | None:
    return _weather(stage, "its wire is cut", Weather(1.0), Weather(1.0))


def deafen(stage: Stage) -> str | None:
    return _weather(stage, "hears nothing, and is heard", Weather(1.0), FAIR)


def mute(stage: Stage) -> str | None:
    return _weather(stage, "hears, and is not heard", FAIR, Weather(1.0))


def lose(stage: Stage) -> str | None:
    loss = round(stage.chance.uniform(0.05, 0.4), 2)
    return _weather(stage, f"loses {loss:.0%} both ways", Weather(loss), Weather(loss))


def delay(stage: Stage) -> str | None:
    late = Weather(0.0, round(stage.chance.uniform(0.1, 1.5), 1), 0.3)
    return _weather(stage, f"is {late.delay_s} s late both ways, and out of order", late, late)


# -- processes ------------------------------------------------------------------------------------


def kill_agent(stage: Stage) -> str | None:
    host = stage.host("agent")
    if host is None:
        return None
    stage.world.kill(f"{host.name}.agent")
    host.faults.add("agent")
    return f"{host.name}: its agent is killed"


def freeze_agent(stage: Stage) -> str | None:
    host = stage.host("agent")
    if host is None or not stage.world.signal(f"{host.name}.agent", signal.SIGSTOP):
        return None
    host.faults |= {"agent", "frozen"}
    return f"{host.name}: its agent is frozen"


def kill_plane(stage: Stage) -> str | None:
    if stage.world.plane_faults:
        return None
    stage.world.kill("plane")
    stage.world.plane_faults.add("dead")
    return "the plane is killed"


def freeze_plane(stage: Stage) -> str | None:
    if stage.world.plane_faults:
        return None
    stage.world.signal("plane", signal.SIGSTOP)
    stage.world.plane_faults.add("frozen")
    return "the plane is frozen"


def kill_guest(stage: Stage) -> str | None:
    lives = sorted((one for one in stage.world.observer.alive() if one.is_ours), key=str)
    if not lives:
        return None
    life = stage.chance.choice(lives)
    stage.world.observer.killed(life.pid)
    os.kill(life.pid, signal.SIGKILL)
    return f"{life.site}: the process of {life.instance} is killed"


# -- hosts ----------------------------------------------------------------------------------------


def fill_disk(stage: Stage) -> str | None:
    host = stage.host("disk")
    if host is None:
        return None
    stage.world.fill_disk(host)
    host.faults.add("disk")
    return f"{host.name}: its agent's disk is full"


def cold_boot(stage: Stage) -> str | None:
    host = stage.host("")
    if host is None:
        return None
    stage.world.cold_boot(host)
    host.faults -= {"agent", "frozen"}
    return f"{host.name}: cold boot {host.boot[:8]}"


def cut_power(stage: Stage) -> str | None:
    host = stage.host("")
    if host is None:
        return None
    stage.world.cut_power(host)
    host.faults.add("off")
    return f"{host.name}: has no power"


def set_clock(stage: Stage) -> str | None:
    host = stage.host("")
    if host is None:
        return None
    offset = stage.chance.choice(JUMPS_S)
    host.clock.set(offset)
    host.faults.add("clock")
    return f"{host.name}: its wall clock is {offset:+d} s off"


def set_planes_clock(stage: Stage) -> str | None:
    offset = stage.chance.choice(JUMPS_S)
    stage.world.plane_clock.set(offset)
    return f"the plane's wall clock is {offset:+d} s off"


# -- mending --------------------------------------------------------------------------------------


def mend(stage: Stage) -> str | None:
    """All that one site, or the plane, suffers."""
    hurt = [one for one in stage.world.hosts.values() if one.faults]
    if stage.world.plane_faults and (not hurt or stage.chance.random() < 0.5):
        return mend_plane(stage)
    return mend_host(stage, stage.chance.choice(hurt)) if hurt else None


def mend_plane(stage: Stage) -> str:
    world = stage.world
    words = ", ".join(sorted(world.plane_faults))
    if "frozen" in world.plane_faults:
        world.signal("plane", signal.SIGCONT)
    if "dead" in world.plane_faults:
        world.await_plane(world.start_plane())
    world.plane_faults.clear()
    return f"the plane is well again ({words})"


def mend_host(stage: Stage, host: Host) -> str:
    world, words = stage.world, ", ".join(sorted(host.faults))
    world.weather(host)
    world.free_disk(host)
    host.clock.set(0)
    if "off" in host.faults:
        world.boot(host)
    elif "frozen" in host.faults:
        world.signal(f"{host.name}.agent", signal.SIGCONT)
    elif not any(map(is_alive, world.processes(f"{host.name}.agent"))):
        world.start_agent(host)
    host.faults.clear()
    return f"{host.name}: is well again ({words})"


ACTS: tuple[tuple[int, Act], ...] = (
    (16, put),
    (4, delete),
    (6, switch),
    (3, cut),
    (2, deafen),
    (2, mute),
    (2, lose),
    (2, delay),
    (4, kill_agent),
    (2, freeze_agent),
    (3, kill_plane),
    (2, freeze_plane),
    (4, kill_guest),
    (2, fill_disk),
    (4, cold_boot),
    (2, cut_power),
    (2, set_clock),
    (1, set_planes_clock),
    (8, mend),
)


def draw(stage: Stage) -> str:
    """Do one that can be done; what it did."""
    weights, acts = zip(*ACTS, strict=True)
    while True:
        (act,) = stage.chance.choices(acts, weights)
        try:
            done = act(stage)
        except Refusal as refusal:
            # Too many at once, or in the way of what is still ending: an answer like any other.
            return f"{act.__name__} is refused: {refusal}"
        if done is not None:
            return done


def instances(client: Client) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one for one in client.items(SHOP)}
