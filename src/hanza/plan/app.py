"""An app's component as the instances it stands for.

Points are dealt to the replicas in turn, as cards are: with two points and two replicas each
serves one, with one replica it serves both, and with four each point is served twice.
"""

from dataclasses import replace

from hanza.model.policy import Policy, Spread
from hanza.plan.policy import Contradiction


def replicas_of(name: str, replicas: int | None, policy: Policy) -> tuple[tuple[str, Policy], ...]:
    """Names and policies of its instances: `name-1` to `name-n`, or `name` where none are counted.

    Several stand at different sites as far as that can be had, unless the policy says how they
    spread.  Raises `Contradiction` when a hard spread asks for more different places than there
    are replicas.
    """
    count = replicas or 1
    check_spreads(name, count, policy)
    if count > 1 and not policy.spreads:
        policy = replace(policy, spreads=(Spread("site", is_hard=False),))
    if replicas is None:
        return ((name, policy),)
    return tuple((f"{name}-{n + 1}", _dealt(policy, n, count)) for n in range(count))


def check_spreads(name: str, count: int, policy: Policy) -> None:
    """Raises `Contradiction` when so many cannot stand as far apart as the policy demands."""
    for spread in policy.spreads:
        if spread.is_hard and (spread.distinct_min or 0) > count:
            raise Contradiction(
                f"spread: {count} of {name} cannot stand at {spread.distinct_min} different ones"
                f" by {spread.over}",
                hint="ask for more replicas, or for less",
            )


def _dealt(policy: Policy, number: int, count: int) -> Policy:
    points = policy.near
    if count >= len(points):
        mine = points[number % len(points) : number % len(points) + 1] if points else ()
    else:
        mine = points[number::count]
    return replace(policy, near=mine)
