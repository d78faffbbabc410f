"""What no place on earth could ever satisfy: policies that contradict themselves, and how.

Only what is certain is refused: whoever may join later could not help either.  The words name the
rule and which level says what.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from hanza.model.errors import Refusal
from hanza.model.policy import Beside, Over, Policy, Requirement, Spread
from hanza.model.site import Country
from hanza.plan.countries import words_of_countries
from hanza.plan.nearness import least_between_ms

Level = tuple[str, Policy]
"""Who says it, in the tenant's words, and what."""
_Says = Callable[[Policy], str]

_NOTHING_LEFT = "nothing is left of what the policy allows"
_SAME: dict[Over, tuple[Over, ...]] = {
    "host": ("host", "site", "provider", "country"),
    "site": ("site", "provider", "country"),
    "provider": ("provider",),
    "country": ("country",),
}
"""What else is the same for two that stand at the same one of these."""


class Contradiction(Refusal):
    """Levels of a policy that nothing can satisfy together."""

    code = "policy.contradiction"


def countries_left(policy: Policy) -> frozenset[Country] | None:
    """The countries that residency and regions leave; None when all but the denied may be."""
    allowed = policy.countries
    if policy.regions is not None:
        regions = frozenset(region.upper() for region in policy.regions)
        allowed = regions if allowed is None else allowed & regions
    return None if allowed is None else allowed - policy.countries_denied


def places_left(policy: Policy, over: Over) -> int | None:
    """How many different ones there can be at most; None where nobody can know."""
    if over == "country":
        left = countries_left(policy)
        return None if left is None else len(left)
    if over == "provider" and policy.providers is not None:
        return len(policy.providers - policy.providers_denied)
    return None


def refuse_contradictions(policy: Policy, levels: Sequence[Level]) -> None:
    """Raises `Contradiction`; `policy` is what the levels say together."""
    _law(policy, levels)
    _owners(policy, levels)
    names = [one.point.name for one in policy.near]
    if len(set(names)) < len(names):
        _refuse("near", levels, _points)
    _attributes(policy, levels)
    if policy.price_max == 0:
        _refuse("price", levels, _price, "nothing costs 0 euro")
    for spread in policy.spreads:
        most = places_left(policy, spread.over)
        if spread.is_hard and most is not None and (spread.distinct_min or 0) > most:
            why = f"{_distinct(spread)} cannot be: {most} {_may_be(most)} allowed"
            _refuse("spread", levels, partial(_says_of_places, spread.over), why)
    _companions(policy, levels)


def refuse_out_of_reach(policy: Policy, levels: Sequence[Level]) -> None:
    """Raises `Contradiction` for points that no place is near enough to, by the speed of light."""
    limits = [(one.point, one.rtt_ms_max) for one in policy.near if one.rtt_ms_max is not None]
    for number, (point, limit) in enumerate(limits):
        for other, other_limit in limits[:number]:
            least = least_between_ms(point, other)
            if limit + other_limit < least:
                why = (
                    f"light in fibre needs {least:.0f} ms between {other.name} and {point.name},"
                    f" more than {other_limit} ms and {limit} ms together"
                )
                _refuse("near", levels, _limits, why)
    for reach in policy.reaches:
        most = max(
            sum(least_between_ms(one, other) <= 2 * reach.rtt_ms_max for other in reach.points)
            for one in reach.points
        )
        if most < reach.wanted:
            why = (
                f"light in fibre reaches no more than {most} of {len(reach.points)} points"
                f" within {reach.rtt_ms_max} ms from anywhere"
            )
            _refuse("reach", levels, _reaches, why)


def refuse_too_narrow(name: str, count: int, policy: Policy) -> None:
    """Raises `Contradiction` when so many cannot stand as far apart as the policy demands."""
    for spread in policy.spreads:
        if not spread.is_hard:
            continue
        if (spread.distinct_min or 0) > count:
            text = (
                f"spread: {count} of {name} cannot stand at {spread.distinct_min} different ones"
                f" by {spread.over}"
            )
            raise Contradiction(text, hint="ask for more replicas, or for less")
        places, share = places_left(policy, spread.over), spread.share_max
        if places is None or share is None:
            continue
        limit = max(1, count * share // 100)
        if places * limit < count:
            text = (
                f"spread: {count} of {name} cannot stand with no more than {limit} in one"
                f" {spread.over}: {places} {_may_be(places)} allowed"
            )
            raise Contradiction(text, hint=f"allow another {spread.over}, or a larger maxShare")


def _law(policy: Policy, levels: Sequence[Level]) -> None:
    if policy.countries is not None and not policy.countries - policy.countries_denied:
        _refuse("residency", levels, _residency)
    left = countries_left(policy)
    if left is not None and not left:
        _refuse("region", levels, lambda one: _listed("regions", one.regions) or _residency(one))


def _owners(policy: Policy, levels: Sequence[Level]) -> None:
    if policy.providers is not None and not policy.providers - policy.providers_denied:
        _refuse("provider", levels, _providers)
    if policy.classes is not None and not policy.classes:
        _refuse("class", levels, lambda one: _listed("of class", one.classes))


def _attributes(policy: Policy, levels: Sequence[Level]) -> None:
    """Where `is` leaves nothing, or nothing that another demand could be met by."""
    only = {one.key: one.values for one in policy.requirements if one.how == "is"}
    for one in policy.requirements:
        left = only.get(one.key, one.values)
        is_met = one.values <= left if one.how == "all" else bool(one.values & left)
        if not is_met:
            _refuse("attribute", levels, partial(_required, one.key))


def _companions(policy: Policy, levels: Sequence[Level]) -> None:
    """One instance or volume is at one place: who is beside it cannot be spread over several."""
    for beside in policy.besides:
        if not beside.is_hard or beside.kind == "component":
            continue
        for spread in policy.spreads:
            if (
                spread.is_hard
                and (spread.distinct_min or 0) > 1
                and spread.over in _SAME[beside.over]
            ):
                why = (
                    f"{_distinct(spread)} cannot be: all are to stand"
                    f" at the {beside.over} of {beside.words}"
                )
                _refuse("with", levels, partial(_says_of_companions, spread.over), why)


def _refuse(rule: str, levels: Sequence[Level], says: _Says, why: str = _NOTHING_LEFT) -> None:
    said = [f"{name} says {says(policy)}" for name, policy in levels if says(policy)]
    text = f"{rule}: {why}: {'; '.join(said)}"
    raise Contradiction(text, hint="change one of them: a lower level only ever tightens")


def _residency(policy: Policy) -> str:
    allowed = "" if policy.countries is None else "allow " + words_of_countries(policy.countries)
    denied = words_of_countries(policy.countries_denied)
    return ", ".join(part for part in (allowed, denied and f"deny {denied}") if part)


def _points(policy: Policy) -> str:
    points = (one.point for one in policy.near)
    return ", ".join(f"{one.name} at {one.latitude:g} {one.longitude:g}" for one in points)


def _limits(policy: Policy) -> str:
    limits = (one for one in policy.near if one.rtt_ms_max is not None)
    return ", ".join(f"{one.point.name} within {one.rtt_ms_max} ms" for one in limits)


def _reaches(policy: Policy) -> str:
    return ", ".join(
        f"{one.wanted} of {len(one.points)} points within {one.rtt_ms_max} ms"
        for one in policy.reaches
    )


def _price(policy: Policy) -> str:
    return "" if policy.price_max != 0 else "no more than 0 euro"


def _providers(policy: Policy) -> str:
    parts = (_listed("allow", policy.providers), _listed("deny", policy.providers_denied or None))
    return ", ".join(part for part in parts if part)


def _says_of_places(over: Over, policy: Policy) -> str:
    spreads = _joined(_distinct(one) for one in policy.spreads if one.is_hard and one.over == over)
    if over == "provider":
        return _joined((spreads, _providers(policy)))
    return _joined((spreads, _residency(policy), _listed("regions", policy.regions)))


def _says_of_companions(over: Over, policy: Policy) -> str:
    spreads = (_distinct(one) for one in policy.spreads if one.is_hard and one.over == over)
    return _joined((*spreads, *(_with(one) for one in policy.besides if one.is_hard)))


def _with(beside: Beside) -> str:
    return f"at the {beside.over} of {beside.words}"


def _distinct(spread: Spread) -> str:
    return f"{spread.distinct_min or 1} different by {spread.over}"


def _may_be(count: int) -> str:
    return "is" if count == 1 else "are"


def _required(key: str, policy: Policy) -> str:
    return _joined(_demanded(one) for one in policy.requirements if one.key == key)


def _demanded(one: Requirement) -> str:
    joint = " and " if one.how == "all" else " or "
    how = "is" if one.how == "is" else "has"
    return f"{one.key} {how} {joint.join(sorted(one.values))}"


def _joined(parts: Iterable[str]) -> str:
    return ", ".join(part for part in parts if part)


def _listed(word: str, names: frozenset[str] | None) -> str:
    return "" if names is None else f"{word} {', '.join(sorted(names))}"
