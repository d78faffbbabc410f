"""What is known of hosts, in columns, and the way back from columns to candidates."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from datetime import datetime, timedelta

import numpy as np

from hanza.model.capacity import Capacity
from hanza.model.ids import AgentId, HostId, InstanceId, SiteId
from hanza.model.quota import Amounts
from hanza.plan.placement.candidate import Candidate, Ground
from hanza.plan.placement.fleet.asks import Asks
from hanza.plan.placement.fleet.columns import Columns
from hanza.plan.placement.fleet.host import MICROSECOND, Host, microseconds
from hanza.plan.placement.fleet.layout import (
    AGENT,
    COUNTRY_PLACE,
    CPUS,
    DISK,
    FREE_CPUS,
    ID,
    ID_BYTES,
    MEMORY,
    NOTHING,
    PROVIDER_PLACE,
    REFUSES,
    SITE_PLACE,
    Table,
)
from hanza.plan.placement.terms import grounds_with

_SIGN = 2**63


class Names:
    """Names by row, many to a string: each by itself takes five times the room."""

    ROWS = 32
    END = "\0"

    def __init__(self) -> None:
        self._strings: list[str] = []

    def frozen(self) -> "Names":
        found = Names()
        found._strings = self._strings.copy()
        return found

    def __getitem__(self, row: int) -> str:
        return self._strings[row // self.ROWS].split(self.END)[row % self.ROWS]

    def __setitem__(self, row: int, name: str) -> None:
        if row // self.ROWS == len(self._strings):
            self._strings.append(self.END * self.ROWS)
        names = self._strings[row // self.ROWS].split(self.END)
        if names[row % self.ROWS] != name:
            names[row % self.ROWS] = name
            self._strings[row // self.ROWS] = self.END.join(names)


class Inventory:
    """Hosts by id, rows by host; rows are what decisions are made on."""

    def __init__(self, heard_within: timedelta) -> None:
        self.columns = Columns()
        self.asks = Asks()
        self.heard_within = heard_within // MICROSECOND
        self.rows: dict[HostId, int] = {}
        self.hosts: list[HostId] = []
        self._names = Names()
        self._agents: dict[str, int] = {}
        self._agent_ids: list[AgentId] = []
        self._sites: dict[SiteId, int] = {}
        self._places: dict[tuple[int, str], int] = {}
        self._ports: dict[int, dict[int, InstanceId | None]] = {}
        self._by_id: tuple[list[HostId], Table] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def __contains__(self, host: HostId) -> bool:
        return host in self.rows

    def put_ground(self, ground: Ground) -> None:
        number = self._sites.get(ground.site)
        if number is None:
            number = self._sites[ground.site] = self.columns.new_site()
        elif self.asks.grounds[number] == ground:
            return
        site = self.columns.sites.tables[0][number]
        site[SITE_PLACE] = self._place(SITE_PLACE, ground.site)
        site[PROVIDER_PLACE] = self._place(PROVIDER_PLACE, ground.provider)
        site[COUNTRY_PLACE] = self._place(COUNTRY_PLACE, ground.country)
        self.asks.put(number, ground)

    def count(self, host: HostId, tenant: str, amounts: Amounts) -> None:
        """Its provider has taken so much more, where it has terms."""
        ground = self.asks.grounds[self.columns.site_of(self.rows[host])]
        if ground.terms is not None:
            for one in grounds_with([*self.asks.grounds], [(ground, tenant, amounts)]):
                self.put_ground(one)

    def put(self, host: Host) -> None:
        site = self._sites[host.site]
        if Names.END in host.name:
            raise ValueError(f"a host's name has no NUL: {host.name!r}")
        row = self.rows.get(host.host)
        if row is None:
            row = self._new(host, site)
        elif self.columns.site_of(row) != site:
            self.columns.move(row, site)
        self._names[row] = host.name
        agent = self._agent(host.agent)
        if host.heard_at is not None:
            heard = self.columns.agents.tables[0]
            heard[agent] = max(heard[agent], microseconds(host.heard_at))
        until = NOTHING if host.refuses_until is None else microseconds(host.refuses_until)
        free, capacity = host.free, host.capacity
        self.columns.hosts.tables[0][row, FREE_CPUS : AGENT + 1] = (
            free.cpus,
            free.memory_mib,
            free.disk_mib,
            capacity.cpus,
            capacity.memory_mib,
            capacity.disk_mib,
            until,
            agent if host.is_offered else ~agent,
        )
        self.set_ports(row, host.ports)
        self.columns.changed(row)

    def drop(self, host: HostId) -> None:
        row = self.rows.pop(host)
        self._by_id = None
        self._ports.pop(row, None)
        self.columns.end_host(row)

    def take(self, host: HostId, room: Capacity, ports: Mapping[int, InstanceId | None]) -> None:
        row = self.rows[host]
        self.columns.add_room(row, -room.cpus, -room.memory_mib, -room.disk_mib)
        if ports:
            known = self._ports.get(row, {})
            self.columns.take_ports(row, [port for port in ports if port not in known])
            self._ports[row] = {**known, **ports}

    def give(self, host: HostId, room: Capacity, ports: Iterable[int]) -> None:
        row = self.rows[host]
        self.columns.add_room(row, room.cpus, room.memory_mib, room.disk_mib)
        known = self._ports.get(row, {})
        freed = [port for port in ports if port in known]
        if freed:
            self.set_ports(row, {port: by for port, by in known.items() if port not in freed})

    def hear(self, agents: Iterable[str], at: datetime) -> None:
        known = self._agents
        numbers = [known[one] if one in known else self._agent(AgentId(one)) for one in agents]
        heard = self.columns.agents.tables[0]
        heard[numbers] = np.maximum(heard[numbers], microseconds(at))

    def frozen(self) -> "Inventory":
        """All that `candidate_at` needs, as it is now."""
        found = copy(self)
        found.columns, found.asks = self.columns.frozen(), copy(self.asks)
        found.asks.grounds = self.asks.grounds.copy()
        found.hosts, found._names = self.hosts.copy(), self._names.frozen()
        # What is in it is never changed, only replaced.
        found._ports = self._ports.copy()
        return found

    def by_id(self) -> tuple[list[HostId], Table]:
        """Every host in the order of the ids, and their rows; for who reads them all."""
        if self._by_id is None:
            ids = sorted(self.rows)
            self._by_id = ids, np.array([self.rows[host] for host in ids], np.int64)
        return self._by_id

    def label(self, row: int) -> str:
        """As people call it: site/host."""
        return f"{self.asks.grounds[self.columns.site_of(row)].name}/{self._names[row]}"

    def with_ports(self, ports: Sequence[int]) -> list[int]:
        """The rows of hosts where one of these is taken."""
        if not ports:
            return []
        return [row for row, taken in self._ports.items() if not taken.keys().isdisjoint(ports)]

    def candidate(self, host: HostId, now: datetime) -> Candidate:
        return self.candidate_at(self.rows[host], microseconds(now))

    def candidates(self, now: datetime) -> Iterator[Candidate]:
        at = microseconds(now)
        return (self.candidate_at(row, at) for row in self.by_id()[1].tolist())

    def candidate_at(self, row: int, now: int) -> Candidate:
        values = self.columns.hosts.tables[0][row].tolist()
        agent = values[AGENT]
        is_offered = agent >= 0
        agent = agent if is_offered else ~agent
        return Candidate(
            host=self.hosts[row],
            name=self._names[row],
            agent=self._agent_ids[agent],
            ground=self.asks.grounds[self.columns.site_of(row)],
            capacity=Capacity(values[CPUS], values[MEMORY], values[DISK]),
            free=Capacity(*values[FREE_CPUS:CPUS]),
            is_offered=is_offered,
            is_heard=bool(now - self.heard_within < self.columns.agents.tables[0][agent]),
            is_refusing=values[REFUSES] > now,
            ports=self._ports.get(row, {}).copy(),
        )

    def _new(self, host: Host, site: int) -> int:
        row = self.columns.new_host(site)
        self._by_id = None
        if row == len(self.hosts):
            self.hosts.append(host.host)
        self.hosts[row] = host.host
        self.rows[host.host] = row
        start = host.host.encode()[:ID_BYTES].ljust(ID_BYTES, b"\0")
        words = np.frombuffer(start, ">u8").tolist()
        # Signed, and still in the order of the bytes, which is that of the characters.
        self.columns.hosts.tables[0][row, ID:] = [word - _SIGN for word in words]
        return row

    def _agent(self, agent: AgentId) -> int:
        number = self._agents.get(agent)
        if number is None:
            number = self._agents[agent] = self.columns.new_agent()
            self._agent_ids.append(agent)
        return number

    def place(self, over: int, name: str) -> int | None:
        """The number of a site, provider or country, by its column; None where none is."""
        return self._places.get((over, name))

    def _place(self, over: int, name: str) -> int:
        number = self._places.get((over, name))
        if number is None:
            number = self._places[over, name] = self.columns.marks.take()
        return number

    def ports_at(self, row: int) -> Mapping[int, InstanceId | None]:
        """Never changed, only replaced."""
        return self._ports.get(row, {})

    def set_ports(self, row: int, ports: Mapping[int, InstanceId | None]) -> None:
        known = self._ports.get(row, {})
        self.columns.free_ports(row, known)
        self.columns.take_ports(row, ports)
        if ports:
            self._ports[row] = dict(ports)
        else:
            self._ports.pop(row, None)
