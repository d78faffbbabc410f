"""What is allowed to be said and is yet most likely a slip: told as a warning, never refused.

A provider may join tomorrow, so a policy may name one that is not there; and every workspace is
new once.  But a deny list with a slip in it keeps nobody out, which nobody sees, so it is said.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from hanza.kit.text import meant_by
from hanza.model.policy import Over, Point, Policy
from hanza.plan.beyond import too_far
from hanza.plan.countries import CODES, meant_by_code


def doubts_of_providers(policies: Iterable[Policy], known: Collection[str]) -> tuple[str, ...]:
    """One sentence for each provider that is named and not among the known."""
    found = set()
    for policy in policies:
        allowed = policy.providers or frozenset()
        for name in policy.providers_denied - set(known):
            found.add((name, "denying it keeps nobody out"))
        for name in allowed - set(known):
            found.add((name, "allowing it gives no place"))
    return tuple(
        f"there is no provider {name}, so {effect} until it joins{_perhaps(name, known)}"
        for name, effect in sorted(found)
    )


def doubts_of_countries(policies: Iterable[Policy]) -> tuple[str, ...]:
    """One sentence for each code that no country has: it may be assigned one day."""
    named: set[str] = set()
    for one in policies:
        named |= (one.countries or frozenset()) | one.countries_denied
    found = []
    for code in sorted(named - CODES):
        meant = meant_by_code(code)
        found.append(f"no country has the code {code}{'' if meant is None else f'; {meant}'}")
    return tuple(found)


def doubts_of_spreads(policies: Iterable[Policy], there: Mapping[Over, int]) -> tuple[str, ...]:
    """One sentence for each hard spread over more than there are yet."""
    wide = {
        (one.over, one.distinct_min or 0)
        for policy in policies
        for one in policy.spreads
        if one.is_hard and (one.distinct_min or 0) > there[one.over]
    }
    return tuple(
        f"the federation has {there[over]} different by {over}, so nothing is spread over {count}"
        " until more have joined"
        for over, count in sorted(wide)
    )


def doubts_of_limits(policies: Iterable[Policy], sites: Sequence[Point]) -> tuple[str, ...]:
    """One sentence for each limit that light from no site meets yet."""
    return tuple(
        f"{why}, so nothing is placed by it until others have joined"
        for policy in policies
        for why in too_far(policy, sites)
    )


def doubts_of_workspace(name: str, used: Collection[str]) -> tuple[str, ...]:
    """That nothing is in it, where the tenant has other workspaces with something in them."""
    if not used or name in used:
        return ()
    return (f"workspace {name} has nothing in it yet{_perhaps(name, used)}",)


def _perhaps(name: str, known: Collection[str]) -> str:
    meant = meant_by(name, known)
    return "" if meant is None else f"; perhaps {meant}"
