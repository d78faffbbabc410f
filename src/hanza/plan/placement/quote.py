"""What would happen: the choice that the engine will make, told before it is made.

`quote_team` runs exactly the code that places, so a plan equals the apply that follows it unless
the world moves in between.  For what is placed already it tells why, by today's facts.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from hanza.model.capacity import Capacity
from hanza.model.ids import HostId, InstanceId
from hanza.model.instance import Wanted
from hanza.model.price import MicroEuro
from hanza.plan.nearness import RoundTrip
from hanza.plan.placement.candidate import Candidate, Demand
from hanza.plan.placement.choose import Placed
from hanza.plan.placement.demand import Bounds, demand_of, standing_of, team_of
from hanza.plan.placement.explain import Explanation
from hanza.plan.placement.field import Field
from hanza.plan.placement.fleet.host import Standing
from hanza.plan.placement.mend import better_ones, team_relaxations
from hanza.plan.placement.proof import Proof
from hanza.plan.placement.relax import Relaxation
from hanza.plan.placement.score import goals_of, trips_of
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
        if self.explanation.refuses(self.at.host):
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
    proofs: tuple[Proof, ...] = ()
    """How near to the best those are that are placed together now, where there are too many of them
    to search for it."""


def quote_team(
    members: Members, field: Field, bounds: Bounds, leaving: Leaving = NOBODY, only: Only = None
) -> Quote:
    """Tell where the unplaced members would go and why the placed ones are where they are.

    What is new is placed at once, beside those that leave; these are placed when they have left,
    where they were if they may.  With `only`, nothing is told of the others.  What would be taken
    is taken of the field afterwards.
    """
    first = _Quoting(members, field, bounds, leaving, only).quote()
    if not leaving:
        return first
    at = {line.wanted.id: line.at for line in first.lines}
    homes = {one.id: host for one, host in members if one.id in leaving and host is not None}
    for one, host in members:
        if one.id in homes and host is not None and field.candidate(host) is not None:
            field.leave(host, one.id, one.address.tenant, leaving[one.id])
    gone = [
        (one, None if one.id in leaving else _host_of(at.get(one.id)) or host)
        for one, host in members
        if host is not None or at.get(one.id) is not None
    ]
    bounds = replace(bounds, homes={**homes, **bounds.homes})
    again = _Quoting(gone, field, bounds, NOBODY, None).quote()
    settled = {line.wanted.id for line in again.lines}
    lines = [one for one in first.lines if one.wanted.id not in settled] + list(again.lines)
    return Quote(
        _by_name(lines),
        first.refusal or again.refusal,
        first.relaxations or again.relaxations,
        first.proofs + again.proofs,
    )


def ended_line(wanted: Wanted, at: Candidate | None) -> Line:
    """Of what is to end: where it is, and no price."""
    return Line(wanted, demand_of(wanted, Bounds()), at, None, NOTHING_SAID)


class _Quoting:
    """One placing of all that have no place; nothing is told of those that leave."""

    def __init__(
        self, members: Members, field: Field, bounds: Bounds, leaving: Leaving, only: Only
    ) -> None:
        self._members, self._field, self._bounds = members, field, bounds
        self._leaving, self._only = leaving, only
        self._team = team_of(members, bounds)

    def quote(self) -> Quote:
        team, field = self._team, self._field
        answer = field.place(team.demands, team.standing)
        lines = self._placed_lines()
        if isinstance(answer, Placed):
            lines += self._quoted_lines(answer)
            proof = field.proof(team.demands, team.standing, answer)
            self._take(answer, range(len(team.demands)))
            return Quote(_by_name(lines), None, (), () if proof is None else (proof,))
        helped = team_relaxations(team.demands, field, team.standing)
        said: dict[object, Explanation] = {}
        for wanted, demand in zip(team.unplaced, team.demands, strict=True):
            if not self._is_told(wanted):
                continue
            asks = (demand.asks, demand.home)
            if asks not in said:
                explanation = field.explain(demand, team.standing)
                if len(team.demands) > 1:
                    explanation = replace(explanation, relaxations=helped)
                said[asks] = explanation
            lines.append(Line(wanted, demand, None, None, said[asks]))
        return Quote(_by_name(lines), field.refusal(team.demands, answer), helped)

    def _is_told(self, wanted: Wanted) -> bool:
        return self._only is None or wanted.id in self._only

    def _quoted_lines(self, answer: Placed) -> list[Line]:
        """Each explained as the last of the team: the others have taken their room already.

        In a large team those that ask for the same are explained as the first of them is.
        """
        lines, team = [], self._team
        said: dict[object, Explanation] = {}
        is_alone = len(team.demands) <= EXPLAINED_ALONE
        for index, (wanted, demand) in enumerate(zip(team.unplaced, team.demands, strict=True)):
            if not self._is_told(wanted):
                continue
            asks = index if is_alone else (demand.asks, demand.component)
            if asks not in said:
                said[asks] = self._as_last(answer, index)
            lines.append(_line(wanted, demand, answer.options[index].candidate, said[asks]))
        return lines

    def _as_last(self, answer: Placed, index: int) -> Explanation:
        team, mark = self._team, self._field.mark()
        others = [at for at in range(len(team.demands)) if at != index]
        self._take(answer, others)
        beside = tuple(
            Standing(component, answer.options[at].candidate.host)
            for at in others
            if (component := team.demands[at].component) is not None
        )
        found = self._field.explain(team.demands[index], team.standing + beside)
        self._field.undo(mark)
        return found

    def _take(self, answer: Placed, which: Iterable[int]) -> None:
        for at in which:
            self._field.take(answer.options[at].candidate.host, self._team.demands[at])

    def _placed_lines(self) -> list[Line]:
        """Each explained as if it were placed anew: its own room counts as free."""
        lines = []
        for wanted, host in self._members:
            if host is None or wanted.id in self._leaving or not self._is_told(wanted):
                continue
            at = self._field.candidate(host)
            if at is not None:
                lines.append(self._placed_line(wanted, at))
        return lines

    def _placed_line(self, wanted: Wanted, at: Candidate) -> Line:
        field, demand = self._field, demand_of(wanted, self._bounds)
        others = [(one, where) for one, where in self._members if one.id != wanted.id]
        standing, mark = standing_of(others), field.mark()
        field.leave(at.host, wanted.id, demand.tenant, demand.room)
        explanation = field.explain(demand, standing)
        better = better_ones(demand, at.host, explanation.relaxations, field, standing)
        field.undo(mark)
        return _line(wanted, demand, at, replace(explanation, relaxations=better))


def _host_of(at: Candidate | None) -> HostId | None:
    return None if at is None else at.host


def _line(wanted: Wanted, demand: Demand, at: Candidate, explanation: Explanation) -> Line:
    price = price_per_month(at.ground.prices, demand.size)
    return Line(wanted, demand, at, price, explanation)


def _superlative(demand: Demand) -> str:
    goals = goals_of(demand.policy)
    words = {
        "nearness": "nearest",
        "price": "cheapest",
        "carbon": "cleanest",
        "room": "emptiest",
    }
    found = [word for goal, word in words.items() if getattr(goals, goal)]
    return found[0] if len(found) == 1 else "best" if found else "emptiest"


def _by_name(lines: Sequence[Line]) -> tuple[Line, ...]:
    return tuple(sorted(lines, key=lambda one: one.wanted.address.name))
