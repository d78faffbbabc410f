"""Worlds for fleets: what a store would know, the fleet that was told it, and the plain way."""

import os
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hypothesis import strategies as st

from hanza.model.capacity import Capacity
from hanza.model.ids import AgentId, HostId, SiteId
from hanza.plan.placement.candidate import Candidate, Ground, Neighbour
from hanza.plan.placement.fleet import Fleet, Host, Standing
from kit.grounds import NOW, WHOLE, a_ground, a_ground_like, free_rooms, grounds, mostly

HEARD_WITHIN = timedelta(seconds=35)
IS_PLAIN = os.environ.get("NUMBA_DISABLE_JIT") == "1"
"""Then both ways are the same, and it is lines that are counted: one of them says all."""


def a_host(host: str = "h1", site: str = "s1", **changed: object) -> Host:
    """Heard just now, and empty."""
    known = Host(HostId(host), host, AgentId(f"ag_{host}"), SiteId(site), WHOLE, WHOLE, True, NOW)
    return replace(known, **changed)  # type: ignore[arg-type]


def a_fleet(*hosts: Host, compiled: bool | None = None) -> Fleet:
    """At grounds of their own, all of one provider."""
    fleet = Fleet(HEARD_WITHIN, compiled=compiled)
    for site in sorted({one.site for one in hosts}):
        fleet.put_ground(a_ground(site))
    for one in hosts:
        fleet.put(one)
    return fleet


@dataclass
class World:
    """Plain facts, and fleets that are told each change of them."""

    fleets: list[Fleet]
    now: datetime = NOW
    grounds: dict[str, Ground] = field(default_factory=dict)
    hosts: dict[str, Host] = field(default_factory=dict)
    heard: dict[str, datetime] = field(default_factory=dict)

    def put_ground(self, ground: Ground) -> None:
        self.grounds[ground.site] = ground
        for one in self.fleets:
            one.put_ground(ground)

    def put(self, host: Host) -> None:
        self.hosts[host.host] = host
        if host.heard_at is not None:
            self._hear(host.agent, host.heard_at)
        for one in self.fleets:
            one.put(host)

    def drop(self, host: str) -> None:
        del self.hosts[host]
        for one in self.fleets:
            one.drop(HostId(host))

    def take(self, host: str, room: Capacity, ports: tuple[int, ...]) -> None:
        was = self.hosts[host]
        ports_now = {**was.ports, **dict.fromkeys(ports)}
        self.hosts[host] = replace(was, free=was.free - room, ports=ports_now)
        for one in self.fleets:
            one.take(HostId(host), room, ports)

    def give(self, host: str, room: Capacity, ports: tuple[int, ...]) -> None:
        was = self.hosts[host]
        kept = {port: by for port, by in was.ports.items() if port not in ports}
        self.hosts[host] = replace(was, free=was.free + room, ports=kept)
        for one in self.fleets:
            one.give(HostId(host), room, ports)

    def hear(self, agents: list[str], at: datetime) -> None:
        for agent in agents:
            self._hear(agent, at)
        for one in self.fleets:
            one.hear(agents, at)

    def _hear(self, agent: str, at: datetime) -> None:
        self.heard[agent] = max(at, self.heard.get(agent, at))

    def candidates(self) -> list[Candidate]:
        return [self._candidate(self.hosts[host]) for host in sorted(self.hosts)]

    def neighbours(self, standing: list[Standing]) -> list[Neighbour]:
        return [
            Neighbour(one.component, self._candidate(self.hosts[one.host]))
            for one in standing
            if one.host in self.hosts
        ]

    def _candidate(self, host: Host) -> Candidate:
        heard = self.heard.get(host.agent)
        return Candidate(
            host=host.host,
            name=host.name,
            agent=host.agent,
            ground=self.grounds[host.site],
            capacity=host.capacity,
            free=host.free,
            is_offered=host.is_offered,
            is_heard=heard is not None and self.now - heard < HEARD_WITHIN,
            is_refusing=host.refuses_until is not None and host.refuses_until > self.now,
            ports=dict(host.ports),
        )


seconds = st.sampled_from([-40, -35, -34, -1, 0, 1]).map(lambda one: timedelta(seconds=one))
moments = seconds.map(lambda one: NOW + one)
hosts = st.sampled_from(
    [*(f"h{n}" for n in range(9)), *(f"host-with-an-id-of-many-letters-{n}" for n in range(3))]
)
sites = st.sampled_from(["s0", "s1", "s2", "s3"])
agents = st.sampled_from(["ag_0", "ag_1", "ag_2"])
ports = st.lists(st.sampled_from([22, 443]), max_size=2, unique=True).map(tuple)
capacities = st.sampled_from([WHOLE, Capacity(8, 8192, 8192)])


@st.composite
def facts(draw: st.DrawFn) -> Host:
    is_fine = draw(mostly)
    return Host(
        host=HostId(draw(hosts)),
        name=draw(hosts),
        agent=AgentId(draw(agents)),
        site=SiteId(draw(sites)),
        capacity=draw(capacities),
        free=draw(st.sampled_from([WHOLE, WHOLE, Capacity(8, 2048, 4096)]) | free_rooms),
        is_offered=draw(mostly),
        heard_at=NOW if is_fine else draw(st.none() | moments),
        refuses_until=None if is_fine else draw(st.none() | moments),
        ports=dict.fromkeys(draw(ports)),
    )


@st.composite
def change(draw: st.DrawFn, world: World) -> None:
    """One thing happens in the world."""
    kinds = ["put", "put", "take", "take", "give", "drop", "hear", "ground", "later"]
    what = draw(st.sampled_from(kinds))
    if what == "ground":
        world.put_ground(a_ground_like(draw(grounds), draw(sites)))
    elif what == "hear":
        world.hear(draw(st.lists(agents, max_size=3)), draw(moments))
    elif what == "later":
        world.now = draw(moments)
    elif what == "put" or not world.hosts:
        world.put(draw(facts()))
    elif what == "drop":
        world.drop(draw(st.sampled_from(sorted(world.hosts))))
    else:
        do = world.take if what == "take" else world.give
        room = Capacity(draw(st.integers(0, 2)), 512, 64)
        do(draw(st.sampled_from(sorted(world.hosts))), room, draw(ports))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Four sites, up to twelve hosts, told to a plain fleet and a compiled one."""
    ways = (True,) if IS_PLAIN else (False, True)
    world = World([Fleet(HEARD_WITHIN, compiled=way) for way in ways])
    for n in range(4):
        world.put_ground(a_ground_like(draw(grounds), f"s{n}"))
    for host in draw(st.lists(facts(), min_size=4, max_size=16)):
        world.put(host)
    return world
