"""A plan of moves can be done one by one: each prefix of it is a legal world, and it keeps to its
budget and tells the gain that there is."""

from collections import Counter
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import pytest

from hanza.model.capacity import Capacity
from hanza.model.guest import GuestSpec, Port
from hanza.model.ids import HostId, InstanceId
from hanza.model.instance import Address, Wanted
from hanza.model.policy import Beside, Goals, Near, Policy, Spread
from hanza.model.quota import NONE, Limits
from hanza.model.terms import Terms
from hanza.plan.placement.candidate import Candidate, Ground, Stand
from hanza.plan.placement.demand import Above, Bounds
from hanza.plan.placement.pins import Bound, Pin
from hanza.plan.placement.rebalance import plan_moves
from hanza.plan.placement.rebalance_moves import Aim, Budget, Move, Moves, Resident, residents_of
from hanza.plan.placement.rules import compile_rules, find_lacks
from hanza.plan.placement.score import FULL, rank
from hanza.plan.placement.search import SOFT_FINE
from hanza.plan.placement.spread import Group, shortfall
from hanza.plan.placement.terms import with_taken
from hanza.plan.placement.violations import find_violations
from hanza.plan.policy import Level
from kit.grounds import LJUBLJANA, NOW, a_candidate, a_ground, prices_of

STATE = {"offered", "heard", "not_refused", "capacity", "ports", "capped", "denied"}


@dataclass(frozen=True)
class World:
    residents: tuple[Resident, ...]
    hosts: tuple[Candidate, ...]
    bounds: Bounds


def a_wanted(name: str, component: str | None, policy: Policy, size: Capacity, port: int) -> Wanted:
    ports = (Port(port, 80),) if port else ()
    spec = GuestSpec(name, "tiny", size.cpus, size.memory_mib, size.disk_mib, ports=ports)
    app = None if component is None else "shop"
    return Wanted(
        id=InstanceId(f"in_{name}"),
        address=Address("t", "w", name),
        country=None,
        spec=spec,
        power="on",
        generation=1,
        created_at=NOW,
        policy=policy,
        app=app,
        component=component,
    )


T = TypeVar("T")


class Chance:
    """Evenly drawn, so that most worlds have something to move; drawn with a bias to what is
    small and simple, nine of ten have not."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)

    def one(self, *of: T) -> T:
        return of[int(self.random.integers(len(of)))]

    def policy(self) -> Policy:
        one = self.one
        spread = Spread(one("host", "site", "provider", "country"), one(None, 2, 3), one(None, 50))
        hard = one(True, False) and (spread.distinct_min or spread.share_max) is not None
        return Policy(
            countries=one(None, None, None, None, frozenset({"DE", "NL"}), frozenset({"SI", "DE"})),
            providers_denied=one(*([frozenset[str]()] * 5), frozenset({"p1"})),
            near=one((), (Near(LJUBLJANA),)),
            spreads=one((), (replace(spread, is_hard=hard),)),
            goals=one(None, Goals(price=1), Goals(carbon=1), Goals(0, 1, 2, 1), Goals(room=1)),
            besides=one((), (), (Beside(one("site", "provider"), "instance", "i0"),)),
        )

    def terms(self) -> Terms:
        """Of a provider, most of them as if there were none."""
        limits = Limits(instances=self.one(None, 1, 2, 3))
        denied = self.one(*([frozenset[str]()] * 9), frozenset({"t"}))
        return self.one(Terms(), Terms(), Terms(each=limits, denied=denied), Terms(total=limits))

    def ground(self, site: str) -> Ground:
        one = self.one
        return a_ground(
            site,
            country=one("DE", "NL", "SI"),
            provider=one("p1", "p2"),
            latitude=one(46.0, 50.1, 52.4),
            prices=one(None, prices_of(2000), prices_of(4000), prices_of(5000)),
            carbon=one(None, 20.5, 100.0, 300.0),
        )

    def host(self, name: str, ground: Ground) -> Candidate:
        often = (True,) * 9
        room = Capacity(self.one(0, 1, 2, 4), self.one(0, 1024, 2048, 4096), 4096)
        return a_candidate(
            name,
            ground,
            free=room,
            is_offered=self.one(*often, False),
            is_heard=self.one(*often, False),
            is_refusing=not self.one(*often, False),
        )

    def pin(self) -> Pin:
        volume = Bound("data", self.one(None, HostId("h0"), HostId("h1")))
        return Pin(self.one(None, "s0"), (volume,))


def a_world(seed: int) -> World:
    """Up to six hosts with up to five of an app's component or of nothing at them, wherever."""
    chance = Chance(seed)
    one = chance.one
    sites = [chance.ground(f"s{n}") for n in range(one(2, 3, 4))]
    hosts = tuple(chance.host(f"h{n}", one(*sites)) for n in range(one(3, 4, 5, 6)))
    said = {"web": chance.policy(), "": chance.policy()}
    standing = []
    for n in range(one(2, 3, 4, 5)):
        name = one("web", "web", "")
        size = Capacity({"web": 1, "": 2}[name], 1024, 64)
        wanted = a_wanted(f"i{n}", name or None, said[name], size, one(0, 0, 443))
        standing.append((wanted, one(*hosts).host))
    level: Level = ("workspace w", chance.policy())
    above: Above = one({}, {}, {("t", "w"): (level,)})
    bound = {it.id: chance.pin() for it, _ in standing if one(0, 0, 0, 0, 0, 1)}
    first, host = standing[0]
    ground = next(it.ground for it in hosts if it.host == host)
    place = Stand(host, ground.site, ground.name, ground.provider, ground.country)
    bounds = Bounds(bound, above, stands={("t", "w", "instance", first.address.name): (place,)})
    residents = residents_of(standing, bounds)
    terms = {"p1": chance.terms(), "p2": chance.terms()}
    hosts = with_terms(hosts, residents, terms)
    return World(residents, with_ports(hosts, standing), bounds)


def with_terms(
    hosts: tuple[Candidate, ...], residents: tuple[Resident, ...], terms: dict[str, Terms]
) -> tuple[Candidate, ...]:
    """Providers with terms, and what they have taken already."""
    said = tuple(
        replace(it, ground=replace(it.ground, terms=terms[it.ground.provider])) for it in hosts
    )
    grounds = {it.host: it.ground for it in said}
    taken = [(grounds[it.host], it.demand.tenant, it.demand.cost) for it in residents]
    return tuple(with_taken(said, taken))


def with_ports(
    hosts: tuple[Candidate, ...], standing: list[tuple[Wanted, HostId]]
) -> tuple[Candidate, ...]:
    """One port leads to one guest: of several that publish it at one host the first has it."""
    taken: dict[HostId, dict[int, InstanceId | None]] = {}
    for wanted, host in standing:
        for one in wanted.spec.ports:
            taken.setdefault(host, {}).setdefault(one.port, wanted.id)
    return tuple(replace(one, ports=taken.get(one.host, {})) for one in hosts)


def an_aim(seed: int) -> Aim:
    one = Chance(seed + 10**6).one
    emptied = one(frozenset(), frozenset({HostId("h0")}), frozenset({HostId("h1"), HostId("h2")}))
    return Aim(emptied, one(None, None, Goals(price=1)), one(True, True, False), one(True, False))


def a_budget(seed: int) -> Budget:
    one = Chance(seed + 2 * 10**6).one
    return Budget(one(0, 1, 2, 9, 9), one(None, None, 0, 64, 200), one(0, 1, FULL // 20, FULL // 4))


class Replay:
    """The plan done by hand: plain books, and every rule asked at every step."""

    def __init__(self, world: World, aim: Aim) -> None:
        self.world, self.aim = world, aim
        self.hosts = {one.host: one for one in world.hosts}
        self.at = {one.id: one.host for one in world.residents}

    def do(self, move: Move) -> None:
        resident, demand = move.resident, move.resident.demand
        assert resident.mobility != "never", "it never moves"
        assert self.at[resident.id] == move.origin.host != move.target.host
        assert move.origin.is_heard, "nobody can fetch it there"
        to, origin = self.hosts[move.target.host], self.hosts[move.origin.host]
        assert to.host not in self.aim.emptied
        lacks = {one.rule for one in find_lacks(compile_rules(demand), [to])[to.host]}
        assert not lacks - {"with"}, "a rule is against it"
        spread_before, apart_before = self.violations("spread"), self.violations("with")
        moved = [
            (to.ground, demand.tenant, demand.cost),
            (origin.ground, demand.tenant, NONE - demand.cost),
        ]
        self.hosts = {one.host: one for one in with_taken(list(self.hosts.values()), moved)}
        to, origin = self.hosts[to.host], self.hosts[origin.host]
        self.hosts[to.host] = replace(
            to,
            free=to.free - demand.room,
            ports={**to.ports, **dict.fromkeys(demand.ports, resident.id)},
        )
        self.hosts[origin.host] = replace(
            origin,
            free=origin.free + demand.room,
            ports={port: who for port, who in origin.ports.items() if who != resident.id},
        )
        self.at[resident.id] = to.host
        assert self.violations("spread") <= spread_before, "a spread holds less than before"
        assert self.violations("with") <= apart_before, "company is parted"
        assert not self.is_misplaced(resident), "it stands against a rule where it came"
        here = [one for one in self.world.residents if self.at[one.id] == origin.host]
        assert move.frees_origin == (not here)

    def found(self) -> list[tuple[InstanceId, str]]:
        standing = [(one.wanted, self.hosts[self.at[one.id]]) for one in self.world.residents]
        above = self.world.bounds.above
        return [(one.instance, one.rule) for one in find_violations(standing, above)]

    def violations(self, rule: str) -> int:
        return sum(name == rule for _, name in self.found())

    def is_misplaced(self, resident: Resident) -> bool:
        return any(who == resident.id and rule != "spread" for who, rule in self.found())

    def points(self, one: Resident) -> int:
        """Of this one where it is now, less what soft spreads miss; its own room counts as free."""
        demand, here = one.demand, self.hosts[self.at[one.id]]
        lacks = find_lacks(compile_rules(demand), self.world.hosts)
        may = [it for it in self.world.hosts if {x.rule for x in lacks[it.host]} <= STATE]
        now = [
            replace(it, free=here.free + demand.room if it.host == here.host else it.free)
            for it in may
        ]
        goals = self.aim.goals or demand.policy.goals
        ranked = rank(replace(demand, policy=replace(demand.policy, goals=goals)), now)
        total = sum(it.total for it in ranked if it.candidate.host == here.host)
        web = [one for one in self.world.residents if one.component is not None]
        if web:
            group = Group((), len(web), web[0].demand.policy.spreads)
            stands = [self.hosts[self.at[one.id]] for one in web]
            soft = [one for one in group.spreads if not one.is_hard]
            total -= SOFT_FINE * sum(shortfall(one, group, stands) for one in soft)
        return total


@pytest.mark.parametrize("part", range(6))
def test_each_prefix_of_a_plan_is_a_legal_world(part: int) -> None:
    purposes: Counter[str] = Counter()
    for seed in range(1000 * part, 1000 * part + 1000):
        world, aim, budget = a_world(seed), an_aim(seed), a_budget(seed)
        plan = plan_moves(world.residents, world.hosts, world.bounds.above, aim, budget)
        can_be_done(world, aim, budget, plan)
        purposes.update(one.purpose for one in plan.moves)
    assert min(purposes[one] for one in ("violation", "drain", "gain")) > 0


def can_be_done(world: World, aim: Aim, budget: Budget, plan: Moves) -> None:
    replay = Replay(world, aim)
    misplaced = len(replay.found())
    for move in plan.moves:
        before = replay.points(move.resident)
        replay.do(move)
        assert move.gain.points == replay.points(move.resident) - before
    assert len(replay.found()) <= misplaced
    is_within(plan, budget, aim)
    is_explained(plan, replay)


def is_within(plan: Moves, budget: Budget, aim: Aim) -> None:
    assert len(plan.moves) <= budget.moves_max
    if budget.disk_mib_max is not None:
        assert plan.disk_mib <= budget.disk_mib_max
    order = [one.purpose for one in plan.moves if one.purpose != "way"]
    assert order == sorted(order, key=["violation", "drain", "gain"].index)
    for one in plan.moves:
        if one.purpose == "gain":
            assert aim.betters
            assert one.gain.points >= max(budget.gain_min, 1)


def is_explained(plan: Moves, replay: Replay) -> None:
    """Whatever should have gone and did not is named, once, with the reason."""
    kept = {one.resident.id for one in plan.kept}
    assert len(kept) == len(plan.kept)
    assert all(one.why.text and replay.at[one.resident.id] == one.host.host for one in plan.kept)
    staying = {one.id for one in replay.world.residents if replay.at[one.id] in replay.aim.emptied}
    assert staying <= kept
    against = {who for who, _ in replay.found()} if replay.aim.mends else set()
    assert staying | against == kept


@pytest.mark.parametrize("seed", range(50))
def test_the_same_world_has_the_same_plan_in_whatever_order_it_is_told(seed: int) -> None:
    world, aim, budget = a_world(seed), an_aim(seed), a_budget(seed)
    plan = plan_moves(world.residents, world.hosts, world.bounds.above, aim, budget)
    turned = plan_moves(world.residents[::-1], world.hosts[::-1], world.bounds.above, aim, budget)
    assert plan == turned


@pytest.mark.parametrize("seed", range(100))
def test_a_plan_that_was_done_leaves_nothing_to_gain(seed: int) -> None:
    world, aim = a_world(seed), an_aim(seed)
    budget = Budget(moves_max=50, gain_min=1)
    plan = plan_moves(world.residents, world.hosts, world.bounds.above, aim, budget)
    assert not plan.has_more
    replay = Replay(world, aim)
    for move in plan.moves:
        replay.do(move)
    residents = [replace(one, host=replay.at[one.id]) for one in world.residents]
    hosts = tuple(replay.hosts.values())
    again = plan_moves(residents, hosts, world.bounds.above, aim, budget)
    assert not [one for one in again.moves if one.purpose == "gain"]
