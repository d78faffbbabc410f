"""Policies as they travel and as they are kept: the same words in the API, app files and store.

    residency: {allow: [EU, CH], deny: [HU]}
    regions: [de, nl]
    providers: {deny: [elsewhere]}
    classes: [micro_dc, store]
    require:
      - {provider: control_by_third_country, is: none}
      - {provider: certifications, all: [iso_27001, bsi_c5]}
    near: [Ljubljana, {city: Amsterdam, maxMs: 25}, {latitude: 46.1, longitude: 14.5}]
    spread: [{over: site, min: 2}, {over: provider, prefer: true}]
    goals: balanced
    caps: {price: 30.00, carbon: 300}

Translation only; unknown members are refused, and every refusal names the member.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeAlias

import msgspec
from msgspec import Meta, Struct

from hanza.model.errors import Invalid
from hanza.model.policy import (
    PRESETS,
    Goals,
    How,
    Near,
    Over,
    Point,
    Policy,
    Requirement,
    Spread,
    Subject,
)
from hanza.plan.admission import check_attribute, check_name, check_place, check_value, check_word
from hanza.plan.countries import countries_of

MICRO = 1_000_000
FindCity: TypeAlias = Callable[[str, str], Point]
"""From a name and the field that says it; raises `Invalid`."""

Word = Annotated[str, Meta(max_length=200)]
Words = Annotated[list[Word], Meta(min_length=1, max_length=100)]


class Members(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Who may and who may not; nobody named to allow means everybody."""

    allow: Words | None = None
    deny: Words | None = None


class Require(Struct, forbid_unknown_fields=True, omit_defaults=True, rename={"is_": "is"}):
    """One attribute of `provider` or `site`, and what it `is`, has `any` or `all` of."""

    provider: Word | None = None
    site: Word | None = None
    is_: Word | Words | None = None
    any: Word | Words | None = None
    all: Word | Words | None = None


class NearTo(Struct, forbid_unknown_fields=True, omit_defaults=True, rename="camel"):
    """A city, or coordinates that may have a name; `maxMs` makes it a hard rule."""

    city: Word | None = None
    name: Word | None = None
    latitude: float | None = None
    longitude: float | None = None
    max_ms: Annotated[int, Meta(ge=1, le=1000)] | None = None


class SpreadOver(Struct, forbid_unknown_fields=True, omit_defaults=True, rename="camel"):
    """How replicas stand apart; hard unless `prefer`."""

    over: Over
    min: Annotated[int, Meta(ge=1, le=1000)] | None = None
    max_share: Annotated[int, Meta(ge=1, le=100)] | None = None
    prefer: bool = False


class Weights(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What makes a place better; only the proportions count."""

    nearness: Annotated[int, Meta(ge=0, le=1000)] = 0
    price: Annotated[int, Meta(ge=0, le=1000)] = 0
    carbon: Annotated[int, Meta(ge=0, le=1000)] = 0


class Caps(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """`price` in euro for an instance and a month, `carbon` in g CO2/kWh."""

    price: Annotated[float, Meta(ge=0, le=1e9)] | None = None
    carbon: Annotated[int, Meta(ge=0, le=10_000)] | None = None


class PolicyDoc(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What is demanded of place, law, nearness and price; what is not said is not demanded."""

    residency: Words | Members | None = None
    regions: Words | None = None
    providers: Members | None = None
    classes: Words | None = None
    require: Annotated[list[Require], Meta(max_length=32)] = []
    near: Annotated[list[Word | NearTo], Meta(max_length=16)] = []
    spread: Annotated[list[SpreadOver], Meta(max_length=8)] = []
    goals: Word | Weights | None = None
    caps: Caps | None = None


_INSIDE: dict[str, type[Struct]] = {
    "": PolicyDoc,
    "residency": Members,
    "providers": Members,
    "require": Require,
    "near": NearTo,
    "spread": SpreadOver,
    "goals": Weights,
    "caps": Caps,
}


def members_at(path: str) -> tuple[str, ...]:
    """Which members are known at a path such as `near[0]`; the policy's own at the empty one."""
    fields = msgspec.structs.fields(_INSIDE[path.partition("[")[0].partition(".")[0]])
    return tuple(field.encode_name for field in fields)


def policy_from_doc(doc: PolicyDoc, find_city: FindCity) -> Policy:
    """Raises `Invalid` naming the member that is wrong, from the policy's root."""
    residency = doc.residency
    if isinstance(residency, list):
        residency = Members(allow=residency)
    allow, deny = (residency.allow, residency.deny) if residency else (None, None)
    providers = doc.providers or Members()
    caps = doc.caps or Caps()
    field = "residency" if isinstance(doc.residency, list) else "residency.allow"
    return Policy(
        countries=None if allow is None else countries_of(allow, field),
        countries_denied=countries_of(deny or (), "residency.deny"),
        regions=_regions(doc.regions),
        providers=_names(providers.allow, "providers.allow"),
        providers_denied=_names(providers.deny, "providers.deny") or frozenset(),
        classes=_classes(doc.classes),
        requirements=tuple(_requirement(one, f"require[{n}]") for n, one in enumerate(doc.require)),
        near=tuple(_near(one, f"near[{n}]", find_city) for n, one in enumerate(doc.near)),
        spreads=tuple(_spread(one, f"spread[{n}]") for n, one in enumerate(doc.spread)),
        goals=_goals(doc.goals),
        price_max=None if caps.price is None else round(caps.price * MICRO),
        carbon_max=caps.carbon,
    )


def policy_to_doc(policy: Policy) -> PolicyDoc:
    """In full: sets of countries as their members, cities as points, goals as weights."""
    goals, price = policy.goals, policy.price_max
    has_caps = price is not None or policy.carbon_max is not None
    return PolicyDoc(
        residency=_members(policy.countries, policy.countries_denied),
        regions=_sorted(policy.regions),
        providers=_members(policy.providers, policy.providers_denied),
        classes=_sorted(policy.classes),
        require=[_require(one) for one in policy.requirements],
        near=[
            NearTo(None, one.point.name, one.point.latitude, one.point.longitude, one.rtt_ms_max)
            for one in policy.near
        ],
        spread=[
            SpreadOver(one.over, one.distinct_min, one.share_max, not one.is_hard)
            for one in policy.spreads
        ],
        goals=Weights(goals.nearness, goals.price, goals.carbon) if goals else None,
        caps=Caps(None if price is None else price / MICRO, policy.carbon_max)
        if has_caps
        else None,
    )


def policy_from_json(value: object | None) -> Policy | None:
    """As the store kept it, or None."""
    return None if value is None else policy_from_doc(msgspec.convert(value, PolicyDoc), _no_city)


def policy_to_json(policy: Policy | None) -> Any:
    return None if policy is None else msgspec.to_builtins(policy_to_doc(policy))


def _no_city(name: str, field: str) -> Point:
    raise Invalid(f"{name!r} is not kept as a point", field=field)


def _regions(words: Sequence[str] | None) -> frozenset[str] | None:
    """The region `eu` is the whole federation, so with it nothing is demanded."""
    if words is None or "eu" in words:
        return None
    for index, word in enumerate(words):
        if not (len(word) == 2 and word.isascii() and word.isalpha() and word.islower()):
            raise Invalid(f"{word[:40]!r} is no region such as de or eu", field=f"regions[{index}]")
    return frozenset(words)


def _names(words: Sequence[str] | None, field: str) -> frozenset[str] | None:
    if words is None:
        return None
    return frozenset(check_name(word, f"{field}[{n}]") for n, word in enumerate(words))


def _classes(words: Sequence[str] | None) -> frozenset[str] | None:
    if words is None:
        return None
    return frozenset(check_word(word, f"classes[{n}]") for n, word in enumerate(words))


def _requirement(one: Require, field: str) -> Requirement:
    if (one.provider is None) == (one.site is None):
        raise Invalid("name one attribute of provider or of site", field=field)
    given: list[tuple[How, str | list[str]]] = []
    for how, words in (("is", one.is_), ("any", one.any), ("all", one.all)):
        if words is not None:
            given.append((how, words))  # type: ignore[arg-type]
    if len(given) != 1:
        raise Invalid("say what it is, or has any or all of: one of the three", field=field)
    how, words = given[0]
    subject: Subject = "site" if one.provider is None else "provider"
    name = check_attribute(one.provider or one.site or "", f"{field}.{subject}")
    values = [words] if isinstance(words, str) else words
    return Requirement(
        subject, name, how, frozenset(check_value(value, f"{field}.{how}") for value in values)
    )


def _require(one: Requirement) -> Require:
    values = sorted(one.values)
    said = {"is_" if one.how == "is" else one.how: values, one.subject: one.attribute}
    return Require(**said)  # type: ignore[arg-type]


def _near(one: str | NearTo, field: str, find_city: FindCity) -> Near:
    if isinstance(one, str):
        return Near(find_city(one, field))
    if one.city is not None:
        if (one.name, one.latitude, one.longitude) != (None, None, None):
            raise Invalid("say a city or coordinates, not both", field=field)
        return Near(find_city(one.city, f"{field}.city"), one.max_ms)
    if one.latitude is None or one.longitude is None:
        raise Invalid("say a city, or latitude and longitude", field=field)
    check_place(one.latitude, one.longitude, f"{field}.")
    name = f"{one.latitude:g}, {one.longitude:g}" if one.name is None else one.name
    point = Point(check_value(name, f"{field}.name"), one.latitude, one.longitude)
    return Near(point, one.max_ms)


def _spread(one: SpreadOver, field: str) -> Spread:
    if one.min is None and one.max_share is None and not one.prefer:
        raise Invalid("say min or maxShare, or prefer: true", field=field)
    return Spread(one.over, one.min, one.max_share, not one.prefer)


def _goals(goals: str | Weights | None) -> Goals | None:
    if isinstance(goals, str):
        if goals not in PRESETS:
            raise Invalid(f"{goals[:40]!r} is none of {', '.join(PRESETS)}", field="goals")
        return PRESETS[goals]
    return None if goals is None else Goals(goals.nearness, goals.price, goals.carbon)


def _members(allow: frozenset[str] | None, deny: frozenset[str]) -> Members | None:
    if allow is None and not deny:
        return None
    return Members(_sorted(allow), _sorted(deny or None))


def _sorted(words: frozenset[str] | None) -> list[str] | None:
    return None if words is None else sorted(words)
