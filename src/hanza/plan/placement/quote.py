"""What would happen: the choice that the engine will make, told before it is made.

`quote_team` runs exactly the code that places, so a plan equals the apply that follows it unless
the world moves in between.  For what is placed already it tells why, by today's facts.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from hanza.model.capacity import Capacity
from hanza.model.ids import HostId, InstanceId
from hanza.model.instance import Wanted
from hanza.model.price import MicroEuro
from hanza.model.quota import NONE, Amounts
from hanza.plan.nearness import RoundTrip
from hanza.plan.placement.candidate import Candidate, Demand, Ground, Neighbour
from hanza.plan.placement.choose import MEMBERS_MAX, Placed, without_room
from hanza.plan.placement.crowd import place_team
from hanza.plan.placement.demand import Bounds, Team, demand_of, team_of
from hanza.plan.placement.explain import Explanation, explain, sentence_of
from hanza.plan.placement.mend import team_relaxations
from hanza.plan.placement.relax import Relaxation, better_ones
from hanza.plan.placement.score import goals_of, trips_of
from hanza.plan.placement.terms import amounts_of, with_taken
from hanza.plan.pricing import price_per_month

Members = Sequence[tuple[Wanted, HostId | None]]
Leaving = Mapping[InstanceId, Capacity]
"""Members whose run ends so that they are run anew, with the room that they have until then."""
NOBODY: Leaving = {}
Only = Collection[InstanceId] | None
"""Of whom something is to be told; None for all."""
EXPLAINED_ALONE = 32
"""Members of a team; each explanation looks at every host."""
NOTHING_SAID = Explanation(0, 0, (), (), (), ())


@dataclass(frozen=True, slots=True)
class Line:
    """One instance: where it is or would be, at what price for a month, and why."""

    wanted: Wanted
    demand: Demand
    at: Candidate | None
    price: MicroEuro | None
    explanation: Explanation

    @property
    def trips(self) -> tuple[tuple[str, RoundTrip], ...]:
        """The round trips from where it is to the points of its policy."""
        return () if self.at is None else trips_of(self.demand.policy, self.at.ground)

    @property
    def because(self) -> str:
        """Why there, or why nowhere, in a few words."""
        may = self.explanation.may
        if self.at is None:
            return self.explanation.sentence
        if not may:
            return "it stands there; today no host may run it"
        best = self.explanation.best[0].option.candidate
        if self.at.host in {one.candidate.host for one in self.explanation.losers}:
            others = "1 other host" if may == 1 else f"{may} other hosts"
            return f"it stands there and may not any more; {others} may, {best.ground.name} best"
        if best.host == self.at.host:
            return f"{_superlative(self.demand)} of {may} that may"
        return f"one of {may} that may; by itself it would be better at {best.ground.name}"


@dataclass(frozen=True, slots=True)
class Quote:
    """Every member of a team by name; `refusal` says why none of the unplaced has a place."""

    lines: tuple[Line, ...]
    refusal: str | None
    relaxations: tuple[Relaxation, ...]
    """What would help: each places all that are refused."""
    candidates: tuple[Candidate, ...]
    """The hosts as they would be then."""


def quote_team(
    members: Members,
    candidates: Sequence[Candidate],
    bounds: Bounds,
    leaving: Leaving = NOBODY,
    only: Only = None,
) -> Quote:
    """Tell where the unplaced members would go and why the placed ones are where they are.

    What is new is placed at once, beside those that leave; these are placed when they have left,
    where they were if they may.  With `only`, nothing is told of the others.
    """
    first = _quoted(members, candidates, bounds, leaving, only)
    if not leaving:
        return first
    at = {line.wanted.id: line.at for line in first.lines}
    homes = {one.id: host for one, host in members if one.id in leaving and host is not None}
    freed = [
        _without(one, {i: leaving[i] for i, home in homes.items() if home == one.host})
        for one in with_taken(first.candidates, _given_back(members, candidates, leaving))
    ]
    gone = [
        (one, None if one.id in leaving else _host_of(at.get(one.id)) or host)
        for one, host in members
        if host is not None or at.get(one.id) is not None
    ]
    again = _quoted(gone, freed, replace(bounds, homes={**homes, **bounds.homes}), NOBODY)
    settled = {line.wanted.id for line in again.lines}
    lines = [one for one in first.lines if one.wanted.id not in settled] + list(again.lines)
    return Quote(
        _by_name(lines),
        first.refusal or again.refusal,
        first.relaxations or again.relaxations,
        again.candidates,
    )


def ended_line(wanted: Wanted, at: Candidate | None) -> Line:
    """Of what is to end: where it is, and no price."""
    return Line(wanted, demand_of(wanted, Bounds()), at, None, NOTHING_SAID)


def _quoted(
    members: Members,
    candidates: Sequence[Candidate],
    bounds: Bounds,
    leaving: Leaving,
    only: Only = None,
) -> Quote:
    """One placing of all that have no place; nothing is told of those that leave."""
    team = team_of(members, candidates, bounds)
    answer = place_team(team.demands, candidates, team.neighbours)
    lines = _placed_lines(members, candidates, bounds, leaving, only)
    if isinstance(answer, Placed):
        lines += _quoted_lines(team, answer, candidates, only)
        after = without_room(candidates, answer.options, team.demands)
        return Quote(_by_name(lines), None, (), tuple(after))
    helped: tuple[Relaxation, ...] = ()
    if len(team.demands) <= MEMBERS_MAX:  # what was not searched is not searched again
        helped = team_relaxations(team.demands, candidates, team.neighbours)
    for wanted, demand in zip(team.unplaced, team.demands, strict=True):
        if only is not None and wanted.id not in only:
            continue
        explanation = explain(demand, candidates, team.neighbours)
        if len(team.demands) > 1:
            explanation = replace(explanation, relaxations=helped)
        lines.append(Line(wanted, demand, None, None, explanation))
    refusal = sentence_of(answer, team.demands)
    return Quote(_by_name(lines), refusal, helped, tuple(candidates))


def _quoted_lines(
    team: Team, answer: Placed, candidates: Sequence[Candidate], only: Only
) -> list[Line]:
    """Each explained as the last of the team: the others have taken their room already.

    In a large team those that ask for the same are explained as the first of them is.
    """
    lines = []
    said: dict[object, Explanation] = {}
    for index, (wanted, demand) in enumerate(zip(team.unplaced, team.demands, strict=True)):
        if only is not None and wanted.id not in only:
            continue
        is_alone = len(team.demands) <= EXPLAINED_ALONE
        asks = index if is_alone else (demand.asks, demand.component)
        if asks not in said:
            said[asks] = _as_last(team, answer, candidates, index)
        lines.append(_line(wanted, demand, answer.options[index].candidate, said[asks]))
    return lines


def _as_last(
    team: Team, answer: Placed, candidates: Sequence[Candidate], index: int
) -> Explanation:
    others = [*answer.options[:index], *answer.options[index + 1 :]]
    rest = [*team.demands[:index], *team.demands[index + 1 :]]
    beside = tuple(
        Neighbour(one.component, option.candidate)
        for one, option in zip(rest, others, strict=True)
        if one.component is not None
    )
    left = without_room(candidates, others, rest)
    return explain(team.demands[index], left, team.neighbours + beside)


def _placed_lines(
    members: Members,
    candidates: Sequence[Candidate],
    bounds: Bounds,
    leaving: Leaving,
    only: Only,
) -> list[Line]:
    """Each explained as if it were placed anew: its own room counts as free."""
    hosts = {one.host: one for one in candidates}
    lines = []
    for wanted, host in members:
        if host is None or host not in hosts or wanted.id in leaving:
            continue
        if only is not None and wanted.id not in only:
            continue
        demand = demand_of(wanted, bounds)
        freed = [
            _without(one, {wanted.id: demand.room}) if one.host == host else one
            for one in with_taken(
                candidates, [(hosts[host].ground, demand.tenant, NONE - demand.cost)]
            )
        ]
        others = [(one, where) for one, where in members if one.id != wanted.id]
        neighbours = team_of(others, candidates, bounds).neighbours
        explanation = explain(demand, freed, neighbours)
        better = better_ones(demand, hosts[host], explanation.relaxations, freed, neighbours)
        explanation = replace(explanation, relaxations=better)
        lines.append(_line(wanted, demand, hosts[host], explanation))
    return lines


def _without(one: Candidate, gone: Leaving) -> Candidate:
    """The host as it is once these have left it, with their room and their ports."""
    free = one.free
    for room in gone.values():
        free = free + room
    ports = {port: whose for port, whose in one.ports.items() if whose not in gone}
    return replace(one, free=free, ports=ports)


def _given_back(
    members: Members, candidates: Sequence[Candidate], leaving: Leaving
) -> list[tuple[Ground, str, Amounts]]:
    """What providers with terms have not taken any more once these have left."""
    grounds = {one.host: one.ground for one in candidates}
    return [
        (grounds[host], wanted.address.tenant, NONE - amounts_of(leaving[wanted.id]))
        for wanted, host in members
        if wanted.id in leaving and host in grounds
    ]


def _host_of(at: Candidate | None) -> HostId | None:
    return None if at is None else at.host


def _line(wanted: Wanted, demand: Demand, at: Candidate, explanation: Explanation) -> Line:
    price = price_per_month(at.ground.prices, demand.size)
    return Line(wanted, demand, at, price, explanation)


def _superlative(demand: Demand) -> str:
    goals = goals_of(demand.policy)
    words = {"nearness": "nearest", "price": "cheapest", "carbon": "cleanest"}
    found = [word for goal, word in words.items() if getattr(goals, goal)]
    return found[0] if len(found) == 1 else "best" if found else "emptiest"


def _by_name(lines: Sequence[Line]) -> tuple[Line, ...]:
    return tuple(sorted(lines, key=lambda one: one.wanted.address.name))
