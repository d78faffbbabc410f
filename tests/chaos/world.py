"""A league of real processes: two planes on one PostgreSQL, and sites that can be hurt.

Each site has a namespace with one wire to the plane, a small disk of its own for its agent, a
memory that a cold boot empties, and three kinds of processes: its agent, its hypervisor and its
guests.  Each start of a site has a boot id and a monotonic clock of its own; each site, and the
plane, has a wall clock that can be set.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path

from chaos.observer import Observer
from chaos.planes import Plane, WallClock
from chaos.wires import CUT, FAIR, Weather, Wires
from hanza.agent.join import JoinOrder, join
from hanza.agent.journal import Journal
from hanza.boot.demo.scenario import MEMBERS, Member
from hanza.boot.lab import lab, network
from hanza.boot.lab.names import Place, Site
from hanza.boot.lab.process import LabError, Process, is_alive, last_words, marked, run, spawn
from hanza.boot.lab.waiting import is_soon
from hanza.cli.client import Client, read_context
from hanza.drivers.fake import FakeSite
from hanza.drivers.fake.site import some_hosts
from hanza.kit.clock import SystemClock
from hanza.model.capacity import Capacity
from hanza.model.guest import GuestSpec, Mark
from hanza.model.ids import InstanceId
from kit.images import a_qcow2
from kit.postgres import throw_away_postgres

PORT = 7443
PLANES = ("plane-1", "plane-2")
SIZE = Capacity(8, 4096, 4096)
DISK_KIB = 4096
"""Of an agent's disk: its journal, with little to spare."""
START_S = 90.0
FOREIGN = Mark(InstanceId("in_theirs"), 1)
HANZA = (sys.executable, "-m", "hanza.boot.main")
BEGUN_AT_S = 10
"""What the monotonic clock of a site shows at each start of it."""
PROOF_S = 7200
LOOK = (
    "import time; print(open('/proc/sys/kernel/random/boot_id').read(),"
    " time.monotonic(), time.time())"
)
AT_SITE = """
set -e
mount --bind "$1" /proc/sys/kernel/random/boot_id
shift
exec "$@"
"""


@dataclass
class Host:
    """One site, and what has been done to it."""

    site: Site
    member: Member
    boot: str = ""
    faults: set[str] = field(default_factory=set)

    @property
    def name(self) -> str:
        return self.site.name

    @property
    def disk(self) -> Path:
        """What is on it outlives a cold boot; it is small."""
        return self.site.folder / "disk"

    @property
    def memory(self) -> Path:
        return self.site.folder / "run"

    @property
    def engine(self) -> Path:
        """The engine's own disk, which is not the agent's."""
        return self.site.folder / "engine.state"

    @property
    def agent(self) -> Path:
        return self.disk / "agent"

    @property
    def clone(self) -> Path:
        return self.site.folder / "clone"

    @property
    def filler(self) -> Path:
        return self.disk / "filler"

    @property
    def clock(self) -> WallClock:
        return WallClock(self.site.folder / "wall-clock")


@dataclass
class World:
    place: Place
    database: str
    wires: Wires
    observer: Observer
    hosts: dict[str, Host]
    planes: tuple[Plane, ...]

    @property
    def well(self) -> list[Plane]:
        """The planes that answer."""
        return [one for one in self.planes if not one.faults]

    def client(self, plane: Plane | None = None) -> Client:
        return Client(read_context((plane or self.well[0]).context))

    # -- processes ----------------------------------------------------------------------------

    def processes(self, role: str) -> list[Process]:
        return [one for one in marked(self.place.prefix) if one.role == role]

    def signal(self, role: str, number: signal.Signals) -> int:
        found = self.processes(role)
        for one in found:
            os.kill(one.pid, number)
        return len(found)

    def kill(self, role: str) -> None:
        found = self.processes(role)
        for one in found:
            os.kill(one.pid, signal.SIGKILL)
        if not is_soon(lambda: not any(map(is_alive, found)), START_S):
            raise LabError(f"{role} does not die")

    def start_plane(self, plane: Plane) -> None:
        """Come back once it listens."""
        plane.context.unlink(missing_ok=True)
        listen = f"{self.place.plane}:{plane.port}"
        words = ["up", "--state", str(plane.folder), "--listen", listen]
        words += ["--no-front"]  # the acts kill and freeze the plane itself
        process = self._spawn(plane.name, [*HANZA, *words, "--database", self.database], {
            **plane.clock.env, "HANZA_LOG": "json",
        })  # fmt: skip
        is_soon(lambda: plane.context.exists() or not is_alive(process), START_S)
        if not (plane.context.exists() and is_alive(process)):
            log = self.place.logs / f"{plane.name}.log"
            raise LabError(f"{plane.name} did not start: {last_words(log)}")

    def start_agent(self, host: Host) -> None:
        self._start_agent(host, f"{host.name}.agent", host.agent)

    def start_clone(self, host: Host) -> None:
        """Another process with a copy of the agent's folder, as it is at this moment."""
        shutil.rmtree(host.clone, ignore_errors=True)
        shutil.copytree(host.agent, host.clone, ignore=shutil.ignore_patterns("*.sock"))
        self._start_agent(host, f"{host.name}.clone", host.clone)

    def _start_agent(self, host: Host, role: str, folder: Path) -> None:
        words = [*HANZA, "agent", "run", "--state", str(folder), "--measure", "none"]
        self._spawn_at(host, role, words, host.clock.env)

    def boot(self, host: Host) -> None:
        """Its memory is empty, its clock begins anew, and its hypervisor comes up first."""
        host.boot = str(uuid.uuid4())
        shutil.rmtree(host.memory, ignore_errors=True)
        host.memory.mkdir(parents=True)
        (host.memory / "boot_id").write_text(f"{host.boot}\n")
        keeper = [sys.executable, "-m", "chaos.guests", f"{host.engine}"]
        keeper += [f"{self.observer.path}", host.boot]
        tests = str(Path(__file__).parents[1])
        path = f"{tests}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
        self._spawn_at(host, f"{host.name}.engine", keeper, {"PYTHONPATH": path})
        self.start_agent(host)

    def cold_boot(self, host: Host) -> None:
        self.cut_power(host)
        self.boot(host)

    def cut_power(self, host: Host) -> None:
        self.observer.lost_power(host.name)
        for role in ("agent", "clone", "engine"):
            self.kill(f"{host.name}.{role}")

    def _spawn_at(self, host: Host, role: str, words: list[str], env: Mapping[str, str]) -> None:
        self._spawn(role, self._entering(host, words), env)

    def _entering(self, host: Host, words: list[str]) -> list[str]:
        """At the site, since its last start: with its boot id and its monotonic clock."""
        started = host.memory / "clock-offset"
        if not started.exists():
            started.write_text(str(BEGUN_AT_S - int(time.clock_gettime(time.CLOCK_BOOTTIME))))
        offset = started.read_text()
        unshare = ["unshare", "--mount", "--uts", "--time", "--fork", "--kill-child=KILL"]
        unshare += [f"--monotonic={offset}", f"--boottime={offset}"]
        enter = ["sh", "-c", AT_SITE, "enter", str(host.memory / "boot_id"), *words]
        return network.inside(host.site, [*unshare, *enter])

    def prove(self, host: Host) -> None:
        """That what a site's processes see of boots and clocks is what was done to them."""
        host.clock.set(PROOF_S)
        words = [sys.executable, "-S", "-c", LOOK]
        boot, monotonic, wall = run(self._entering(host, words), env=host.clock.env).split()
        host.clock.set(0)
        is_so = boot == host.boot and float(monotonic) < START_S + BEGUN_AT_S
        if not (is_so and abs(float(wall) - SystemClock().now().timestamp() - PROOF_S) < START_S):
            raise LabError(f"{host.name} sees boot {boot}, {monotonic} s up, at {wall}")

    def _spawn(self, role: str, words: list[str], env: Mapping[str, str]) -> Process:
        return spawn(self.place.prefix, role, words, self.place.logs / f"{role}.log", env)

    # -- what can be done to a site ---------------------------------------------------------------

    def weather(self, host: Host, to_site: Weather = FAIR, to_plane: Weather = FAIR) -> None:
        self.wires.set(host.name, to_site, to_plane)

    def cut(self, host: Host) -> None:
        self.weather(host, CUT, CUT)

    def fill_disk(self, host: Host) -> None:
        with suppress(OSError), host.filler.open("wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass

    def free_disk(self, host: Host) -> None:
        host.filler.unlink(missing_ok=True)


def a_place(folder: Path) -> Place:
    number = os.getpid()
    return Place(
        f"hzc{number % 10000}", folder / "lab", IPv4Address("10.215.0.1") + 256 * (number % 250)
    )


@contextmanager
def a_world(folder: Path, sites: int, seed: int) -> Iterator[World]:
    """Up and running, with nobody's guests but a stranger's at each site."""
    place = a_place(folder)
    lab.claim_folder(place)
    named = lab.sites(place, [one.site for one in MEMBERS[:sites]])
    hosts = {one.name: Host(one, member) for one, member in zip(named, MEMBERS, strict=False)}
    wires, observer = Wires(seed), Observer(folder / "observer")
    try:
        with throw_away_postgres() as database:
            planes = tuple(
                Plane(name, place.state / name, PORT + n) for n, name in enumerate(PLANES)
            )
            world = World(place, database, wires, observer, hosts, planes)
            try:
                _bring_up(world)
                yield world
            finally:
                wires.stop()
                _disks_down(world)
                lab.down(place)
    finally:
        wires.close()
        observer.close()


def _bring_up(world: World) -> None:
    world.wires.start()
    for host in world.hosts.values():
        _furnish(world, host)
    first, *others = world.planes
    for plane in world.planes:
        plane.clock.set(0)
    world.start_plane(first)
    with world.client() as client:
        _add_image(world)
        client.put("/directory", {"urls": [_url(world, one) for one in world.planes]})
        for plane in others:
            first.share(plane)
            world.start_plane(plane)
        for host in world.hosts.values():
            _join(client, host)
            world.boot(host)
        wanted = len(world.hosts)
        offered = lambda: sum(one["status"]["isOffered"] for one in client.items("/hosts"))  # noqa: E731
        if not is_soon(lambda: offered() >= wanted, START_S):
            raise LabError(f"only {offered()} of {wanted} hosts were offered")


def _url(world: World, plane: Plane) -> str:
    return f"https://{world.place.plane}:{plane.port}"


def _furnish(world: World, host: Host) -> None:
    host.disk.mkdir(parents=True)
    run(["mount", "-t", "tmpfs", "-o", f"size={DISK_KIB}k,mode=700", "tmpfs", str(host.disk)])
    host.clock.set(0)
    world.wires.make(host.site)
    site = FakeSite(some_hosts(1, SIZE), path=host.engine)
    with site.open() as inside:
        native = inside.add_guest(None, FOREIGN, "host-1", GuestSpec("theirs", "x", 1, 64, 1))
        inside.set_power(inside.state.guests[native], "on")


def _join(client: Client, host: Host) -> None:
    member = host.member
    spec = {
        "provider": member.provider,
        "country": member.country,
        "city": member.city,
        "latitude": member.latitude,
        "longitude": member.longitude,
    }
    client.put(f"/providers/{member.provider}", {"spec": {"title": member.title}})
    client.put(f"/sites/{member.site}", {"spec": spec})
    token = str(client.post(f"/sites/{member.site}/join-tokens")["token"])
    options = {"state": str(host.engine), "address": str(host.site.address)}
    with closing(Journal(host.agent)) as journal:
        join(JoinOrder(token, "fake", options), journal, os.urandom, lambda _: None)


def _add_image(world: World) -> None:
    disk = world.place.state / "tiny.qcow2"
    disk.write_bytes(a_qcow2())
    env = {"HANZA_CONTEXT": str(world.planes[0].context)}
    run([*HANZA, "image", "add", "tiny", "--disk", str(disk)], env=env, timeout_s=START_S)


def _disks_down(world: World) -> None:
    """Their processes first, since those keep them busy."""
    for process in list(marked(world.place.prefix)):
        os.kill(process.pid, signal.SIGKILL)
    for host in world.hosts.values():
        subprocess.run(["umount", "--lazy", str(host.disk)], check=False, timeout=30)
