"""What the federation as it is now cannot give.

Spreads over more than it has, and limits that light from none of its sites meets.
Only what is certain is named: no load, no measurement and no price could change it, only somebody
who joins.  Where nobody has joined yet, nothing is beyond it.  Pure; `store.names` looks.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from hanza.model.policy import Near, Over, Point, Policy, Reach, Spread
from hanza.plan.contradictions import Contradiction
from hanza.plan.nearness import least_between_ms


@dataclass(frozen=True, slots=True)
class There:
    """What was looked at: how many different ones of each, and where its sites are, by name."""

    counts: Mapping[Over, int] = field(default_factory=dict)
    sites: Sequence[Point] = ()


NOT_LOOKED = There()


def overs_of(policies: Iterable[Policy]) -> set[Over]:
    """Over what any of them is to stand at several different ones."""
    return {
        spread.over
        for policy in policies
        for spread in policy.spreads
        if spread.is_hard and ((spread.distinct_min or 0) > 1 or spread.share_max is not None)
    }


def is_met(asked: Near | Reach, site: Point) -> bool:
    """Whether light could; a measurement never says less than that."""
    if isinstance(asked, Near):
        return asked.rtt_ms_max is None or least_between_ms(site, asked.point) <= asked.rtt_ms_max
    return _reached(asked, site) >= asked.wanted


def refuse_beyond(policy: Policy, there: There, members: int = 1) -> None:
    """Raises `Contradiction` for so many of one component, or for one instance by itself."""
    texts = [
        *(_too_wide(one, there.counts, members) for one in policy.spreads if one.is_hard),
        *too_far(policy, there.sites),
    ]
    for text in texts:
        if text is not None:
            raise Contradiction(text, hint="ask for less, or again when more have joined")


def too_far(policy: Policy, sites: Sequence[Point]) -> Iterator[str]:
    """Of each limit that light from none of the sites meets, why it cannot be."""
    if not sites:
        return
    for near in policy.near:
        if not any(is_met(near, site) for site in sites):
            least, name = min((least_between_ms(site, near.point), site.name) for site in sites)
            yield (
                f"near: {near.point.name} within {near.rtt_ms_max} ms cannot be: light in fibre"
                f" needs {least:.0f} ms from {name}, and no site is nearer"
            )
    for reach in policy.reaches:
        if not any(is_met(reach, site) for site in sites):
            most = max(_reached(reach, site) for site in sites)
            yield (
                f"reach: {reach.wanted} of {len(reach.points)} points within {reach.rtt_ms_max} ms"
                f" cannot be: light in fibre reaches {most} from any site"
            )


def _too_wide(spread: Spread, counts: Mapping[Over, int], members: int) -> str | None:
    count, over = counts.get(spread.over, 0), spread.over
    if not count:
        return None
    if (spread.distinct_min or 0) > count:
        return (
            f"spread: {spread.distinct_min} different by {over} cannot be: the federation has"
            f" {count}"
        )
    if spread.share_max is not None:
        limit = max(1, members * spread.share_max // 100)
        if count * limit < members:
            return (
                f"spread: {members} with no more than {limit} in one {over} cannot be: the"
                f" federation has {count} different by {over}"
            )
    return None


def _reached(reach: Reach, site: Point) -> int:
    return sum(least_between_ms(site, one) <= reach.rtt_ms_max for one in reach.points)
