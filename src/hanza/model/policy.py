"""What a tenant demands of place, law, nearness and price.

Hard rules keep an instance off a host; goals say which of the hosts that are left is best.  A
policy is frozen data: how levels of it combine is `plan.policy`, what it means for a host is
`plan.placement.rules`.  An empty policy demands nothing.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from hanza.model.price import MicroEuro
from hanza.model.site import Country

Over: TypeAlias = Literal["host", "site", "provider", "country"]
OVERS: tuple[Over, ...] = get_args(Over)
Subject: TypeAlias = Literal["provider", "site"]
How: TypeAlias = Literal["is", "any", "all"]
"""`is`: everything known of the attribute is among the values; `any`: one of the values is
there; `all`: each of them is."""
Kind: TypeAlias = Literal["instance", "volume", "component"]
Mobility: TypeAlias = Literal["never", "ask", "free"]
"""Whether it may be moved: never; when its tenant says yes each time; without being asked.  Each
is stricter than the next."""
MOBILITIES: tuple[Mobility, ...] = get_args(Mobility)


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """A place on earth by a name of its own."""

    name: str
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Near:
    """Nearness to one point is wanted; demanded where `rtt_ms_max` says how near."""

    point: Point
    rtt_ms_max: int | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """So many of these points, in percent and at least one, must be within a round trip.

    Counted as the percentile by nearest rank: `percent` of n points is the next whole number of
    them, so 90 of 10 points are 9, and 90 of 3 points are all 3.
    """

    points: tuple[Point, ...]
    rtt_ms_max: int
    percent: int = 100

    @property
    def wanted(self) -> int:
        """How many of the points that is."""
        return max(1, -(-len(self.points) * self.percent // 100))


@dataclass(frozen=True, slots=True)
class Requirement:
    """What an attribute of the provider or the site must be.  Unknown is never enough."""

    subject: Subject
    attribute: str
    how: How
    values: frozenset[str]

    @property
    def key(self) -> str:
        return f"{self.subject}.{self.attribute}"


@dataclass(frozen=True, slots=True)
class Spread:
    """How the replicas of one component stand apart.

    At least `distinct_min` different ones, or no more than `share_max` percent in one (and
    never less than one replica).  Soft: as far as it can be had.
    """

    over: Over
    distinct_min: int | None = None
    share_max: int | None = None
    is_hard: bool = True


@dataclass(frozen=True, slots=True, order=True)
class Seal:
    """The least level of the EU's sovereignty framework, 0 to 4, that provider and site both have.

    `objective` is `sov_1` to `sov_8`, or empty for the overall level, which no objective is below.
    """

    objective: str
    level: int

    @property
    def attribute(self) -> str:
        """Where a provider's or a site's claim stands."""
        return f"seal_{self.objective}" if self.objective else "seal"


@dataclass(frozen=True, slots=True, order=True)
class Beside:
    """To stand where something else of the same workspace stands; soft: if that can be had.

    An instance or a volume is named by its name.  A component is one of the same app, and it is
    enough to stand where one of its replicas does.
    """

    over: Over
    kind: Kind
    name: str
    is_hard: bool = True

    @property
    def words(self) -> str:
        """What it is beside, in the tenant's words."""
        return self.name if self.kind == "instance" else f"{self.kind} {self.name}"

    @property
    def key(self) -> str:
        return f"{self.over}|{self.kind}|{self.name}"


@dataclass(frozen=True, slots=True)
class Goals:
    """Weights of what makes a host better; only their proportions count."""

    nearness: int = 0
    price: int = 0
    carbon: int = 0
    room: int = 0
    """How empty the host is."""


PRESETS = {
    "nearest": Goals(nearness=1),
    "cheapest": Goals(price=1),
    "greenest": Goals(carbon=1),
    "roomiest": Goals(room=1),
    "balanced": Goals(nearness=2, price=2, carbon=1),
}


@dataclass(frozen=True, slots=True)
class Policy:
    """None means that nothing is said: any country, region, provider, class, price."""

    countries: frozenset[Country] | None = None
    countries_denied: frozenset[Country] = frozenset()
    regions: frozenset[str] | None = None
    """Legal areas by their lower-case codes; the region `eu` is the whole federation and so
    never stands here."""
    providers: frozenset[str] | None = None
    providers_denied: frozenset[str] = frozenset()
    classes: frozenset[str] | None = None
    requirements: tuple[Requirement, ...] = ()
    near: tuple[Near, ...] = ()
    spreads: tuple[Spread, ...] = ()
    goals: Goals | None = None
    price_max: MicroEuro | None = None
    """For one instance and a month of 730 hours."""
    carbon_max: int | None = None
    """Grams of CO2 for one kilowatt-hour, by the yearly average of the country's grid."""
    reaches: tuple[Reach, ...] = ()
    seals: tuple[Seal, ...] = ()
    besides: tuple[Beside, ...] = ()
    data: frozenset[str] | None = None
    """Classes of data that it handles: providers may take none of one."""
    moves: Mobility | None = None
    """Nothing said counts as ask."""
