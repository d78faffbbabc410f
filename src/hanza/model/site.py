"""Who owns what: providers, their sites, and the hosts that stand there."""

from dataclasses import dataclass
from datetime import datetime

from hanza.model.capacity import Capacity
from hanza.model.ids import AgentId, HostId, ProviderId, SiteId

Country = str
"""ISO 3166-1 alpha-2, upper case."""

ANYWHERE: Country = "*"
"""Under no single country's law: wherever the federation has a host."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A legal entity that owns sites."""

    id: ProviderId
    name: str
    title: str


@dataclass(frozen=True, slots=True)
class Site:
    """One micro data centre.  Latitude and longitude are in degrees."""

    id: SiteId
    provider: ProviderId
    name: str
    country: Country
    city: str
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Host:
    """A thing with capacity at a site, as its agent last described it."""

    id: HostId
    agent: AgentId
    site: SiteId
    name: str
    capacity: Capacity
    held: Capacity
    accelerator: str
    is_offered: bool
    """False once the agent no longer reports it, or two incarnations contest its key."""


@dataclass(frozen=True, slots=True)
class Agent:
    """The one who does and looks at one engine endpoint of a site."""

    id: AgentId
    site: SiteId
    driver: str
    joined_at: datetime
    heard_at: datetime | None
    is_contested: bool
