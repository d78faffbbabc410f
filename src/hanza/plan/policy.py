"""How policies of several levels combine: tenant, workspace, component; only ever tightened.

Whatever an upper level forbids no lower one allows.  Where nothing is left that all of them
allow, the contradiction is named: the rule, and which level says what.  Goals are wishes and not
rules: the lowest level that has some decides.
"""

import functools
from collections.abc import Iterable, Mapping, Sequence

from hanza.model.policy import (
    MOBILITIES,
    Beside,
    Mobility,
    Near,
    Policy,
    Requirement,
    Seal,
    Spread,
)
from hanza.plan.contradictions import (
    Contradiction,
    Level,
    countries_left,
    refuse_contradictions,
    refuse_out_of_reach,
)
from hanza.plan.countries import words_of_countries

__all__ = [
    "Contradiction",
    "Level",
    "countries_left",
    "effective",
    "levels_above",
    "policy_of",
    "said_by",
    "tighten",
    "words_of_law",
]

NOTHING = Policy()


def tighten(parent: Policy, child: Policy) -> Policy:
    """Both at once.  Raises `Contradiction`."""
    return effective([("parent", parent), ("child", child)])


def effective(levels: Sequence[Level], *, is_dealt: bool = True) -> Policy:
    """All levels at once, the upper first.  Raises `Contradiction` naming rule and levels.

    While the points are still to be dealt to replicas (`is_dealt` false), no two of them have to
    be met from one place.
    """
    combined = NOTHING
    for index, (_, policy) in enumerate(levels):
        if policy == NOTHING:
            continue
        combined = _combine(combined, policy)
        refuse_contradictions(combined, levels[: index + 1])
        if is_dealt:
            refuse_out_of_reach(combined, levels[: index + 1])
    return combined


@functools.lru_cache(maxsize=1024)
def policy_of(country: str | None, policy: Policy | None) -> Policy:
    """Both at once.  Raises `Contradiction`.  Kept: most instances say one of a few things."""
    return effective([("country", _residence(country)), ("policy", policy or Policy())])


@functools.lru_cache(maxsize=1024)
def said_by(country: str | None, policy: Policy | None) -> Policy:
    """As `policy_of`, of what was admitted once: by whatever was a contradiction then."""
    return _combine(_residence(country), policy or NOTHING)


def _residence(country: str | None) -> Policy:
    return NOTHING if country is None else Policy(countries=frozenset({country}))


def levels_above(tenant: str, workspace: str, kept: Mapping[str, Policy]) -> tuple[Level, ...]:
    """What a tenant keeps above everything in one of its workspaces, the upper first.

    `kept` is by workspace; under the empty name is the tenant's own.
    """
    named = (("", f"tenant {tenant}"), (workspace, f"workspace {workspace}"))
    return tuple((words, kept[name]) for name, words in named if name in kept)


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
        reaches=tuple(dict.fromkeys((*parent.reaches, *child.reaches))),
        seals=_seals((*parent.seals, *child.seals)),
        besides=_besides((*parent.besides, *child.besides)),
        data=_either(parent.data, child.data),
        moves=_strictest(parent.moves, child.moves),
    )


def _both(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    if one is None or other is None:
        return one if other is None else other
    return one & other


def _either(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    if one is None or other is None:
        return one if other is None else other
    return one | other


def _least(one: int | None, other: int | None) -> int | None:
    given = [value for value in (one, other) if value is not None]
    return min(given, default=None)


def _strictest(one: Mobility | None, other: Mobility | None) -> Mobility | None:
    given = [said for said in (one, other) if said is not None]
    return min(given, key=MOBILITIES.index, default=None)


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


def _seals(given: Iterable[Seal]) -> tuple[Seal, ...]:
    highest: dict[str, int] = {}
    for one in given:
        highest[one.objective] = max(one.level, highest.get(one.objective, 0))
    return tuple(Seal(*one) for one in sorted(highest.items()))


def _besides(given: Iterable[Beside]) -> tuple[Beside, ...]:
    """What one level prefers and another demands is demanded."""
    merged: dict[str, Beside] = {}
    for one in given:
        known = merged.get(one.key)
        if known is None or one.is_hard:
            merged[one.key] = one
    return tuple(merged[key] for key in sorted(merged))
