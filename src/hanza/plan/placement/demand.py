"""From what a tenant wants to what placement looks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hanza.model.ids import HostId, InstanceId
from hanza.model.instance import Wanted
from hanza.plan.placement.candidate import Candidate, Demand, Neighbour
from hanza.plan.placement.pins import FREE, Pin
from hanza.plan.policy import policy_of

Pins = Mapping[InstanceId, Pin]


def demand_of(wanted: Wanted, pins: Pins) -> Demand:
    """The demand, with the country said as the residency that it is short for."""
    pin = pins.get(wanted.id, FREE)
    policy = policy_of(wanted.country, wanted.policy)
    return Demand(wanted.address.name, wanted.spec.size, policy, wanted.component, pin)


@dataclass(frozen=True, slots=True)
class Team:
    """What is placed as one: the members of an app that have no place, and those that have."""

    unplaced: tuple[Wanted, ...]
    demands: tuple[Demand, ...]
    neighbours: tuple[Neighbour, ...]


def team_of(
    members: Sequence[tuple[Wanted, HostId | None]], candidates: Sequence[Candidate], pins: Pins
) -> Team:
    """From members with the hosts that they hold; demands are in the order of their names."""
    hosts = {one.host: one for one in candidates}
    unplaced = sorted(
        (wanted for wanted, host in members if host is None), key=lambda one: one.address.name
    )
    neighbours = tuple(
        Neighbour(wanted.component, hosts[host])
        for wanted, host in members
        if host in hosts and wanted.component is not None
    )
    return Team(tuple(unplaced), tuple(demand_of(one, pins) for one in unplaced), neighbours)
