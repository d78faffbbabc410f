"""What would happen: the choice that the engine will make, told before it is made.

`quote_team` runs exactly the code that places, so a plan equals the apply that follows it unless
the world moves in between.  For what is placed already it tells why, by today's facts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hanza.model.ids import HostId
from hanza.model.instance import Wanted
from hanza.model.price import MicroEuro
from hanza.plan.nearness import RoundTrip
from hanza.plan.placement.candidate import Candidate, Demand, Neighbour
from hanza.plan.placement.choose import Placed, Unplaced, place_group, without_room
from hanza.plan.placement.demand import Pins, demand_of, team_of
from hanza.plan.placement.explain import Explanation, explain, sentence_of
from hanza.plan.placement.relax import Relaxation, spread_relaxations
from hanza.plan.placement.score import goals_of, trips_of
from hanza.plan.pricing import price_per_month

Members = Sequence[tuple[Wanted, HostId | None]]


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
        if best.host == self.at.host:
            return f"{_superlative(self.demand)} of {may} that may"
        return f"one of {may} that may; by itself it would be better at {best.ground.name}"


@dataclass(frozen=True, slots=True)
class Quote:
    """Every member of a team by name; `refusal` says why none of the unplaced has a place."""

    lines: tuple[Line, ...]
    refusal: str | None
    relaxations: tuple[Relaxation, ...]
    """What would help all of them together, where each alone has a place."""
    candidates: tuple[Candidate, ...]
    """The hosts as they would be then."""


def quote_team(members: Members, candidates: Sequence[Candidate], pins: Pins) -> Quote:
    """Tell where the unplaced members would go and why the placed ones are where they are."""
    team = team_of(members, candidates, pins)
    answer = place_group(team.demands, candidates, team.neighbours)
    lines = _placed_lines(members, candidates, pins)
    if isinstance(answer, Placed):
        lines += _quoted_lines(team.unplaced, team.demands, answer, candidates, team.neighbours)
        after = without_room(candidates, answer.options, team.demands)
        return Quote(_by_name(lines), None, (), tuple(after))
    for wanted, demand in zip(team.unplaced, team.demands, strict=True):
        explanation = explain(demand, candidates, team.neighbours)
        lines.append(Line(wanted, demand, None, None, explanation))
    return Quote(
        _by_name(lines),
        sentence_of(answer, team.demands),
        _together(answer, team.demands, candidates, team.neighbours),
        tuple(candidates),
    )


def _together(
    answer: Unplaced,
    demands: Sequence[Demand],
    candidates: Sequence[Candidate],
    neighbours: Sequence[Neighbour],
) -> tuple[Relaxation, ...]:
    if answer.looked is not None:
        return ()
    return spread_relaxations(demands, candidates, neighbours)


def _quoted_lines(
    unplaced: Sequence[Wanted],
    demands: Sequence[Demand],
    answer: Placed,
    candidates: Sequence[Candidate],
    neighbours: tuple[Neighbour, ...],
) -> list[Line]:
    """Each explained as the last of the team: the others have taken their room already."""
    lines = []
    for index, (wanted, demand) in enumerate(zip(unplaced, demands, strict=True)):
        others = [*answer.options[:index], *answer.options[index + 1 :]]
        rest = [*demands[:index], *demands[index + 1 :]]
        beside = tuple(
            Neighbour(one.component, option.candidate)
            for one, option in zip(rest, others, strict=True)
            if one.component is not None
        )
        explanation = explain(demand, without_room(candidates, others, rest), neighbours + beside)
        lines.append(_line(wanted, demand, answer.options[index].candidate, explanation))
    return lines


def _placed_lines(members: Members, candidates: Sequence[Candidate], pins: Pins) -> list[Line]:
    """Each explained as if it were placed anew: its own room counts as free."""
    hosts = {one.host: one for one in candidates}
    lines = []
    for wanted, host in members:
        if host is None or host not in hosts:
            continue
        demand = demand_of(wanted, pins)
        freed = [
            replace(one, free=one.free + demand.size) if one.host == host else one
            for one in candidates
        ]
        others = [(one, where) for one, where in members if one.id != wanted.id]
        explanation = explain(demand, freed, team_of(others, candidates, pins).neighbours)
        lines.append(_line(wanted, demand, hosts[host], explanation))
    return lines


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
