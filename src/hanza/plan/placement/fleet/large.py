"""Groups beyond what is searched: placed in turn, then bettered in numbers, all of them or none.

First one after another (`sequence`), fewest options first.  Where rules are such that hosts, their
room and points tell everything (no ports, no spreads, no company within the group, no terms of
providers), `batch` takes it from there: chains of others are moved for those that found no place,
and steps of one or two members make the whole better while they can.  So what the turns can place
is never refused, and is never placed worse than they would have it.

Points are those of the hosts as they are before the group, as for small groups.  Where room is a
goal a turn finds the room that those before it have left, which is what who says `room` is after;
so there nothing is bettered by the points of before.  How near to the best it all is, `proof` says.

A small fleet has no machine code until it is asked for: as long as that is made, the turns are all.
"""

from collections.abc import Sequence

import numpy as np

from hanza.plan.placement.batch import Batch, TooLarge, batch_of, better_batch
from hanza.plan.placement.beside import components_of
from hanza.plan.placement.candidate import Demand
from hanza.plan.placement.fleet.decide import Decider
from hanza.plan.placement.fleet.fitting import find_fitting, option_at, order_of
from hanza.plan.placement.fleet.host import Standing
from hanza.plan.placement.fleet.layout import FREE_CPUS, FREE_DISK, NONE, Mask
from hanza.plan.placement.fleet.reduce import Codes
from hanza.plan.placement.fleet.sequence import is_bound, place_in_turn
from hanza.plan.placement.score import Option

PAIRS_MAX = 1_000_000
"""Of members and hosts that are looked at together: 24 bytes each, and some for sorting."""


class Large:
    """A group with the hosts that may run each member; members that ask the same are of a kind."""

    def __init__(self, decider: Decider, demands: Sequence[Demand], now: int) -> None:
        self.decider, self.demands, self.now = decider, demands, now
        kinds: dict[object, int] = {}
        asks = [one.asks for one in demands]
        self.kinds = np.array([kinds.setdefault(one, len(kinds)) for one in asks], np.int64)
        self.firsts = [asks.index(one) for one in kinds]
        """The first member of each kind."""
        self.fitting = [
            find_fitting(decider, demands[first], now, is_ordered=False) for first in self.firsts
        ]
        self._orders = [np.argsort(one.rows) for one in self.fitting]
        rooms = [demands[first].room for first in self.firsts]
        self.rooms = np.array([(one.cpus, one.memory_mib, one.disk_mib) for one in rooms], np.int64)
        """What a member of each kind takes."""
        self.takes = self.rooms[self.kinds]

    @property
    def lost(self) -> Demand | None:
        """The first that no host may run."""
        counts = np.array([len(one.rows) for one in self.fitting])
        lost = np.flatnonzero(counts[self.kinds] == 0)
        return self.demands[lost[0]] if len(lost) else None

    @property
    def hosts(self) -> Codes:
        """The rows of all that may run any of it."""
        found: Codes = np.unique(np.concatenate([one.rows for one in self.fitting]))
        return found

    def free(self, rows: Codes) -> Codes:
        hosts = self.decider.inventory.columns.hosts.tables[0]
        found: Codes = np.maximum(hosts[rows, FREE_CPUS : FREE_DISK + 1], 0)
        return found

    @property
    def is_counted(self) -> bool:
        """Whether room and points tell everything about where its members may be together."""
        inventory = self.decider.inventory
        if any(one.ports or (one.component and one.policy.spreads) for one in self.demands):
            return False
        if any(
            components_of(self.demands[first], is_hard=is_hard)
            for first in self.firsts
            for is_hard in (True, False)
        ):
            return False
        if not inventory.asks.has_terms:
            return True
        sites = np.unique(inventory.columns.sites_of(self.hosts)).tolist()
        return all(inventory.asks.grounds[site].terms is None for site in sites)

    @property
    def wants_room(self) -> bool:
        return any(goal == "room" for one in self.fitting for goal, _ in one.goals)

    def places(self, kind: int, rows: Codes) -> Codes:
        """Where these rows stand among those that may run this kind."""
        order = self._orders[kind]
        found: Codes = order[np.searchsorted(self.fitting[kind].rows, rows, sorter=order)]
        return found

    def points(self, rows: Codes) -> Codes:
        """Of each member at its row."""
        found = np.zeros(len(rows), np.int64)
        for kind, one in enumerate(self.fitting):
            mine = np.flatnonzero(self.kinds == kind)
            found[mine] = one.totals[self.places(kind, rows[mine])]
        return found

    @property
    def most(self) -> Codes:
        """The points of each member's best host."""
        found: Codes = np.array([one.totals.max() for one in self.fitting])[self.kinds]
        return found

    def ordered(self, kind: int) -> Codes:
        """The places of `fitting` by points, then the larger free share of memory, then the id;
        for what has to be the same however the fleet has come about."""
        fitting = self.fitting[kind]
        return order_of(self.decider, fitting.rows, fitting.totals)

    def settled(self, rows: Codes) -> Mask:
        """Who is at its home, or with its volumes, and so stays there whatever its points."""
        found = np.zeros(len(self.demands), np.bool_)
        for at, one in enumerate(self.demands):
            if is_bound(one) and rows[at] != NONE:
                hosts = (one.home, *(volume.host for volume in one.pin.volumes))
                found[at] = self.decider.inventory.hosts[rows[at]] in hosts
        return found

    def options(self, rows: Codes) -> tuple[Option, ...]:
        """As they are for each by itself."""
        inventory, found = self.decider.inventory, {}
        candidates = {row: inventory.candidate_at(row, self.now) for row in set(rows.tolist())}
        options = []
        for kind, row in zip(self.kinds.tolist(), rows.tolist(), strict=True):
            if (kind, row) not in found:
                at = int(self.places(kind, np.array([row]))[0])
                found[kind, row] = option_at(self.fitting[kind], at, candidates[row])
            options.append(found[kind, row])
        return tuple(options)


def place_large(large: Large, neighbours: Sequence[Standing]) -> Codes | None:
    """The row of each member, or None; each of them has a host.  The fleet is left as it was."""
    if (large.free(large.hosts).sum(axis=0) < large.takes.sum(axis=0)).any():
        return None
    is_counted = large.is_counted and large.decider.may_solve
    fitting = np.array([len(one.rows) for one in large.fitting])[large.kinds].tolist()
    found = place_in_turn(
        large.decider, large.demands, neighbours, large.now, fitting, mends=not is_counted
    )
    if found is None:
        return None
    rows = np.array(found, np.int64)
    return better_rows(large, rows) if is_counted else rows


def better_rows(large: Large, rows: Codes) -> Codes | None:
    """Where everybody has a place, and as good ones as steps lead to; None where not all have."""
    is_placed = bool((rows != NONE).all())
    if is_placed and (large.wants_room or bool((large.points(rows) == large.most).all())):
        return rows
    try:
        batch, hosts, at = _batch_of(large, rows)
        answer = better_batch(batch, at, betters=not large.wants_room)
    except TooLarge:
        # Numbers that cannot be summed exactly: what the turns have found stands.
        return rows if is_placed else None
    return None if answer.unplaced else hosts[answer.at]


def _batch_of(large: Large, rows: Codes) -> tuple[Batch, Codes, Codes]:
    """Members, the hosts worth looking at by id, and where each member is among them."""
    inventory, settled = large.decider.inventory, large.settled(rows)
    parts = [_pairs_of(large, kind, rows, settled) for kind in range(len(large.fitting))]
    workloads, wanted, costs = (np.concatenate(one) for one in zip(*parts, strict=True))
    by_id = sorted(np.unique(wanted).tolist(), key=lambda row: inventory.hosts[row])
    hosts = np.array(by_id, np.int64)
    # The last one is for `NONE`.
    numbers = np.full(len(inventory.hosts) + 1, NONE, np.int64)
    numbers[hosts] = np.arange(len(hosts))
    batch = batch_of(large.takes, large.free(hosts), workloads, numbers[wanted], costs)
    return batch, hosts, numbers[rows]


def _pairs_of(large: Large, kind: int, rows: Codes, settled: Mask) -> tuple[Codes, Codes, Codes]:
    """Members of a kind with the hosts that are worth trying for them, and where they are; each
    with the points that are lost there."""
    fitting, places = large.fitting[kind], _worth_trying(large, kind)
    mine = np.flatnonzero((large.kinds == kind) & ~settled)
    there, best = fitting.rows[places], fitting.totals.max()
    stays = np.flatnonzero((large.kinds == kind) & (rows != NONE))
    stays = stays[settled[stays] | ~np.isin(rows[stays], there)]
    at = large.places(kind, rows[stays])
    return (
        np.concatenate((np.repeat(mine, len(there)), stays)),
        np.concatenate((np.tile(there, len(mine)), rows[stays])),
        np.concatenate(
            (np.tile(best - fitting.totals[places], len(mine)), best - fitting.totals[at])
        ),
    )


def _worth_trying(large: Large, kind: int) -> Codes:
    """The first places for a kind, best first: so many that the others cannot have filled them all.

    To keep a member out of a host, the others have to take more than what is free there beyond
    its own room, in one of the dimensions; all of them together take no more than they take.
    """
    fitting = large.fitting[kind]
    places = large.ordered(kind)
    taken = large.takes.sum(axis=0)
    spare = large.free(fitting.rows[places]) - large.rooms[kind] + 1
    counted = taken > 0
    parts = (spare[:, counted] / taken[counted]).min(axis=1, initial=np.inf)
    enough = int(np.searchsorted(np.cumsum(parts), counted.sum() + 1e-6)) + 1
    most = max(1, PAIRS_MAX // len(large.demands))
    return places[: min(enough, len(large.demands), most)]
