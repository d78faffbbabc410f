"""Quotes the plain way, on lists of candidates, and on columns: both have to say the same."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from hanza.model.capacity import Capacity
from hanza.model.ids import HostId, InstanceId
from hanza.model.instance import Wanted
from hanza.model.quota import NONE
from hanza.plan.placement.beside import lacks_among
from hanza.plan.placement.candidate import Candidate, Demand, Neighbour
from hanza.plan.placement.choose import (
    MEMBERS_MAX,
    Placed,
    Unplaced,
    look,
    place_group,
    without_room,
)
from hanza.plan.placement.demand import Bounds
from hanza.plan.placement.explain import Explanation, explain, sentence_of
from hanza.plan.placement.fleet import Fleet, Host, Standing, Stuck
from hanza.plan.placement.mend import team_relaxations as mended
from hanza.plan.placement.proof import Proof
from hanza.plan.placement.quote import NOBODY, Quote
from hanza.plan.placement.quote import quote_team as quote_on
from hanza.plan.placement.relax import Relaxation
from hanza.plan.placement.score import Option
from hanza.plan.placement.terms import amounts_of, with_taken
from kit.grounds import NOW

HEARD_WITHIN = timedelta(seconds=1)


class PlainField:
    """As `Field` says, by looking at every candidate."""

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self.candidates = sorted(candidates, key=lambda one: one.host)
        self._before: list[list[Candidate]] = []

    def candidate(self, host: HostId) -> Candidate | None:
        return next((one for one in self.candidates if one.host == host), None)

    def place(self, demands: Sequence[Demand], standing: Sequence[Standing]) -> Placed | Stuck:
        if len(demands) > MEMBERS_MAX:
            return fleet_of(self.candidates).place_group(demands, standing, NOW)
        answer = place_group(demands, self.candidates, self._beside(standing))
        if isinstance(answer, Placed):
            return answer
        return Stuck(None if answer.looked is None else answer.looked.demand, answer.is_exact)

    def proof(
        self, demands: Sequence[Demand], standing: Sequence[Standing], placed: Placed
    ) -> Proof | None:
        with fleet_of(self.candidates).trial(NOW) as trial:
            return trial.proof(demands, standing, placed)

    def refusal(self, demands: Sequence[Demand], stuck: Stuck) -> str:
        looked = None if stuck.demand is None else look(stuck.demand, self.candidates)
        return sentence_of(Unplaced(looked, stuck.is_exact), demands)

    def explain(self, demand: Demand, standing: Sequence[Standing]) -> Explanation:
        return explain(demand, self.candidates, self._beside(standing))

    def may(self, demand: Demand, host: HostId) -> bool:
        options = look(demand, self.candidates).options
        return any(one.candidate.host == host for one in options)

    def points(
        self, demand: Demand, standing: Sequence[Standing], host: HostId
    ) -> tuple[int | None, int]:
        beside = self._beside(standing)
        totals = {
            one.candidate.host: one.total
            for one in look(demand, self.candidates).options
            if not lacks_among(demand, one.candidate, beside)
        }
        return totals.get(host), max(totals.values(), default=0)

    def take(self, host: HostId, demand: Demand) -> None:
        option = Option(self._at(host), 0, ())
        self._change(without_room(self.candidates, [option], [demand]))

    def leave(self, host: HostId, instance: InstanceId, tenant: str, room: Capacity) -> None:
        at = self._at(host)
        ports = {port: whose for port, whose in at.ports.items() if whose != instance}
        freed = [
            replace(one, free=one.free + room, ports=ports) if one.host == host else one
            for one in self.candidates
        ]
        self._change(with_taken(freed, [(at.ground, tenant, NONE - amounts_of(room))]))

    def mark(self) -> int:
        return len(self._before)

    def undo(self, mark: int) -> None:
        while len(self._before) > mark:
            self.candidates = self._before.pop()

    def _at(self, host: HostId) -> Candidate:
        found = self.candidate(host)
        assert found is not None
        return found

    def _change(self, after: list[Candidate]) -> None:
        self._before.append(self.candidates)
        self.candidates = after

    def _beside(self, standing: Sequence[Standing]) -> list[Neighbour]:
        known = ((one.component, self.candidate(one.host)) for one in standing)
        return [Neighbour(name, one) for name, one in known if one is not None]


def fleet_of(candidates: Sequence[Candidate]) -> Fleet:
    """Of hosts of which it is known whether they are heard, and not when."""
    fleet = Fleet(HEARD_WITHIN)
    for one in candidates:
        fleet.put_ground(one.ground)
        fleet.put(
            Host(
                one.host,
                one.name,
                one.agent,
                one.ground.site,
                one.capacity,
                one.free,
                one.is_offered,
                NOW if one.is_heard else None,
                NOW + HEARD_WITHIN if one.is_refusing else None,
                one.ports,
            )
        )
    return fleet


Members = Sequence[tuple[Wanted, HostId | None]]


def quote_team(
    members: Members,
    candidates: Sequence[Candidate],
    bounds: Bounds,
    leaving: Mapping[InstanceId, Capacity] = NOBODY,
    only: Collection[InstanceId] | None = None,
) -> Quote:
    """What both ways say."""
    return quote_and_hosts(members, candidates, bounds, leaving, only)[0]


def quote_and_hosts(
    members: Members,
    candidates: Sequence[Candidate],
    bounds: Bounds,
    leaving: Mapping[InstanceId, Capacity] = NOBODY,
    only: Collection[InstanceId] | None = None,
) -> tuple[Quote, list[Candidate]]:
    """And the hosts as they would be then; afterwards they are as they were."""
    plain, fleet = PlainField(candidates), fleet_of(candidates)
    expected = made(quote_on(members, plain, bounds, leaving, only))
    before = list(fleet.candidates(NOW))
    with fleet.trial(NOW) as trial:
        found = quote_on(members, trial, bounds, leaving, only)
        assert list(fleet.candidates(NOW)) == plain.candidates
    assert list(fleet.candidates(NOW)) == before
    # Read only now, when nothing is as it was when it was told.
    assert made(found).lines == expected.lines
    assert made(found) == expected
    return expected, plain.candidates


def made(quote: Quote) -> Quote:
    """With all that is made by who reads it."""
    lines = (replace(one, explanation=whole(one.explanation)) for one in quote.lines)
    return replace(quote, lines=tuple(lines))


def whole(explanation: Explanation) -> Explanation:
    losers, looks = tuple(explanation.losers), tuple(explanation.looks)
    return replace(explanation, losers=losers, looks=looks)


def team_relaxations(
    demands: Sequence[Demand],
    candidates: Sequence[Candidate],
    neighbours: Sequence[Neighbour] = (),
) -> tuple[Relaxation, ...]:
    """What both ways say."""
    standing = [Standing(one.component, one.candidate.host) for one in neighbours]
    expected = mended(demands, PlainField(candidates), standing)
    with fleet_of(candidates).trial(NOW) as trial:
        assert mended(demands, trial, standing) == expected
    return expected
