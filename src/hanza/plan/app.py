"""An app's component as the instances it stands for.

Points are dealt to the replicas in turn, as cards are: with two points and two replicas each
serves one, with one replica it serves both, and with four each point is served twice.
"""

from dataclasses import replace

from hanza.model.policy import Policy, Spread
from hanza.plan.contradictions import refuse_too_narrow


def replicas_of(name: str, replicas: int | None, policy: Policy) -> tuple[tuple[str, Policy], ...]:
    """Names and policies of its instances: `name-1` to `name-n`, or `name` where none are counted.

    Several stand at different sites as far as that can be had, unless the policy says how they
    spread.  Raises `Contradiction` when so many cannot stand as far apart as a hard spread asks.
    """
    count = replicas or 1
    refuse_too_narrow(name, count, policy)
    if count > 1 and not policy.spreads:
        policy = replace(policy, spreads=(Spread("site", is_hard=False),))
    if replicas is None:
        return ((name, policy),)
    return tuple((f"{name}-{n + 1}", _dealt(policy, n, count)) for n in range(count))


def _dealt(policy: Policy, number: int, count: int) -> Policy:
    points = policy.near
    if count >= len(points):
        mine = points[number % len(points) : number % len(points) + 1] if points else ()
    else:
        mine = points[number::count]
    return replace(policy, near=mine)
