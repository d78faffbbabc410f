"""A fleet: what is known of every host, told change by change, and where a demand goes.

`now` is said with each question, because whether a host is heard or refuses depends on it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from hanza.model.capacity import Capacity
from hanza.model.ids import HostId
from hanza.model.quota import Amounts
from hanza.plan.placement.beside import is_in_company
from hanza.plan.placement.candidate import Candidate, Demand, Ground, Neighbour
from hanza.plan.placement.choose import Placed
from hanza.plan.placement.explain import Explanation
from hanza.plan.placement.fleet import group
from hanza.plan.placement.fleet.decide import Decider
from hanza.plan.placement.fleet.explain import Explainer
from hanza.plan.placement.fleet.group import Stuck
from hanza.plan.placement.fleet.host import Host, Standing, microseconds
from hanza.plan.placement.fleet.inventory import Inventory
from hanza.plan.placement.fleet.trial import Trial

COMPILED_FROM = 1_000
"""Hosts.  Below that plain Python decides in a fraction of a millisecond, and the compiler would
take 100 MB and a second."""


def at_once() -> bool:
    """Who needs machine code waits until it is compiled."""
    return True


class Fleet:
    """`heard_within`: how long an agent's word counts.  `compiled`: None leaves it to the size.

    A fleet that is large enough asks with each host that it is told of whether it `may_compile`.
    """

    def __init__(
        self,
        heard_within: timedelta,
        *,
        compiled: bool | None = None,
        may_compile: Callable[[], bool] = at_once,
    ) -> None:
        self._inventory = Inventory(heard_within)
        self._decider = Decider(self._inventory, may_compile)
        self._compiles = compiled is None
        self._may_compile = may_compile
        if compiled:
            self._decider.compile()

    def __len__(self) -> int:
        return len(self._inventory)

    def __contains__(self, host: HostId) -> bool:
        return host in self._inventory

    @property
    def is_compiled(self) -> bool:
        return self._inventory.columns.is_compiled

    def put_ground(self, ground: Ground) -> None:
        """A site and its provider as they are now; before the first host there."""
        self._inventory.put_ground(ground)

    def put(self, host: Host) -> None:
        """A host as it is now, whatever was known of it.  Raises `KeyError` for an unknown site."""
        self._inventory.put(host)
        if self._compiles and len(self) >= COMPILED_FROM and self._may_compile():
            self._compiles = False
            self._decider.compile()

    def drop(self, host: HostId) -> None:
        """The host is gone.  Raises `KeyError` when it was not there."""
        self._inventory.drop(host)

    def take(self, host: HostId, room: Capacity, ports: Iterable[int] = ()) -> None:
        """Something is held there now; more than is free leaves less than nothing."""
        self._inventory.take(host, room, dict.fromkeys(ports))

    def give(self, host: HostId, room: Capacity, ports: Iterable[int] = ()) -> None:
        """It is not held any more.  Ports that were not taken are passed over."""
        self._inventory.give(host, room, ports)

    def count(self, host: HostId, tenant: str, amounts: Amounts) -> None:
        """Its provider has taken so much more of this tenant, where it has terms; less when
        negative.  Beside `take` and `give`, which are about room."""
        self._inventory.count(host, tenant, amounts)

    @property
    def providers_with_terms(self) -> set[str]:
        """By name; mostly nobody."""
        asks = self._inventory.asks
        grounds = asks.grounds if asks.has_terms else ()
        return {one.provider for one in grounds if one.terms is not None}

    def hear(self, agents: Iterable[str], at: datetime) -> None:
        """These agents were heard, also those of which no host is known yet."""
        self._inventory.hear(agents, at)

    def candidate(self, host: HostId, now: datetime) -> Candidate:
        """As `choose` and `explain` take it.  Raises `KeyError` when it is not there."""
        return self._inventory.candidate(host, now)

    def candidates(self, now: datetime) -> Iterator[Candidate]:
        """Every host, by id."""
        return self._inventory.candidates(now)

    def choose(
        self, demand: Demand, neighbours: Sequence[Standing], now: datetime
    ) -> HostId | None:
        """The best host for one demand, or None where no host may run it."""
        if is_in_company(demand):
            return self._search(demand, neighbours, now)
        decider, standing = self._decider, [one.host for one in neighbours]
        if demand.component is None:
            standing = []
        elif any(one.component != demand.component for one in neighbours):
            standing = [one.host for one in neighbours if one.component == demand.component]
        answer = decider.choose(demand, standing, now)
        if answer is None or isinstance(answer, str):
            return answer
        # What columns cannot tell apart, the search can.
        return self._search(demand, neighbours, now)

    def _search(
        self, demand: Demand, neighbours: Sequence[Standing], now: datetime
    ) -> HostId | None:
        placed = group.search(self._decider, [demand], neighbours, now)
        return placed.options[0].candidate.host if isinstance(placed, Placed) else None

    def place_group(
        self, demands: Sequence[Demand], neighbours: Sequence[Standing], now: datetime
    ) -> Placed | Stuck:
        """The best hosts for all demands together, or nothing is placed."""
        return group.place(self._decider, demands, neighbours, now)

    def explain(self, demand: Demand, neighbours: Sequence[Standing], now: datetime) -> Explanation:
        """As `placement.explain` on all candidates; losers are made when they are read."""
        beside = [
            Neighbour(one.component, self.candidate(one.host, now))
            for one in neighbours
            if one.host in self
        ]
        return Explainer(self._decider, demand, beside, microseconds(now)).explanation()

    def refusal(self, demands: Sequence[Demand], stuck: Stuck, now: datetime) -> str:
        """Why nothing of it was placed, in words."""
        return Trial(self._decider, microseconds(now)).refusal(demands, stuck)

    @contextmanager
    def trial(self, now: datetime) -> Iterator[Trial]:
        """What would be: afterwards everything is as it was, and nothing else happens meanwhile."""
        trial = Trial(self._decider, microseconds(now))
        try:
            yield trial
        finally:
            trial.undo()
