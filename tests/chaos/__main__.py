"""Hurts a league of real processes for a while, and looks whether the laws hold.

    python -m chaos MINUTES [SEED] [SITES]

As root.  A line for each step; the last line is a JSON object.  The seed is said first: with it
the same acts are drawn again (how long things take is not drawn, and may differ).  Ends with 1
and the trace of the observer when a law is broken.
"""

import json
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random  # noqa: TID251 -- seeded: a run can be had again
from typing import Any

import sqlalchemy as sa

from chaos import acts
from chaos.clones import check_contested, held_by_contested
from chaos.observer import BrokenLaw
from chaos.stage import Stage
from chaos.volumes import names_of_volumes, volume_of
from chaos.world import World, a_world
from hanza.agent.journal import load_identity, load_manifest
from hanza.boot.lab.process import LabError
from hanza.boot.lab.waiting import is_soon
from hanza.model.errors import Refusal
from hanza.model.manifest import Version
from hanza.store import schema
from hanza.store.tx import Store, Tx
from kit.laws import check_books

SITES = 6
SETTLES_EACH = 12
"""So many acts, then fair weather until all is as it was asked."""
SETTLE_S = 180.0
PAUSE_S = (0.3, 4.0)


@dataclass
class Run:
    stage: Stage
    store: Store
    say: Callable[[str], None]
    steps: int = 0
    settled: list[float] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    held: dict[str, Version] = field(default_factory=dict)
    contested: dict[str, set[str]] = field(default_factory=dict)

    @property
    def world(self) -> World:
        return self.stage.world

    def begin(self) -> None:
        """A guest for each site, so that there is something to hurt."""
        for _ in self.world.hosts:
            self.tell(acts.put(self.stage) or "")
        self.settle()

    def until(self, end: float) -> None:
        while time.monotonic() < end:
            for _ in range(SETTLES_EACH):
                self.step()
                if time.monotonic() >= end:
                    break
            self.settle()

    def step(self) -> None:
        self.steps += 1
        done = acts.draw(self.stage)
        self.tell(done)
        threading.Event().wait(self.stage.chance.uniform(*PAUSE_S))
        self.look()

    def tell(self, done: str) -> None:
        self.world.observer.note(f"# {self.steps} {done}")
        self.say(f"{self.steps:4} {done}")

    def look(self) -> None:
        """The laws that hold at any moment."""
        self.world.observer.check()
        try:
            self.store.read(check_books)
            self._manifests_never_go_back(self.store.read(_published))
            contested = self.store.read(held_by_contested)
            check_contested(self.contested, contested)
            self.contested = contested
            self._volumes_are_kept()
        except AssertionError as error:
            raise BrokenLaw(str(error)) from error

    def _manifests_never_go_back(self, published: dict[str, Version]) -> None:
        for host in self.world.hosts.values():
            manifest = load_manifest(host.agent, load_identity(host.agent))
            before = self.held.get(host.name)
            if manifest is None:
                assert before is None, f"{host.name} forgot the manifest {before}"
                continue
            now = manifest.version
            assert before is None or before <= now, f"{host.name} went back from {before} to {now}"
            assert now <= published[manifest.agent], f"{host.name} is ahead of what was published"
            self.held[host.name] = now

    def _volumes_are_kept(self) -> None:
        engines = [host.engine for host in self.world.hosts.values()]
        self.stage.ledger.volumes.look(engines, self.store.read(names_of_volumes))

    def settle(self) -> None:
        """Fair weather: all that is wanted lives, once, and nothing else does."""
        for plane in self.world.planes:
            if plane.faults:
                self.tell(acts.mend_plane(self.stage, plane))
            plane.clock.set(0)
        for host in self.world.hosts.values():
            if host.faults:
                self.tell(acts.mend_host(self.stage, host))
        began = time.monotonic()
        if not is_soon(self._is_settled, SETTLE_S, every_s=0.5):
            raise BrokenLaw(f"always settles: not within {SETTLE_S:.0f} s: {self.differs}")
        self.look()
        self.settled.append(round(time.monotonic() - began, 1))
        self.tell(f"settled after {self.settled[-1]} s: {len(self.stage.ledger.wanted)} wanted")

    def _is_settled(self) -> bool:
        self.world.observer.check()
        try:
            with self.world.client() as client:
                there, disks = acts.instances(client), acts.volumes(client)
        except Refusal as refusal:
            self.differs = str(refusal)
            return False
        self._learn(there, disks)
        alive = sorted(one.instance for one in self.world.observer.alive() if one.is_ours)
        wanted = sorted(
            one["metadata"]["id"] for one in there.values() if one["spec"]["power"] == "on"
        )
        shown = {name: (one["status"]["state"], one["status"]["reason"])
                 for name, one in there.items() if one["status"]["state"] != "active"}  # fmt: skip
        held = self.store.read(_held)
        self.differs = f"wanted {wanted}, alive {alive}, held {held}, shown {shown}"
        is_held = held == sorted(one["metadata"]["id"] for one in there.values())
        if alive == wanted and not shown and is_held:
            self._volumes_are_kept()
            active = {name for name, state in disks.items() if state == "active"}
            attached = {volume_of(name) for name, one in there.items() if one["spec"]["volumes"]}
            self.differs = self.stage.ledger.volumes.differs(active, attached)
            return not self.differs
        return False

    def _learn(self, there: dict[str, Any], disks: dict[str, str]) -> None:
        """What nobody answered is known now; what was answered has to be so."""
        ledger = self.stage.ledger
        for name in list(ledger.unsure):
            ledger.unsure.discard(name)
            one = there.get(name)
            if one is None or one["status"]["state"] == "deleting":
                ledger.wanted.pop(name, None)
                continue
            ledger.wanted[name], ledger.ids[name] = one["spec"]["power"], one["metadata"]["id"]
            is_on = one["spec"]["power"] == "on"
            self.world.observer.asked(one["metadata"]["id"], wanted=is_on)
        powers = {
            name: one["spec"]["power"]
            for name, one in there.items()
            if one["status"]["state"] != "deleting"
        }
        if powers != ledger.wanted:
            raise BrokenLaw(f"what was answered is not so: {ledger.wanted} and not {powers}")
        try:
            ledger.volumes.learn(set(disks))
        except AssertionError as error:
            raise BrokenLaw(str(error)) from error


def _published(tx: Tx) -> dict[str, Version]:
    agents = schema.agents
    rows = tx.execute(sa.select(agents.c.id, agents.c.epoch, agents.c.manifest_no))
    return {row.id: Version(row.epoch, row.manifest_no) for row in rows}


def _held(tx: Tx) -> list[str]:
    return sorted(tx.scalars(sa.select(schema.holds.c.instance_id)))


def hurt(folder: Path, minutes: float, seed: int, sites: int, say: Callable[[str], None]) -> Any:
    """The summary; `broken` is None when all laws held."""
    began = time.monotonic()
    with a_world(folder, sites, seed) as world:
        say(f"seed {seed}: {sites} sites are up after {time.monotonic() - began:.1f} s")
        world.prove(next(iter(world.hosts.values())))
        stage = Stage(world, Random(seed))
        with closing(Store(world.database)) as store:
            run, broken = Run(stage, store, say), None
            up = time.monotonic()
            try:
                run.begin()
                run.until(up + 60 * minutes)
            except (BrokenLaw, LabError) as error:
                broken = f"{type(error).__name__}: {error}"
                say("\n".join([*world.observer.trace, f"BROKEN {broken}"]))
                _keep_logs(world, folder)
        return {
            "seed": seed,
            "sites": sites,
            "seconds": round(time.monotonic() - up, 1),
            "steps": run.steps,
            "settledAfterS": run.settled,
            "beats": world.observer.heard,
            "lives": world.observer.begun,
            "longestTogetherS": round(world.observer.together_s, 2),
            "packets": world.wires.carried,
            "copiesNoticed": stage.noticed,
            "volumes": len(stage.ledger.volumes.wanted | stage.ledger.volumes.ending),
            "broken": broken,
        }


def _keep_logs(world: World, folder: Path) -> None:
    kept = folder / "logs"
    kept.mkdir(exist_ok=True)
    for log in world.place.logs.glob("*.log"):
        (kept / log.name).write_bytes(log.read_bytes())


def main(words: list[str]) -> int:
    minutes = float(words[0])
    seed = int(words[1]) if words[1:] and words[1] else int(time.time_ns() % 1_000_000)
    sites = int(words[2]) if words[2:] else SITES
    folder = Path(tempfile.mkdtemp(prefix="hanza-chaos-"))
    found = hurt(folder, minutes, seed, sites, lambda line: print(line, flush=True))
    if found["broken"]:
        found["logs"] = str(folder / "logs")
    print(json.dumps(found))
    return 1 if found["broken"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
