"""Who owns what: providers, their sites, and the hosts that stand there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from hanza.model.capacity import Capacity
from hanza.model.ids import AgentId, HostId, ProviderId, SiteId
from hanza.model.price import Prices

Country = str
"""ISO 3166-1 alpha-2, upper case."""

Attributes: TypeAlias = Mapping[str, tuple[str, ...]]
"""What is known of a provider or site, by the vocabulary of the house: `certifications`,
`control_by_third_country`, `tier`.  What does not stand here, or says `unknown`, is unknown."""

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Provider:
    """A legal entity that owns sites.  Without prices nobody knows what it costs."""

    id: ProviderId
    name: str
    title: str
    prices: Prices | None = None
    attributes: Attributes = field(default_factory=dict)


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
    site_class: str | None = None
    """What kind of place it is: `store`, `street_cabinet`, `micro_dc`, `regional_dc`."""
    attributes: Attributes = field(default_factory=dict)


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
    heard_at: datetime | None = None
    """The last word of its agent: whom nobody hears gets nothing new."""


@dataclass(frozen=True, slots=True)
class Agent:
    """The one who does and looks at one engine endpoint of a site."""

    id: AgentId
    site: SiteId
    driver: str
    joined_at: datetime
    heard_at: datetime | None
    is_heard: bool
    """False once it was told to be silent; true again from its next word."""
    is_contested: bool
    revoked_at: datetime | None = None
    refused_since: datetime | None = None
    """Since when its reports say what cannot be; None from the next good one."""
    refused: str | None = None
    """What was wrong with the last of them."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A value that a provider or a site, by name, claims for a while."""

    kind: Literal["provider", "site"]
    member: str
    attribute: str
    value: str
    until: datetime | None
    has_ended: bool = False
