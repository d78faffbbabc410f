"""What tenants ask and what sites suffer: each act is drawn from a seed, done, and told in words.

An act is a function of the drawing world; it returns what it did, or None where it cannot be done
just now.  Whatever hurts is in `faults` of who it hurts until it is mended.
"""

import os
import signal
from collections.abc import Callable
from typing import Any, TypeAlias

from chaos.clones import CLONED, clone_agent, mend_clone
from chaos.planes import Plane
from chaos.stage import Stage
from chaos.volumes import NAME, SIZE_MIB, volume_of
from chaos.wires import FAIR, Weather
from chaos.world import Host
from hanza.boot.lab.process import is_alive
from hanza.cli.client import Client, Unreachable
from hanza.model.errors import Invalid, NotFound, Refusal

SHOP = "/tenants/acme/workspaces/shop/instances"
VOLUMES = "/tenants/acme/workspaces/shop/volumes"
INSTANCES_MAX = 12
JUMPS_S = (-7200, -600, -40, 40, 600, 7200)
"""By how much a wall clock is wrong; the silence of an agent is told after 35 s."""


Act: TypeAlias = Callable[[Stage], str | None]


# -- tenants --------------------------------------------------------------------------------------


def put(stage: Stage) -> str | None:
    ledger = stage.ledger
    if len(ledger.wanted) >= INSTANCES_MAX or not stage.world.well:
        return None
    ledger.made += 1
    hosts = stage.chance.sample(list(stage.world.hosts.values()), stage.chance.choice((1, 2)))
    spec: dict[str, Any] = {"image": "tiny", "cpus": 1, "memoryMiB": 128, "diskMiB": 64}
    countries = sorted(one.member.country for one in hosts)
    spec["policy"] = {"residency": {"allow": countries}}
    if stage.chance.random() < 0.4:
        spec["volumes"] = [{"name": NAME, "sizeMiB": SIZE_MIB}]
    return _ask(stage, f"c{ledger.made}", spec | {"power": "on"})


def delete(stage: Stage) -> str | None:
    ledger = stage.ledger
    names = sorted(ledger.wanted.keys() - ledger.unsure)
    if not names or not stage.world.well:
        return None
    name, with_volumes = stage.chance.choice(names), stage.chance.random() < 0.5
    stage.world.observer.asked(ledger.ids[name], wanted=False)
    words = "with its volumes" if with_volumes else "without its volumes"
    if with_volumes:
        ledger.volumes.ending.add(volume_of(name))
    try:
        with _a_client(stage) as client:
            client.delete(f"{SHOP}/{name}{'?volumes=true' if with_volumes else ''}")
    except Unreachable:
        ledger.unsure.add(name)
        ledger.volumes.unsure.add(volume_of(name))
        return f"asked to end {name} {words}, unanswered"
    except NotFound:
        pass
    del ledger.wanted[name]
    if with_volumes:
        ledger.volumes.end(volume_of(name))
    return f"ends {name} {words}"


def end_volume(stage: Stage) -> str | None:
    """One that outlived its instance."""
    ledger = stage.ledger
    owners = {volume_of(name): name for name in ledger.wanted}
    left = sorted(ledger.volumes.wanted - ledger.volumes.unsure - owners.keys())
    if not left or not stage.world.well:
        return None
    name = stage.chance.choice(left)
    try:
        with _a_client(stage) as client:
            client.delete(f"{VOLUMES}/{name}")
    except Unreachable:
        ledger.volumes.ending.add(name)
        ledger.volumes.unsure.add(name)
        return f"asked to end the volume {name}, unanswered"
    except NotFound:
        pass
    ledger.volumes.end(name)
    return f"ends the volume {name}"


def switch(stage: Stage) -> str | None:
    names = stage.settled()
    if not names or not stage.world.well:
        return None
    name = stage.chance.choice(names)
    power = "off" if stage.ledger.wanted[name] == "on" else "on"
    stage.world.observer.asked(stage.ledger.ids[name], wanted=power == "on")
    with _a_client(stage) as client:
        spec = client.get(f"{SHOP}/{name}")["spec"]
    return _ask(stage, name, spec | {"power": power})


def _a_client(stage: Stage) -> Client:
    return stage.world.client(stage.chance.choice(stage.world.well))


def _ask(stage: Stage, name: str, spec: dict[str, Any]) -> str:
    ledger, power = stage.ledger, str(spec["power"])
    try:
        with _a_client(stage) as client:
            _, document = client.put(f"{SHOP}/{name}", {"spec": spec})
    except Unreachable:
        ledger.unsure.add(name)
        ledger.volumes.unsure.add(volume_of(name))
        return f"asked for {name} {power}, unanswered"
    ledger.wanted[name], ledger.ids[name] = power, document["metadata"]["id"]
    if spec.get("volumes"):
        ledger.volumes.ask(volume_of(name))
    words = " with a volume" if spec.get("volumes") else ""
    return f"wants {name} {power}{words} in {' or '.join(spec['policy']['residency']['allow'])}"


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
    to_site, to_plane, words = stage.chance.choice((
        (Weather(loss), Weather(loss), "both ways"),
        (Weather(loss), FAIR, "of what it is told"),
        (FAIR, Weather(loss), "of what it says"),
    ))  # fmt: skip
    return _weather(stage, f"loses {loss:.0%} {words}", to_site, to_plane)


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


def clone_key(stage: Stage) -> str | None:
    host = stage.host(CLONED)
    if host is None or "agent" in host.faults or not clone_agent(stage.world, host):
        return None
    return f"{host.name}: its agent's folder is copied, and the copy runs too"


def _a_plane(stage: Stage) -> Plane | None:
    well = stage.world.well
    return stage.chance.choice(well) if well else None


def kill_plane(stage: Stage) -> str | None:
    plane = _a_plane(stage)
    if plane is None:
        return None
    stage.world.kill(plane.name)
    plane.faults.add("dead")
    return f"{plane.name} is killed"


def freeze_plane(stage: Stage) -> str | None:
    plane = _a_plane(stage)
    if plane is None:
        return None
    stage.world.signal(plane.name, signal.SIGSTOP)
    plane.faults.add("frozen")
    return f"{plane.name} is frozen"


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
    for plane in stage.world.planes:
        plane.clock.set(offset)
    return f"the planes' wall clock is {offset:+d} s off"


# -- mending --------------------------------------------------------------------------------------


def mend(stage: Stage) -> str | None:
    """All that one site, or one plane, suffers."""
    hurt = [one for one in stage.world.hosts.values() if one.faults and _can_mend(stage, one)]
    ill = [one for one in stage.world.planes if one.faults]
    if ill and (not hurt or stage.chance.random() < 0.5):
        return mend_plane(stage, stage.chance.choice(ill))
    return mend_host(stage, stage.chance.choice(hurt)) if hurt else None


def _can_mend(stage: Stage, host: Host) -> bool:
    """Whose key was copied needs a plane that is told so."""
    return CLONED not in host.faults or bool(stage.world.well)


def mend_plane(stage: Stage, plane: Plane) -> str:
    world = stage.world
    words = ", ".join(sorted(plane.faults))
    if "frozen" in plane.faults:
        world.signal(plane.name, signal.SIGCONT)
    if "dead" in plane.faults:
        world.start_plane(plane)
    plane.faults.clear()
    return f"{plane.name} is well again ({words})"


def mend_host(stage: Stage, host: Host) -> str:
    world, words = stage.world, ", ".join(sorted(host.faults))
    world.weather(host)
    if CLONED in host.faults:
        stage.noticed += mend_clone(world, host)
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
    (2, end_volume),
    (6, switch),
    (3, cut),
    (2, deafen),
    (2, mute),
    (2, lose),
    (2, delay),
    (4, kill_agent),
    (2, freeze_agent),
    (2, clone_key),
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
        except Invalid:
            raise  # that is a mistake of the test's
        except Refusal as refusal:
            # Too many at once, or in the way of what is still ending: an answer like any other.
            return f"{act.__name__} is refused: {refusal}"
        if done is not None:
            return done


def instances(client: Client) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one for one in client.items(SHOP)}


def volumes(client: Client) -> dict[str, str]:
    """States by name, of those whose end was not asked for."""
    found = {one["metadata"]["name"]: one["status"]["state"] for one in client.items(VOLUMES)}
    return {name: state for name, state in found.items() if state != "deleting"}
