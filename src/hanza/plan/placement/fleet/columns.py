"""Where the columns are kept: growing tables, hosts in blocks of their site, and taken ports.

One change touches one host and its block, whatever the number of hosts.  Of a site's blocks only
the first may have a free slot.  Tables grow by an eighth, so what is unused stays small.
"""

from collections.abc import Callable, Iterable
from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hanza.plan.placement.fleet import blocks, layout
from hanza.plan.placement.fleet.layout import (
    AGENT,
    BLOCK,
    BLOCK_ROWS,
    COUNT,
    FIRST_BLOCK,
    NEXT,
    NONE,
    NOTHING,
    PORTS,
    SITE,
    SITE_COLUMNS,
    World,
)

LEAST_ROWS = 16


class Pile:
    """Rows of one table that are taken and given back; the last given back is taken first."""

    def __init__(self, *tables: NDArray[Any]) -> None:
        self.tables = list(tables)
        self.count = 0
        self._free: list[int] = []

    def take(self) -> int:
        if self._free:
            return self._free.pop()
        if self.count == len(self.tables[0]):
            more = max(LEAST_ROWS, self.count // 8)
            self.tables = [_longer(one, more) for one in self.tables]
        self.count += 1
        return self.count - 1

    def give(self, row: int) -> None:
        self._free.append(row)

    def frozen(self) -> "Pile":
        """As it is now, for who only reads."""
        return Pile(*(one.copy() for one in self.tables))


def _longer(table: NDArray[Any], more: int) -> NDArray[Any]:
    longer = np.zeros((len(table) + more, *table.shape[1:]), table.dtype)
    longer[: len(table)] = table
    return longer


class Columns:
    """The tables of `layout.World`, and what changes them.  Rows are numbers that stay."""

    def __init__(self) -> None:
        self.is_compiled = False
        self.hosts = Pile(np.zeros((0, layout.HOST_COLUMNS), np.int64))
        self.agents = Pile(np.zeros(0, np.int64))
        self.sites = Pile(np.zeros((0, SITE_COLUMNS), np.int64))
        self.marks = Pile(np.zeros(0, np.int64))
        self._blocks = Pile(
            np.zeros((0, layout.BLOCK_COLUMNS), np.int64),
            np.zeros((0, BLOCK_ROWS), np.int32),
        )
        self._ports = Pile(np.zeros((0, 2), np.int32))
        self._refresh: Callable[..., None] = blocks.refresh.plain
        self._add_room: Callable[..., None] = blocks.add_room.plain

    def compile(self) -> None:
        """From now on as machine code."""
        self.is_compiled = True
        self._refresh, self._add_room = blocks.refresh.fast, blocks.add_room.fast

    @property
    def world(self) -> World:
        blocks, members = self._blocks.tables
        return (
            self.hosts.tables[0],
            self.agents.tables[0],
            blocks,
            members,
            self.sites.tables[0],
            self._ports.tables[0],
        )

    def frozen(self) -> "Columns":
        """Hosts and where they are, as it is now, for who only reads."""
        found = copy(self)
        found.hosts, found.agents = self.hosts.frozen(), self.agents.frozen()
        found._blocks = self._blocks.frozen()
        return found

    def new_site(self) -> int:
        row = self.sites.take()
        self.sites.tables[0][row] = NONE
        return row

    def new_agent(self) -> int:
        row = self.agents.take()
        self.agents.tables[0][row] = NOTHING
        return row

    def new_host(self, site: int) -> int:
        """A row in a block of the site, offered by nobody yet."""
        row = self.hosts.take()
        host = self.hosts.tables[0][row]
        host[:] = 0
        host[AGENT] = NONE
        host[PORTS] = NONE
        self._enter(row, site)
        return row

    def move(self, row: int, site: int) -> None:
        """The host is at another site now."""
        self._leave(row)
        self._enter(row, site)

    def end_host(self, row: int) -> None:
        self._leave(row)
        self.free_ports(row, [port for port, _ in self._ports_of(row)])
        self.hosts.give(row)

    def changed(self, row: int) -> None:
        """Something was written to the host's row."""
        self._refresh(self.world, int(self.hosts.tables[0][row, BLOCK]))

    def add_room(self, row: int, cpus: int, memory: int, disk: int) -> None:
        self._add_room(self.world, row, cpus, memory, disk)

    def site_of(self, row: int) -> int:
        return int(self._blocks.tables[0][self.hosts.tables[0][row, BLOCK], SITE])

    def sites_of(self, rows: NDArray[Any]) -> NDArray[Any]:
        found: NDArray[Any] = self._blocks.tables[0][self.hosts.tables[0][rows, BLOCK], SITE]
        return found

    def take_ports(self, row: int, ports: Iterable[int]) -> None:
        host = self.hosts.tables[0][row]
        for port in ports:
            at = self._ports.take()
            self._ports.tables[0][at] = port, host[PORTS]
            host[PORTS] = at

    def free_ports(self, row: int, ports: Iterable[int]) -> None:
        freed = set(ports)
        kept = [port for port, _ in self._ports_of(row) if port not in freed]
        for _, at in self._ports_of(row):
            self._ports.give(at)
        self.hosts.tables[0][row, PORTS] = NONE
        self.take_ports(row, reversed(kept))

    def _ports_of(self, row: int) -> list[tuple[int, int]]:
        """The taken ports and where they are noted."""
        found = []
        at = int(self.hosts.tables[0][row, PORTS])
        while at != NONE:
            port, following = self._ports.tables[0][at]
            found.append((int(port), at))
            at = int(following)
        return found

    def _enter(self, row: int, site: int) -> None:
        """Into the first block of the site, or a new one before it."""
        first = int(self.sites.tables[0][site, FIRST_BLOCK])
        if first == NONE or self._blocks.tables[0][first, COUNT] == BLOCK_ROWS:
            block = self._blocks.take()
            self._blocks.tables[0][block, : COUNT + 1] = site, first, 0
            self.sites.tables[0][site, FIRST_BLOCK] = first = block
        blocks, members = self._blocks.tables
        members[first, blocks[first, COUNT]] = row
        blocks[first, COUNT] += 1
        self.hosts.tables[0][row, BLOCK] = first
        self.changed(row)

    def _leave(self, row: int) -> None:
        """The last host of the first block fills the gap; an empty block goes."""
        blocks, members = self._blocks.tables
        hosts, sites = self.hosts.tables[0], self.sites.tables[0]
        block = int(hosts[row, BLOCK])
        site = int(blocks[block, SITE])
        first = int(sites[site, FIRST_BLOCK])
        slot = int(np.flatnonzero(members[block, : blocks[block, COUNT]] == row)[0])
        blocks[first, COUNT] -= 1
        last = int(members[first, blocks[first, COUNT]])
        members[block, slot] = last
        hosts[last, BLOCK] = block
        self._refresh(self.world, block)
        if blocks[first, COUNT] == 0:
            sites[site, FIRST_BLOCK] = blocks[first, NEXT]
            self._blocks.give(first)
        else:
            self._refresh(self.world, first)
