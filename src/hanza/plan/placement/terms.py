"""Providers' own terms in placement: whom they refuse, and how much more they take.

As rules they hold for one demand; `Tally` counts what several of one choice take together, so
that a choice never asks for what the guarded count would refuse.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from hanza.model.capacity import Capacity
from hanza.model.quota import NONE, WORDS, Amounts, Limits
from hanza.model.site import Country
from hanza.model.terms import Terms
from hanza.plan.placement.candidate import Candidate, Demand, Ground
from hanza.plan.placement.rule import Rule
from hanza.plan.quota import exceeded

ALL = ""
"""Under this name `Ground.taken` has what all tenants have together."""


def terms_rules(demand: Demand) -> tuple[Rule, ...]:
    """Nothing that a tenant could relax: they are the provider's."""
    tenant, cost = demand.tenant, demand.cost
    about = About(tenant, demand.tenant_country, demand.policy.data)

    def denied(ground: Ground) -> str | None:
        why = None if ground.terms is None else denial_of(ground.terms, about)
        return None if why is None else f"is of {ground.provider}, which takes nothing {why}"

    def full(ground: Ground) -> str | None:
        more = refusals_of(ground, tenant, cost)
        return f"is of {ground.provider}, which takes {more[0]}" if more else None

    return (
        Rule("denied", "", "of a provider that takes nothing of you", denied),
        Rule("capped", "", "of a provider that takes no more", full),
    )


@dataclass(frozen=True, slots=True)
class About:
    """What a provider may refuse for: whose it is, from where, and what data it handles."""

    tenant: str
    country: Country | None = None
    data: frozenset[str] | None = None


def denial_of(terms: Terms, about: About) -> str | None:
    """Completes "it takes nothing …"; None where it is not refused.

    What is not known is refused by a rule that would have to know it.
    """
    if about.tenant in terms.denied:
        return f"of {about.tenant}"
    if terms.tenant_countries and about.country is None:
        return f"of tenants whose country is not known, as that of {about.tenant} is not"
    if about.country in terms.tenant_countries:
        return f"of tenants from {about.country}"
    if terms.data_classes and not about.data:
        return "that does not say which classes of data it handles"
    refused = sorted((about.data or frozenset()) & terms.data_classes)
    return f"that handles data of class {', '.join(refused)}" if refused else None


def refusals_of(ground: Ground, tenant: str, more: Amounts) -> list[str]:
    """In words, what of this much more its provider does not take."""
    if ground.terms is None:
        return []
    found = []
    for one in exceeded(ground.taken.get(tenant, NONE), ground.terms.each, more):
        what = f"{one.limit} {WORDS[one.dimension]}"
        found.append(f"no more than {what} of {tenant} ({one.used} there)")
    # What the others have of it is nobody else's business, so that is not told.
    return found + [
        f"no more than {one.limit} {WORDS[one.dimension]} in all"
        for one in exceeded(ground.taken.get(ALL, NONE), ground.terms.total, more)
    ]


def amounts_of(room: Capacity) -> Amounts:
    """What one instance that takes this room counts."""
    return Amounts(1, room.cpus, room.memory_mib, room.disk_mib)


class Tally:
    """What one choice takes of each provider that has terms, so far."""

    def __init__(self, grounds: Iterable[Ground]) -> None:
        self._taken: dict[tuple[str, str], Amounts] = {}
        self._is_needed = any(one.terms is not None for one in grounds)

    def is_over(self, ground: Ground, demand: Demand) -> bool:
        """Whether its provider would not take this as well."""
        if not self._is_needed or ground.terms is None:
            return False
        pairs = ((demand.tenant, ground.terms.each), (ALL, ground.terms.total))
        return any(self._exceeds(ground, whose, limits, demand) for whose, limits in pairs)

    def add(self, ground: Ground, demand: Demand) -> None:
        self._count(ground, demand.tenant, demand.cost)

    def remove(self, ground: Ground, demand: Demand) -> None:
        self._count(ground, demand.tenant, NONE - demand.cost)

    def _count(self, ground: Ground, tenant: str, change: Amounts) -> None:
        if self._is_needed and ground.terms is not None:
            for whose in {tenant, ALL}:
                key = (ground.provider, whose)
                self._taken[key] = self._taken.get(key, NONE) + change

    def _exceeds(self, ground: Ground, whose: str, limits: Limits, demand: Demand) -> bool:
        here = self._taken.get((ground.provider, whose), NONE)
        return bool(exceeded(ground.taken.get(whose, NONE) + here, limits, demand.cost))


def with_taken(
    candidates: Sequence[Candidate], changes: Iterable[tuple[Ground, str, Amounts]]
) -> list[Candidate]:
    """The candidates once providers with terms have taken so much more, of a tenant each."""
    known = {one.ground.site: one.ground for one in candidates}
    changed = {one.site: one for one in grounds_with(known.values(), changes)}
    if not changed:
        return list(candidates)
    return [replace(one, ground=changed.get(one.ground.site, one.ground)) for one in candidates]


def grounds_with(
    grounds: Iterable[Ground], changes: Iterable[tuple[Ground, str, Amounts]]
) -> list[Ground]:
    """Those of the grounds that are another once providers have taken so much more."""
    more: dict[tuple[str, str], Amounts] = {}
    for ground, tenant, amounts in changes:
        if ground.terms is not None:
            for whose in {tenant, ALL}:
                key = (ground.provider, whose)
                more[key] = more.get(key, NONE) + amounts
    owners = {provider for provider, _ in more}
    return [_with_more(one, more) for one in grounds if one.provider in owners]


def _with_more(ground: Ground, more: dict[tuple[str, str], Amounts]) -> Ground:
    mine = {whose: amounts for (name, whose), amounts in more.items() if name == ground.provider}
    taken = dict(ground.taken)
    for whose, amounts in mine.items():
        taken[whose] = taken.get(whose, NONE) + amounts
    return replace(ground, taken=taken)
