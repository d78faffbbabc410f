"""What a provider says of its sites, as documents of `hanza.federation/v1`.

Acts, calendar, prices in time, its own users, and what it may know of what stands at its sites.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta, Struct

from hanza.model.errors import Invalid
from hanza.model.price import Prices
from hanza.model.site import Site
from hanza.model.standing import (
    MINUTES_A_DAY,
    Hours,
    Member,
    Occupant,
    Opening,
    Period,
    Standing,
    Window,
)
from hanza.plan.admission import check_title
from hanza.plan.pricing import price_per_month
from hanza.wire.federation_v1 import (
    AgentDoc,
    EventDoc,
    HostDoc,
    PricesDoc,
    ProviderDoc,
    SiteDoc,
)
from hanza.wire.terms_v1 import TermsDoc

Text = Annotated[str, Meta(max_length=200)]
Moment = Annotated[datetime, Meta(tz=True)]
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-(([01][0-9]|2[0-3]):([0-5][0-9])|24:00)\Z")


class ProviderUserSpec(Struct, forbid_unknown_fields=True):
    role: Literal["admin", "viewer"] = "viewer"


class ProviderUserPut(Struct, forbid_unknown_fields=True):
    spec: ProviderUserSpec = msgspec.field(default_factory=ProviderUserSpec)


class ProviderUserDoc(Struct, rename="camel"):
    provider: str
    subject: str
    role: Member
    since: datetime


class WhereDoc(Struct, forbid_unknown_fields=True, rename={"site_class": "class"}):
    """Values of one key widen, several keys narrow."""

    site: Annotated[list[Text], Meta(max_length=1000)] = []
    provider: Annotated[list[Text], Meta(max_length=1000)] = []
    country: Annotated[list[Text], Meta(max_length=300)] = []
    city: Annotated[list[Text], Meta(max_length=1000)] = []
    site_class: Annotated[list[Text], Meta(max_length=100)] = []

    def words(self) -> Mapping[str, Sequence[str]]:
        return {
            "site": self.site,
            "provider": self.provider,
            "country": self.country,
            "city": self.city,
            "class": self.site_class,
        }


class ReasonDoc(Struct):
    code: str
    text: str


class WindowDoc(Struct, rename="camel"):
    id: str
    begins_at: datetime = msgspec.field(name="from")
    ends_at: datetime = msgspec.field(name="until")
    text: str
    announced_at: datetime


class DrainDoc(Struct, rename="camel"):
    """`left` of the instances and volumes that stood there, `beganWith` so many."""

    since: datetime
    by: datetime | None
    began_with: int
    left: int


class HoursDoc(Struct, forbid_unknown_fields=True):
    """Lines such as `mon-fri 09:00-17:00`, in the time zone; always open without any."""

    zone: Annotated[str, Meta(max_length=64)] = "UTC"
    open: Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(max_length=50)] = []


class HoursPut(Struct, forbid_unknown_fields=True, rename="camel"):
    """With `dryRun` the answer tells what the site would be, and nothing is kept."""

    spec: HoursDoc = msgspec.field(default_factory=HoursDoc)
    dry_run: bool = False


class OwnSiteDoc(Struct, rename="camel"):
    """A site as its provider sees it.  Without `reasons` it takes what is new."""

    name: str
    provider: str
    country: str
    is_offered: bool
    reasons: list[ReasonDoc]
    holds: int
    cordoned_at: datetime | None
    leave_at: datetime | None
    left_at: datetime | None
    hours: HoursDoc
    maintenance: list[WindowDoc]
    drain: DrainDoc | None = None
    held_endings: int = 0
    """Endings that its agents hold back since they are too many at once; somebody may confirm."""


class ActedDoc(Struct, rename="camel"):
    changed: bool
    site: OwnSiteDoc


class SiteActDoc(Struct, rename="camel"):
    """`matched` sites were meant; `dryRun` tells that nothing was done."""

    act: str
    dry_run: bool
    matched: int
    changed: int
    items: list[ActedDoc]


class ConfirmSpec(Struct, forbid_unknown_fields=True, rename="camel"):
    """`expect` is how many endings were held when somebody looked; others, and nothing is done."""

    expect: Annotated[int, Meta(ge=0)] | None = None
    dry_run: bool = False


class ConfirmPost(Struct, forbid_unknown_fields=True):
    spec: ConfirmSpec = msgspec.field(default_factory=ConfirmSpec)


class ConfirmDoc(Struct, rename="camel"):
    site: str
    held: int
    confirmed: int
    dry_run: bool


class PauseDoc(Struct, rename="camel"):
    provider: str
    is_suspended: bool
    changed: bool
    dry_run: bool
    sites: int


class PauseSpec(Struct, forbid_unknown_fields=True, rename="camel"):
    why: Text = ""
    dry_run: bool = False


class PausePost(Struct, forbid_unknown_fields=True):
    spec: PauseSpec = msgspec.field(default_factory=PauseSpec)


class WindowSpec(Struct, forbid_unknown_fields=True):
    begins_at: Moment = msgspec.field(name="from")
    ends_at: Moment = msgspec.field(name="until")
    text: Annotated[str, Meta(min_length=1, max_length=200)]
    urgent: bool = False


class SiteActSpec(Struct, forbid_unknown_fields=True, rename="camel"):
    """`at` is a drain's deadline, or the day on which a site leaves; `hours` and `window` go with
    the acts `hours` and `maintenance`.  `expect` is how many sites are meant: others than that,
    and nothing is done.  `dryRun` tells what would be."""

    act: Literal["cordon", "uncordon", "drain", "undrain", "leave", "stay", "hours", "maintenance"]
    where: WhereDoc = msgspec.field(default_factory=WhereDoc)
    all: bool = False
    why: Text = ""
    at: Moment | None = None
    hours: HoursDoc | None = None
    window: WindowSpec | None = None
    expect: Annotated[int, Meta(ge=0)] | None = None
    dry_run: bool = False


class SiteActPost(Struct, forbid_unknown_fields=True):
    spec: SiteActSpec


class WindowPost(Struct, forbid_unknown_fields=True, rename="camel"):
    """With `dryRun` the answer tells what would be announced, and nobody is told."""

    spec: WindowSpec
    dry_run: bool = False


class PeriodSpec(Struct, forbid_unknown_fields=True):
    """From now on without `from`; without `prices` nobody knows what it costs meanwhile."""

    prices: PricesDoc | None
    begins_at: Moment | None = msgspec.field(default=None, name="from")
    ends_at: Moment | None = msgspec.field(default=None, name="until")


class PeriodPost(Struct, forbid_unknown_fields=True):
    spec: PeriodSpec


class PeriodDoc(Struct, rename="camel"):
    id: str
    begins_at: datetime = msgspec.field(name="from")
    ends_at: datetime | None = msgspec.field(name="until")
    prices: PricesDoc | None
    announced_at: datetime
    counts: bool
    """Whether it is what is asked now."""


class GuestDoc(Struct, rename="camel"):
    """What a provider may know of what stands at its site; `priceMonth` is what was agreed."""

    kind: str
    id: str
    tenant: str
    site: str
    host: str
    cpus: int
    memory_mib: int = msgspec.field(name="memoryMiB")
    disk_mib: int = msgspec.field(name="diskMiB")
    since: datetime | None
    is_ending: bool
    price_per_month: int | None


class ExportDoc(Struct, rename="camel", kw_only=True):
    """Everything that is known of a site and is its provider's to take along.

    `prices`, `terms` and `provider` are of the whole provider.
    """

    federation: str
    provider: ProviderDoc
    site: SiteDoc
    standing: OwnSiteDoc
    hosts: list[HostDoc]
    agents: list[AgentDoc]
    guests: list[GuestDoc]
    prices: list[PeriodDoc]
    terms: TermsDoc
    events: list[EventDoc]
    exported_at: datetime


def hours_from_doc(doc: HoursDoc) -> Hours:
    """Raises `Invalid` naming the line."""
    try:
        ZoneInfo(doc.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        hint = "such as Europe/Zagreb"
        raise Invalid(f"{doc.zone!r} is no time zone", field="spec.zone", hint=hint) from error
    lines = (_opening(line, f"spec.open[{n}]") for n, line in enumerate(doc.open))
    return Hours(doc.zone, tuple(lines))


def window_from_doc(spec: WindowSpec, window: str, now: datetime, field: str = "spec") -> Window:
    """Of this id, announced now.  Raises `Invalid`."""
    begins = in_utc(spec.begins_at, f"{field}.from")
    ends = in_utc(spec.ends_at, f"{field}.until")
    return Window(window, begins, ends, check_title(spec.text, f"{field}.text"), now)


def hours_to_doc(hours: Hours) -> HoursDoc:
    return HoursDoc(hours.zone, [_line(one) for one in hours.openings])


def window_to_doc(one: Window) -> WindowDoc:
    return WindowDoc(one.id, one.begins_at, one.ends_at, one.text, one.announced_at)


def period_to_doc(one: Period, *, counts: bool) -> PeriodDoc:
    prices = one.prices
    asked = PricesDoc(prices.cpu_hour, prices.gib_hour, prices.disk_gib_hour) if prices else None
    return PeriodDoc(one.id, one.begins_at, one.ends_at, asked, one.announced_at, counts)


def guest_to_doc(one: Occupant, agreed: Prices | None) -> GuestDoc:
    """`agreed` are the prices of when it came."""
    size = one.size
    price = None if one.since is None else price_per_month(agreed, size)
    return GuestDoc(
        one.kind,
        one.id,
        one.tenant,
        one.site,
        one.host,
        size.cpus,
        size.memory_mib,
        size.disk_mib,
        one.since,
        one.is_ending,
        price,
    )


def own_site_to_doc(
    site: Site,
    provider: str,
    said: tuple[Standing, Sequence[Sequence[str]]],
    holds: int,
    drain: DrainDoc | None = None,
    held_endings: int = 0,
) -> OwnSiteDoc:
    standing, reasons = said
    return OwnSiteDoc(
        site.name,
        provider,
        site.country,
        not reasons,
        [ReasonDoc(*one) for one in reasons],
        holds,
        standing.cordoned_at,
        standing.leave_at,
        standing.left_at,
        hours_to_doc(standing.hours),
        [window_to_doc(one) for one in standing.windows],
        drain,
        held_endings,
    )


def in_utc(moment: datetime, field: str) -> datetime:
    """Raises `Invalid` for a moment that is none in UTC, at the ends of all time."""
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise Invalid("this is no moment that can be told", field=field) from error


def maybe_utc(moment: datetime | None, field: str) -> datetime | None:
    return None if moment is None else in_utc(moment, field)


def _opening(line: str, field: str) -> Opening:
    """From `mon-fri 09:00-17:00`, `sat,sun 10:00-14:00` or `daily 22:00-06:00`."""
    days, _, times = line.strip().lower().partition(" ")
    match = _TIME.match(times.strip())
    known = _days(days)
    if match is None or known is None:
        hint = "such as 'mon-fri 09:00-17:00', 'sat 10:00-24:00' or 'daily 22:00-06:00'"
        raise Invalid(f"{line!r} is no opening", field=field, hint=hint)
    begins = int(match[1]) * 60 + int(match[2])
    ends = MINUTES_A_DAY if match[4] is None else int(match[4]) * 60 + int(match[5])
    if ends <= begins:
        ends += MINUTES_A_DAY
    return Opening(known, begins, ends)


def _days(text: str) -> frozenset[int] | None:
    if text == "daily":
        return frozenset(range(len(DAYS)))
    found: set[int] = set()
    for part in text.split(","):
        first, separator, last = part.partition("-")
        if first not in DAYS or (separator and last not in DAYS):
            return None
        begins = DAYS.index(first)
        ends = DAYS.index(last) if separator else begins
        found |= {(begins + n) % len(DAYS) for n in range((ends - begins) % len(DAYS) + 1)}
    return frozenset(found)


def _line(one: Opening) -> str:
    days = (
        "daily" if len(one.days) == len(DAYS) else ",".join(DAYS[day] for day in sorted(one.days))
    )
    ends = one.ends if one.ends <= MINUTES_A_DAY else one.ends - MINUTES_A_DAY
    return f"{days} {one.begins // 60:02d}:{one.begins % 60:02d}-{ends // 60:02d}:{ends % 60:02d}"
