"""Teams of any size that are placed as one, on candidates: as the engine does it on its fleet."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hanza.plan.placement.candidate import Candidate, Demand, Neighbour
from hanza.plan.placement.choose import MEMBERS_MAX, Placed, Unplaced, look, place_group
from hanza.plan.placement.fleet import Fleet, Host, Standing

HEARD_WITHIN = timedelta(seconds=1)
NOW = datetime(2000, 1, 1, tzinfo=UTC)
"""Of a fleet of candidates: whether they are heard is known, and not when."""


def place_team(
    demands: Sequence[Demand],
    candidates: Sequence[Candidate],
    neighbours: Sequence[Neighbour] = (),
) -> Placed | Unplaced:
    """As `place_group`; beyond what it can search, one after another on a fleet."""
    if len(demands) <= MEMBERS_MAX:
        return place_group(demands, candidates, neighbours)
    fleet = fleet_of(candidates)
    standing = [Standing(one.component, one.candidate.host) for one in neighbours]
    answer = fleet.place_group(demands, standing, NOW)
    if isinstance(answer, Placed):
        known = {one.host: one for one in candidates}
        options = (replace(one, candidate=known[one.candidate.host]) for one in answer.options)
        return Placed(tuple(options), answer.is_exact)
    asked = {one.asks: one for one in reversed(demands)}.values()
    stuck = [one for one in reversed(asked) if fleet.choose(one, (), NOW) is None]
    return Unplaced(look(stuck[0], candidates) if stuck else None, answer.is_exact)


def fleet_of(candidates: Sequence[Candidate]) -> Fleet:
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
