"""How policies of several levels combine: tenant, workspace, component; only ever tightened.

Whatever an upper level forbids no lower one allows.  Where nothing is left that all of them
allow, the contradiction is named: the rule, and which level says what.  Goals are wishes and not
rules: the lowest level that has some decides.
"""

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from hanza.model.errors import Refusal
from hanza.model.policy import Near, Policy, Requirement, Spread
from hanza.model.site import Country
from hanza.plan.countries import words_of_countries

Level = tuple[str, Policy]
"""Who says it, in the tenant's words, and what."""


NOTHING = Policy()


class Contradiction(Refusal):
    """Levels of a policy that nothing can satisfy together."""

    code = "policy.contradiction"


def tighten(parent: Policy, child: Policy) -> Policy:
    """Both at once.  Raises `Contradiction`."""
    return effective([("parent", parent), ("child", child)])


def effective(levels: Sequence[Level]) -> Policy:
    """All levels at once, the upper first.  Raises `Contradiction` naming rule and levels."""
    combined = NOTHING
    for index, (_, policy) in enumerate(levels):
        if policy == NOTHING:
            continue
        combined = _combine(combined, policy)
        _refuse_contradictions(combined, levels[: index + 1])
    return combined


@functools.lru_cache(maxsize=1024)
def policy_of(country: str | None, policy: Policy | None) -> Policy:
    """Both at once.  Raises `Contradiction`.  Kept: most instances say one of a few things."""
    short = Policy() if country is None else Policy(countries=frozenset({country}))
    return effective([("country", short), ("policy", policy or Policy())])


def levels_above(tenant: str, workspace: str, kept: Mapping[str, Policy]) -> tuple[Level, ...]:
    """What a tenant keeps above everything in one of its workspaces, the upper first.

    `kept` is by workspace; under the empty name is the tenant's own.
    """
    named = (("", f"tenant {tenant}"), (workspace, f"workspace {workspace}"))
    return tuple((words, kept[name]) for name, words in named if name in kept)


def countries_left(policy: Policy) -> frozenset[Country] | None:
    """The countries that residency and regions leave; None when all but the denied may be."""
    allowed = policy.countries
    if policy.regions is not None:
        allowed = _both(allowed, frozenset(region.upper() for region in policy.regions))
    return None if allowed is None else allowed - policy.countries_denied


def words_of_law(policy: Policy) -> str:
    """Where the law lets it be, in the shortest words: `DE`, `EU`, `any but HU`, `any`."""
    left = countries_left(policy)
    if left is not None:
        return words_of_countries(left) or "none"
    denied = words_of_countries(policy.countries_denied)
    return f"any but {denied}" if denied else "any"


def _combine(parent: Policy, child: Policy) -> Policy:
    return Policy(
        countries=_both(parent.countries, child.countries),
        countries_denied=parent.countries_denied | child.countries_denied,
        regions=_both(parent.regions, child.regions),
        providers=_both(parent.providers, child.providers),
        providers_denied=parent.providers_denied | child.providers_denied,
        classes=_both(parent.classes, child.classes),
        requirements=_requirements((*parent.requirements, *child.requirements)),
        near=_near((*parent.near, *child.near)),
        spreads=_spreads((*parent.spreads, *child.spreads)),
        goals=child.goals or parent.goals,
        price_max=_least(parent.price_max, child.price_max),
        carbon_max=_least(parent.carbon_max, child.carbon_max),
    )


def _both(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    if one is None or other is None:
        return one if other is None else other
    return one & other


def _least(one: int | None, other: int | None) -> int | None:
    given = [value for value in (one, other) if value is not None]
    return min(given, default=None)


def _requirements(given: Iterable[Requirement]) -> tuple[Requirement, ...]:
    """`is` narrows, `all` grows, and each `any` stands for itself."""
    merged: dict[tuple[str, ...], Requirement] = {}
    for one in given:
        alone = tuple(sorted(one.values)) if one.how == "any" else ()
        key = (one.key, one.how, *alone)
        known = merged.get(key)
        values = one.values
        if known is not None:
            values = known.values & values if one.how == "is" else known.values | values
        merged[key] = Requirement(one.subject, one.attribute, one.how, values)
    return tuple(merged[key] for key in sorted(merged))


def _near(given: Iterable[Near]) -> tuple[Near, ...]:
    merged: dict[object, Near] = {}
    for one in given:
        known = merged.get(one.point)
        limit = _least(one.rtt_ms_max, known.rtt_ms_max if known else None)
        merged[one.point] = Near(one.point, limit)
    return tuple(merged.values())


def _spreads(given: Iterable[Spread]) -> tuple[Spread, ...]:
    merged: dict[tuple[str, bool], Spread] = {}
    for one in given:
        key = (one.over, one.is_hard)
        known = merged.get(key, one)
        distinct = [n for n in (one.distinct_min, known.distinct_min) if n is not None]
        share = _least(one.share_max, known.share_max)
        merged[key] = Spread(one.over, max(distinct, default=None), share, one.is_hard)
    return tuple(merged[key] for key in sorted(merged))


def _refuse_contradictions(policy: Policy, levels: Sequence[Level]) -> None:
    if policy.countries is not None and not policy.countries - policy.countries_denied:
        _refuse("residency", levels, _residency)
    left = countries_left(policy)
    if left is not None and not left:
        _refuse("region", levels, lambda one: _listed("regions", one.regions) or _residency(one))
    if policy.providers is not None and not policy.providers - policy.providers_denied:
        _refuse("provider", levels, _providers)
    if policy.classes is not None and not policy.classes:
        _refuse("class", levels, lambda one: _listed("of class", one.classes))
    names = [one.point.name for one in policy.near]
    if len(set(names)) < len(names):
        _refuse("near", levels, _points)
    for one in policy.requirements:
        if not one.values:
            _refuse("attribute", levels, partial(_required, one.key))


def _refuse(rule: str, levels: Sequence[Level], says: Callable[[Policy], str]) -> None:
    said = [f"{name} says {says(policy)}" for name, policy in levels if says(policy)]
    text = f"{rule}: nothing is left of what the policy allows: {'; '.join(said)}"
    raise Contradiction(text, hint="change one of them: a lower level only ever tightens")


def _residency(policy: Policy) -> str:
    allowed = "" if policy.countries is None else "allow " + words_of_countries(policy.countries)
    denied = words_of_countries(policy.countries_denied)
    return ", ".join(part for part in (allowed, denied and f"deny {denied}") if part)


def _points(policy: Policy) -> str:
    points = (one.point for one in policy.near)
    return ", ".join(f"{one.name} at {one.latitude:g} {one.longitude:g}" for one in points)


def _providers(policy: Policy) -> str:
    parts = (_listed("allow", policy.providers), _listed("deny", policy.providers_denied or None))
    return ", ".join(part for part in parts if part)


def _required(key: str, policy: Policy) -> str:
    found = [one for one in policy.requirements if one.key == key and one.how == "is"]
    return ", ".join(f"{key} is {' or '.join(sorted(one.values))}" for one in found)


def _listed(word: str, names: frozenset[str] | None) -> str:
    return "" if names is None else f"{word} {', '.join(sorted(names))}"
