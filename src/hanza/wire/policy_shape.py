"""The shape of a policy as types: what members there are, at each place of it.

The parsers take their lists of known members from here; what the members mean is
`wire.policy_v1`'s.
"""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from hanza.model.policy import Mobility, Over

Word = Annotated[str, Meta(max_length=200)]
Words = Annotated[list[Word], Meta(min_length=1, max_length=100)]
SealLevel = Annotated[int, Meta(ge=0, le=4)]


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


class Place(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A city, or coordinates that may have a name."""

    city: Word | None = None
    name: Word | None = None
    latitude: float | None = None
    longitude: float | None = None


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


class ReachOf(Struct, forbid_unknown_fields=True, omit_defaults=True, rename="camel"):
    """Places of which so many, in percent, are within `maxMs`: the percentile by nearest rank."""

    of: Annotated[list[Word | Place], Meta(min_length=1, max_length=64)]
    max_ms: Annotated[int, Meta(ge=1, le=1000)]
    percent: Annotated[int, Meta(ge=1, le=100)] = 100


class With(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """At the same host, site, provider or country as another; hard unless `prefer`.

    An instance or a volume is one of the same workspace, a component one of the same app.
    """

    over: Over
    instance: Word | None = None
    volume: Word | None = None
    component: Word | None = None
    prefer: bool = False


class Weights(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What makes a place better; only the proportions count."""

    nearness: Annotated[int, Meta(ge=0, le=1000)] = 0
    price: Annotated[int, Meta(ge=0, le=1000)] = 0
    carbon: Annotated[int, Meta(ge=0, le=1000)] = 0
    room: Annotated[int, Meta(ge=0, le=1000)] = 0


class Seals(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Least levels of the EU's Cloud Sovereignty Framework, overall and by objective."""

    overall: SealLevel | None = None
    sov_1: SealLevel | None = None
    sov_2: SealLevel | None = None
    sov_3: SealLevel | None = None
    sov_4: SealLevel | None = None
    sov_5: SealLevel | None = None
    sov_6: SealLevel | None = None
    sov_7: SealLevel | None = None
    sov_8: SealLevel | None = None


class Caps(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """`price` in euro for an instance and a month, `carbon` in g CO2/kWh."""

    price: Annotated[float, Meta(ge=0, le=1e9)] | None = None
    carbon: Annotated[int, Meta(ge=0, le=10_000)] | None = None


class PolicyDoc(Struct, forbid_unknown_fields=True, omit_defaults=True, rename={"with_": "with"}):
    """What is demanded of place, law, nearness and price; what is not said is not demanded."""

    residency: Words | Members | None = None
    regions: Words | None = None
    providers: Members | None = None
    classes: Words | None = None
    require: Annotated[list[Require], Meta(max_length=32)] = []
    certificates: Words | None = None
    capabilities: Words | None = None
    families: Words | None = None
    data: Words | None = None
    seal: SealLevel | Seals | None = None
    near: Annotated[list[Word | NearTo], Meta(max_length=16)] = []
    reach: Annotated[list[ReachOf], Meta(max_length=8)] = []
    spread: Annotated[list[SpreadOver], Meta(max_length=8)] = []
    with_: Annotated[list[With], Meta(max_length=8)] = []
    goals: Word | Weights | None = None
    caps: Caps | None = None
    moves: Mobility | None = None


_INSIDE: dict[str, type[Struct]] = {
    "": PolicyDoc,
    "residency": Members,
    "providers": Members,
    "require": Require,
    "seal": Seals,
    "near": NearTo,
    "reach": ReachOf,
    "spread": SpreadOver,
    "with": With,
    "goals": Weights,
    "caps": Caps,
}


def members_at(path: str) -> tuple[str, ...]:
    """Which members are known at a path such as `near[0]`; the policy's own at the empty one."""
    at = path.partition("[")[0].partition(".")[0]
    inside = Place if path.startswith("reach[") and ".of[" in path else _INSIDE[at]
    fields = msgspec.structs.fields(inside)
    return tuple(field.encode_name for field in fields)
