"""What placement looks at: hosts with what is known of their sites, and what is to be placed.

A snapshot, taken by the store and never changed: a choice works on copies.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter

from hanza.model.capacity import Capacity
from hanza.model.ids import AgentId, HostId, InstanceId, SiteId
from hanza.model.policy import Beside, Over, Point, Policy
from hanza.model.price import Prices
from hanza.model.quota import Amounts
from hanza.model.site import Attributes, Country
from hanza.model.terms import Terms
from hanza.plan.placement.pins import FREE, Pin


@dataclass(frozen=True, slots=True)
class Ground:
    """A site and its provider: all that a policy may ask of where a host stands."""

    site: SiteId
    name: str
    city: str
    country: Country
    latitude: float
    longitude: float
    provider: str
    site_class: str | None = None
    site_attributes: Attributes = field(default_factory=dict)
    provider_attributes: Attributes = field(default_factory=dict)
    prices: Prices | None = None
    prices_until: datetime | None = None
    """When its provider will ask something else, as far as that is announced."""
    withheld: tuple[str, ...] = ()
    """Why its provider takes nothing new there now; its hosts are then not offered."""
    carbon: float | None = None
    """Grams of CO2 for one kilowatt-hour."""
    rtts: Mapping[Point, float] = field(default_factory=dict)
    """Measured round trips in ms, by the place that was measured to."""
    terms: Terms | None = None
    """Its provider's own, where it has any."""
    taken: Mapping[str, Amounts] = field(default_factory=dict)
    """What its provider has taken already: by tenant, and of all under the empty name.  Known
    where it has terms."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One host as placement sees it."""

    host: HostId
    name: str
    agent: AgentId
    ground: Ground
    capacity: Capacity
    free: Capacity
    is_offered: bool
    is_heard: bool
    is_refusing: bool
    """The engine said lately that it has no room, whatever the books say."""
    ports: Mapping[int, InstanceId | None] = field(default_factory=dict)
    """Published there already, and by whom; None for what has only been planned there."""

    def stands_in(self, over: Over) -> str:
        """The host, site, provider or country, for spreading."""
        name: str = _STANDS_IN[over](self)
        return name


_STANDS_IN: dict[Over, Callable[[Candidate], str]] = {
    "host": attrgetter("host"),
    "site": attrgetter("ground.site"),
    "provider": attrgetter("ground.provider"),
    "country": attrgetter("ground.country"),
}


@dataclass(frozen=True, slots=True)
class Stand:
    """Where something is that others want to be beside."""

    host: HostId
    site: SiteId
    name: str
    """Of the site."""
    provider: str
    country: Country

    def stands_in(self, over: Over) -> str:
        found: str = getattr(self, over)
        return found


@dataclass(frozen=True, slots=True)
class Companion:
    """What it wants to be beside, and where that is; nowhere yet where `stands` is empty."""

    beside: Beside
    stands: tuple[Stand, ...] = ()


@dataclass(frozen=True, slots=True)
class Demand:
    """What is to be placed.  Demands of one component spread among each other."""

    name: str
    size: Capacity
    """With its volumes: what it is priced by."""
    policy: Policy
    component: str | None = None
    pin: Pin = FREE
    home: HostId | None = None
    """Where it ran until now: it stays there wherever that may be."""
    conflict: str | None = None
    """How the levels of its policy contradict each other; then no host may run it."""
    ports: tuple[int, ...] = ()
    """What it publishes at its host; one port leads to one guest."""
    companions: tuple[Companion, ...] = ()
    """Instances and volumes that its policy would have it stand beside.  Components of its own
    app are placed along with it, and so are not here."""
    tenant: str = ""
    """Whose it is: providers have terms."""

    @property
    def room(self) -> Capacity:
        """What it takes of its host: all but what its volumes hold there already."""
        return self.size - Capacity(0, 0, self.pin.held_mib)

    @property
    def cost(self) -> Amounts:
        """What it takes of its provider's terms."""
        room = self.room
        return Amounts(1, room.cpus, room.memory_mib, room.disk_mib)

    @property
    def asks(self) -> object:
        """Equal for those that ask for the same, whatever they are called and wherever they ran."""
        return (
            self.size,
            self.policy,
            self.component,
            self.pin,
            self.conflict,
            self.ports,
            self.companions,
            self.tenant,
        )


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A replica of the component that has its place already."""

    component: str
    candidate: Candidate
