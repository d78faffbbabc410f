"""What a provider says of one of its sites, and what follows: whether it takes anything new now.

A provider's own word, above placement's.  It bounds what comes; what stands there stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from hanza.model.capacity import Capacity
from hanza.model.price import Prices

Member: TypeAlias = Literal["admin", "viewer"]
"""A provider's user: `admin` changes what is the provider's, `viewer` only looks."""
MINUTES_A_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Opening:
    """On these days of the week (Monday is 0), from and to so many minutes after midnight by the
    site's own clock.  What ends beyond midnight has more than a day's minutes."""

    days: frozenset[int]
    begins: int
    ends: int


@dataclass(frozen=True, slots=True)
class Hours:
    """When a site takes what is new, in its own time zone (IANA); always, without any opening."""

    zone: str = "UTC"
    openings: tuple[Opening, ...] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """A time at which somebody works on the site: nothing new comes, and what stands may rest."""

    id: str
    begins_at: datetime
    ends_at: datetime
    text: str
    announced_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """A provider's word on one site.  Texts are its reasons, for those who are refused."""

    cordoned: str | None = None
    cordoned_at: datetime | None = None
    suspended: str | None = None
    """Of the whole provider, and so of each of its sites."""
    draining_since: datetime | None = None
    drain_by: datetime | None = None
    leaving_since: datetime | None = None
    leave_at: datetime | None = None
    """Until when its tenants were given notice."""
    left_at: datetime | None = None
    hours: Hours = field(default_factory=Hours)
    windows: Sequence[Window] = ()


@dataclass(frozen=True, slots=True)
class Occupant:
    """An instance or a volume at a site, as the site's provider may know it.

    Of a volume only the disk counts, and since when it is there nobody has noted.
    """

    kind: Literal["instance", "volume"]
    id: str
    tenant: str
    site: str
    host: str
    size: Capacity
    since: datetime | None
    is_ending: bool


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a site takes nothing new: a code that never changes, and the same in words."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Offer:
    """Without a reason the site takes what is new; `until` it may be otherwise by time alone."""

    reasons: tuple[Reason, ...] = ()
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """Prices with their validity: from `begins_at`, and before `ends_at` where it has one.

    Without prices nobody knows what it costs meanwhile.
    """

    id: str
    begins_at: datetime
    prices: Prices | None
    announced_at: datetime
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Asking:
    """What is asked at one moment, and until when it is; None where nothing else is announced."""

    prices: Prices | None
    until: datetime | None = None
