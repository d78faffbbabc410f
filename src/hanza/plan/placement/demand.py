"""From what a tenant wants to what placement looks for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from hanza.model.capacity import Capacity
from hanza.model.ids import HostId, InstanceId
from hanza.model.instance import Address, Wanted
from hanza.model.policy import Beside, Policy
from hanza.model.site import Country
from hanza.plan.placement.candidate import Companion, Demand, Stand
from hanza.plan.placement.fleet.host import Standing
from hanza.plan.placement.pins import FREE, Pin
from hanza.plan.policy import Contradiction, Level, effective, said_by, words_of_law

Named = tuple[str, str, str, str]
"""Something that others may want to be beside: tenant, workspace, kind and name; of a component
the name is `app/component`."""
Above = Mapping[tuple[str, str], tuple[Level, ...]]
"""The levels above whatever is in a workspace, by tenant and workspace."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What holds for instances besides their own words, looked up anew for every choice."""

    pins: Mapping[InstanceId, Pin] = field(default_factory=dict)
    above: Above = field(default_factory=dict)
    homes: Mapping[InstanceId, HostId] = field(default_factory=dict)
    """Where those ran that were ended only to be run anew."""
    stands: Mapping[Named, tuple[Stand, ...]] = field(default_factory=dict)
    """Where what others want to be beside is: every instance and volume that one names, and each
    component that its app has not."""
    countries: Mapping[str, Country | None] = field(default_factory=dict)
    """Where tenants are at home, by name, as far as that is known."""

    def levels_of(self, address: Address) -> tuple[Level, ...]:
        return self.above.get((address.tenant, address.workspace), ())


UNBOUND = Bounds()


def own_level(wanted: Wanted) -> Level:
    """What it says itself, with the country said as the residency that it is short for."""
    return wanted.address.name, said_by(wanted.country, wanted.policy)


def policy_under(wanted: Wanted, above: Sequence[Level]) -> Policy:
    """Its own policy tightened by the levels above.  Raises `Contradiction`."""
    return effective([*above, own_level(wanted)])


def policies_of(wanted: Iterable[Wanted], bounds: Bounds) -> list[Policy]:
    """Their own, and all above them, each as it was said."""
    above = (policy for levels in bounds.above.values() for _, policy in levels)
    return [*(own_level(one)[1] for one in wanted), *above]


def law_of(wanted: Wanted, above: Sequence[Level]) -> str:
    """In words, under every level; `none` where they have come to contradict each other."""
    try:
        return words_of_law(policy_under(wanted, above))
    except Contradiction:
        return "none"


def demand_of(wanted: Wanted, bounds: Bounds) -> Demand:
    """The demand under everything that bounds it.

    Levels may have come to contradict each other since it was asked for: that is not refused
    here, but told as a rule that no host meets.
    """
    _, policy = own_level(wanted)
    conflict = None
    try:
        policy = policy_under(wanted, bounds.levels_of(wanted.address))
    except Contradiction as contradiction:
        conflict = contradiction.text
    pin = bounds.pins.get(wanted.id, FREE)
    companions = (_companion(wanted, one, bounds) for one in policy.besides)
    return Demand(
        name=wanted.address.name,
        size=wanted.spec.size + Capacity(0, 0, pin.new_mib + pin.held_mib),
        policy=policy,
        component=wanted.component,
        pin=pin,
        home=bounds.homes.get(wanted.id),
        conflict=conflict,
        ports=tuple(one.port for one in wanted.spec.ports),
        companions=tuple(one for one in companions if one is not None),
        tenant=wanted.address.tenant,
        tenant_country=bounds.countries.get(wanted.address.tenant),
    )


def named_by(wanted: Wanted, above: Sequence[Level]) -> tuple[Named, ...]:
    """Everything that it, or a level above it, would have it stand beside."""
    policies = [policy for _, policy in above]
    if wanted.policy is not None:
        policies.append(wanted.policy)
    return tuple({named(wanted, one): None for policy in policies for one in policy.besides})


def named(wanted: Wanted, beside: Beside) -> Named:
    """What a policy of this instance means by a name."""
    address = wanted.address
    name = f"{wanted.app or ''}/{beside.name}" if beside.kind == "component" else beside.name
    return address.tenant, address.workspace, beside.kind, name


def _companion(wanted: Wanted, beside: Beside, bounds: Bounds) -> Companion | None:
    """None for itself, and for a component that is placed along with it."""
    if beside.kind == "instance" and beside.name == wanted.address.name:
        return None
    stands = bounds.stands.get(named(wanted, beside))
    if stands is None and beside.kind == "component":
        return None
    return Companion(beside, stands or ())


@dataclass(frozen=True, slots=True)
class Team:
    """What is placed as one: the members of an app that have no place, and those that have."""

    unplaced: tuple[Wanted, ...]
    demands: tuple[Demand, ...]
    standing: tuple[Standing, ...]


def team_of(members: Sequence[tuple[Wanted, HostId | None]], bounds: Bounds) -> Team:
    """From members with the hosts that they hold; demands are in the order of their names."""
    unplaced = sorted(
        (wanted for wanted, host in members if host is None), key=lambda one: one.address.name
    )
    demands = tuple(demand_of(one, bounds) for one in unplaced)
    return Team(tuple(unplaced), demands, standing_of(members))


def standing_of(members: Sequence[tuple[Wanted, HostId | None]]) -> tuple[Standing, ...]:
    return tuple(
        Standing(wanted.component, host)
        for wanted, host in members
        if host is not None and wanted.component is not None
    )
