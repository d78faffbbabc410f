"""Policies as they travel and as they are kept: the same words in the API, app files and store.

    residency: {allow: [EU, CH], deny: [HU]}
    regions: [de, nl]
    providers: {deny: [elsewhere]}
    classes: [micro_dc, store]
    require:
      - {provider: control_by_third_country, is: none}
      - {provider: certifications, all: [iso_27001, bsi_c5]}
    certificates: [bsi_c5]
    capabilities: [gpu]
    families: [general]
    data: [personal]
    seal: {overall: 2, sov_3: 3}
    near: [Ljubljana, {city: Amsterdam, maxMs: 25}, {latitude: 46.1, longitude: 14.5}]
    reach: [{of: [Graz, Linz, Wels], maxMs: 20, percent: 90}]
    spread: [{over: site, min: 2}, {over: provider, prefer: true}]
    with: [{over: site, component: db}, {over: host, volume: data, prefer: true}]
    goals: balanced
    caps: {price: 30.00, carbon: 300}
    moves: never

Translation only; unknown members are refused, and every refusal names the member.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import msgspec

from hanza.model.errors import Invalid
from hanza.model.policy import (
    PRESETS,
    Beside,
    Goals,
    How,
    Kind,
    Near,
    Point,
    Policy,
    Reach,
    Requirement,
    Seal,
    Spread,
    Subject,
)
from hanza.plan.admission import check_attribute, check_name, check_place, check_value, check_word
from hanza.plan.countries import countries_of
from hanza.wire.policy_shape import (
    Caps,
    Members,
    NearTo,
    Place,
    PolicyDoc,
    ReachOf,
    Require,
    Seals,
    SpreadOver,
    Weights,
    With,
)

MICRO = 1_000_000
FAMILIES = "sku_families"
"""The attribute of a site that says which families of skus it has."""
OBJECTIVES = tuple(f"sov_{number}" for number in range(1, 9))
FindCity: TypeAlias = Callable[[str, str], Point]
"""From a name and the field that says it; raises `Invalid`."""


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
        requirements=(
            *(_requirement(one, f"require[{n}]") for n, one in enumerate(doc.require)),
            *_has_all("provider", "certifications", doc.certificates, "certificates"),
            *_has_all("site", "capabilities", doc.capabilities, "capabilities"),
            *_families(doc.families),
        ),
        near=tuple(_near(one, f"near[{n}]", find_city) for n, one in enumerate(doc.near)),
        spreads=tuple(_spread(one, f"spread[{n}]") for n, one in enumerate(doc.spread)),
        goals=_goals(doc.goals),
        price_max=None if caps.price is None else round(caps.price * MICRO),
        carbon_max=caps.carbon,
        reaches=tuple(_reach(one, f"reach[{n}]", find_city) for n, one in enumerate(doc.reach)),
        seals=_seals(doc.seal),
        besides=tuple(_beside(one, f"with[{n}]") for n, one in enumerate(doc.with_)),
        data=_data(doc.data),
        moves=doc.moves,
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
        seal=_seals_to_doc(policy.seals),
        reach=[
            ReachOf(
                [Place(None, at.name, at.latitude, at.longitude) for at in one.points],
                one.rtt_ms_max,
                one.percent,
            )
            for one in policy.reaches
        ],
        with_=[_with(one) for one in policy.besides],
        data=_sorted(policy.data),
        goals=Weights(goals.nearness, goals.price, goals.carbon, goals.room) if goals else None,
        caps=Caps(None if price is None else price / MICRO, policy.carbon_max)
        if has_caps
        else None,
        moves=policy.moves,
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


def _has_all(
    subject: Subject, attribute: str, words: Sequence[str] | None, field: str
) -> tuple[Requirement, ...]:
    """What `certificates` and `capabilities` are short for."""
    if words is None:
        return ()
    values = frozenset(check_value(word, f"{field}[{n}]") for n, word in enumerate(words))
    return (Requirement(subject, attribute, "all", values),)


def _families(words: Sequence[str] | None) -> tuple[Requirement, ...]:
    """Of skus: a site that has any of them will do."""
    if words is None:
        return ()
    values = frozenset(check_value(word, f"families[{n}]") for n, word in enumerate(words))
    return (Requirement("site", FAMILIES, "any", values),)


def _data(words: Sequence[str] | None) -> frozenset[str] | None:
    if words is None:
        return None
    return frozenset(check_word(word, f"data[{n}]") for n, word in enumerate(words))


def _seals(said: int | Seals | None) -> tuple[Seal, ...]:
    if said is None:
        return ()
    levels = Seals(said) if isinstance(said, int) else said
    found = [("", levels.overall), *((one, getattr(levels, one)) for one in OBJECTIVES)]
    return tuple(Seal(one, level) for one, level in found if level is not None)


def _seals_to_doc(seals: Sequence[Seal]) -> Seals | None:
    if not seals:
        return None
    return Seals(**{one.objective or "overall": one.level for one in seals})


def _near(one: str | NearTo, field: str, find_city: FindCity) -> Near:
    if isinstance(one, str):
        return Near(find_city(one, field))
    return Near(_point(one, field, find_city), one.max_ms)


def _point(one: str | NearTo | Place, field: str, find_city: FindCity) -> Point:
    if isinstance(one, str):
        return find_city(one, field)
    if one.city is not None:
        if (one.name, one.latitude, one.longitude) != (None, None, None):
            raise Invalid("say a city or coordinates, not both", field=field)
        return find_city(one.city, f"{field}.city")
    if one.latitude is None or one.longitude is None:
        raise Invalid("say a city, or latitude and longitude", field=field)
    check_place(one.latitude, one.longitude, f"{field}.")
    name = f"{one.latitude:g}, {one.longitude:g}" if one.name is None else one.name
    return Point(check_value(name, f"{field}.name"), one.latitude, one.longitude)


def _reach(one: ReachOf, field: str, find_city: FindCity) -> Reach:
    points = [_point(at, f"{field}.of[{n}]", find_city) for n, at in enumerate(one.of)]
    if len(set(points)) < len(points):
        raise Invalid("one place is named twice, and would count twice", field=f"{field}.of")
    return Reach(tuple(points), one.max_ms, one.percent)


def _beside(one: With, field: str) -> Beside:
    named: list[tuple[Kind, str | None]] = [
        ("instance", one.instance),
        ("volume", one.volume),
        ("component", one.component),
    ]
    given = [(kind, name) for kind, name in named if name is not None]
    if len(given) != 1:
        raise Invalid("say an instance, a volume or a component: one of the three", field=field)
    ((kind, name),) = given
    return Beside(one.over, kind, _check_whose(name, f"{field}.{kind}"), not one.prefer)


def _check_whose(name: str, field: str) -> str:
    """A volume of an instance's own has the instance's name before a slash."""
    for part in name.split("/", 1) if field.endswith("volume") else (name,):
        check_name(part, field)
    return name


def _with(one: Beside) -> With:
    return With(one.over, **{one.kind: one.name}, prefer=not one.is_hard)


def _spread(one: SpreadOver, field: str) -> Spread:
    if one.min is None and one.max_share is None and not one.prefer:
        raise Invalid("say min or maxShare, or prefer: true", field=field)
    return Spread(one.over, one.min, one.max_share, not one.prefer)


def _goals(goals: str | Weights | None) -> Goals | None:
    if isinstance(goals, str):
        if goals not in PRESETS:
            raise Invalid(f"{goals[:40]!r} is none of {', '.join(PRESETS)}", field="goals")
        return PRESETS[goals]
    return None if goals is None else Goals(goals.nearness, goals.price, goals.carbon, goals.room)


def _members(allow: frozenset[str] | None, deny: frozenset[str]) -> Members | None:
    if allow is None and not deny:
        return None
    return Members(_sorted(allow), _sorted(deny or None))


def _sorted(words: frozenset[str] | None) -> list[str] | None:
    return None if words is None else sorted(words)
