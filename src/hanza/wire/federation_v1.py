"""`hanza.federation/v1`: the documents of the API, said with SECA's manners.

Each has `metadata`, `spec` (what was asked) and `status` (what is so).  Requests refuse unknown
members, so a misspelt wish is never half granted.
"""

from datetime import datetime
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct

from hanza.model.errors import Invalid
from hanza.model.price import Prices
from hanza.model.report import Orphan
from hanza.model.site import Agent, Attributes, Host, Provider, Site
from hanza.model.tenant import References, Tenant
from hanza.model.volume import OrphanVolume
from hanza.plan.admission import check_attribute, check_value

T = TypeVar("T")
Word = Annotated[str, Meta(max_length=1024)]


Amount = Annotated[int, Meta(ge=0, le=10**12)]
Value = Word | bool | int
AttributesDoc = Annotated[
    dict[Word, Value | Annotated[list[Value], Meta(max_length=64)]], Meta(max_length=64)
]


class PricesDoc(
    Struct,
    forbid_unknown_fields=True,
    rename={"cpu_hour": "cpuHour", "gib_hour": "gibHour", "disk_gib_hour": "diskGibHour"},
):
    """In micro-euro for an hour of one cpu, one GiB of memory, one GiB of disk."""

    cpu_hour: Amount
    gib_hour: Amount
    disk_gib_hour: Amount


class ProviderSpec(Struct, forbid_unknown_fields=True):
    title: Word
    prices: PricesDoc | None = None
    attributes: AttributesDoc = {}


class ProviderPut(Struct, forbid_unknown_fields=True):
    spec: ProviderSpec


class SiteSpec(Struct, forbid_unknown_fields=True, rename={"site_class": "class"}):
    provider: Word
    country: Word
    city: Word
    latitude: float
    longitude: float
    site_class: Word | None = None
    attributes: AttributesDoc = {}


class SitePut(Struct, forbid_unknown_fields=True):
    spec: SiteSpec


class TenantSpec(Struct, forbid_unknown_fields=True):
    references: References | None = None


class TenantPut(Struct, forbid_unknown_fields=True):
    spec: TenantSpec = msgspec.field(default_factory=TenantSpec)


class ScopeDoc(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What a token may be used for at most; what is not said is not bounded."""

    tenants: Annotated[list[Word], Meta(max_length=64)] = []
    regions: Annotated[list[Word], Meta(max_length=64)] = []
    workspaces: Annotated[list[Word], Meta(max_length=256)] = []


class TokenSpec(Struct, forbid_unknown_fields=True, rename="camel"):
    subject: Word
    tenants: Annotated[list[Word], Meta(max_length=64)] = []
    providers: Annotated[list[Word], Meta(max_length=64)] = []
    """For which its bearer acts.  Nobody is made a provider's user by that."""
    valid_for_seconds: int = 86400
    roles: Annotated[list[Word], Meta(max_length=32)] | None = None
    """Of whoever is not known in the tenants yet; all may be done without a word on it."""
    scope: ScopeDoc | None = None


class TokenPost(Struct, forbid_unknown_fields=True):
    spec: TokenSpec


class Metadata(Struct, omit_defaults=True, rename="camel"):
    id: str
    name: str = ""
    tenant: str = ""
    workspace: str = ""
    generation: int = 0
    created_at: datetime | None = None


class ProviderDoc(Struct):
    metadata: Metadata
    spec: ProviderSpec


class SiteDoc(Struct):
    metadata: Metadata
    spec: SiteSpec


class TenantDoc(Struct):
    metadata: Metadata
    spec: TenantSpec


class TokenDoc(Struct, rename="camel"):
    """Shown once: the plane keeps nothing of it."""

    subject: str
    tenants: list[str]
    token: str
    expires_at: datetime
    added: list[str] = []
    """The tenants that did not know the subject before."""


class HostSpec(Struct):
    site: str


class HostStatus(Struct, rename="camel"):
    cpus: int
    memory_mib: int = msgspec.field(name="memoryMiB")
    disk_mib: int = msgspec.field(name="diskMiB")
    held_cpus: int = 0
    held_memory_mib: int = msgspec.field(name="heldMemoryMiB", default=0)
    held_disk_mib: int = msgspec.field(name="heldDiskMiB", default=0)
    accelerator: str = "none"
    is_offered: bool = True
    heard_at: datetime | None = None
    is_heard: bool = False
    """Whether its agent was heard lately; else nothing new is placed there."""


class HostDoc(Struct):
    metadata: Metadata
    spec: HostSpec
    status: HostStatus


class AgentSpec(Struct):
    site: str
    driver: str


class AgentStatus(Struct, rename="camel"):
    joined_at: datetime
    heard_at: datetime | None
    is_heard: bool
    is_contested: bool
    hosts: int
    revoked_at: datetime | None = None
    refused_since: datetime | None = None
    """Since when its reports say what cannot be; they are refused, and the last good one stands."""
    refused: str | None = None


class AgentDoc(Struct):
    metadata: Metadata
    spec: AgentSpec
    status: AgentStatus


class RevokedDoc(Struct):
    """How many instances were placed with it."""

    agent: str
    instances: int


class OrphanDoc(Struct, rename="camel"):
    agent: str
    native: str
    instance: str
    run_epoch: int
    host: str
    power: str
    since: datetime


class OrphanVolumeDoc(Struct, rename="camel"):
    agent: str
    native: str
    volume: str
    host: str
    size_mib: int = msgspec.field(name="sizeMiB")
    since: datetime = msgspec.field()


class JoinTokenDoc(Struct, rename="camel"):
    """Shown once: the plane keeps only a digest of the secret in it."""

    id: str
    site: str
    token: str
    expires_at: datetime


class EventDoc(Struct):
    serial: int
    at: datetime
    kind: str
    subject: str
    text: str


def request_from_json(body: bytes, kind: type[T]) -> T:
    """Raises `Invalid` naming the member that is wrong."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise Invalid(str(error), field="body") from error
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise Invalid("the body is not JSON", field="body") from error


def prices_from_doc(doc: PricesDoc | None) -> Prices | None:
    return None if doc is None else Prices(doc.cpu_hour, doc.gib_hour, doc.disk_gib_hour)


def attributes_from_doc(doc: AttributesDoc) -> Attributes:
    """One value or several, as words.  Raises `Invalid` naming the attribute."""
    found = {}
    for name, value in doc.items():
        field = f"spec.attributes.{check_attribute(name, 'spec.attributes')}"
        values = value if isinstance(value, list) else [value]
        found[name] = tuple(check_value(_word(one), field) for one in values)
    return found


def _word(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _attributes_to_doc(attributes: Attributes) -> AttributesDoc:
    return {
        name: values[0] if len(values) == 1 else list(values) for name, values in attributes.items()
    }


def provider_to_doc(provider: Provider) -> ProviderDoc:
    prices = provider.prices
    asked = PricesDoc(prices.cpu_hour, prices.gib_hour, prices.disk_gib_hour) if prices else None
    spec = ProviderSpec(provider.title, asked, _attributes_to_doc(provider.attributes))
    return ProviderDoc(Metadata(provider.id, provider.name), spec)


def site_to_doc(site: Site, provider: str) -> SiteDoc:
    spec = SiteSpec(
        provider,
        site.country,
        site.city,
        site.latitude,
        site.longitude,
        site.site_class,
        _attributes_to_doc(site.attributes),
    )
    return SiteDoc(Metadata(site.id, site.name), spec)


def tenant_to_doc(tenant: Tenant) -> TenantDoc:
    metadata = Metadata(tenant.name, tenant.name, created_at=tenant.created_at)
    return TenantDoc(metadata, TenantSpec(tenant.references))


def host_to_doc(host: Host, site: str, *, is_heard: bool) -> HostDoc:
    status = HostStatus(
        host.capacity.cpus,
        host.capacity.memory_mib,
        host.capacity.disk_mib,
        host.held.cpus,
        host.held.memory_mib,
        host.held.disk_mib,
        host.accelerator,
        host.is_offered,
        host.heard_at,
        is_heard,
    )
    return HostDoc(Metadata(host.id, host.name), HostSpec(site), status)


def agent_to_doc(agent: Agent, site: str, hosts: int) -> AgentDoc:
    status = AgentStatus(
        agent.joined_at,
        agent.heard_at,
        agent.is_heard,
        agent.is_contested,
        hosts,
        agent.revoked_at,
        agent.refused_since,
        agent.refused,
    )
    return AgentDoc(Metadata(agent.id), AgentSpec(site, agent.driver), status)


def orphan_to_doc(agent: str, orphan: Orphan, since: datetime) -> OrphanDoc:
    mark = orphan.mark
    return OrphanDoc(
        agent, orphan.native, mark.owner, mark.run_epoch, orphan.host, orphan.power, since
    )


def orphan_volume_to_doc(agent: str, orphan: OrphanVolume, since: datetime) -> OrphanVolumeDoc:
    return OrphanVolumeDoc(agent, orphan.native, orphan.volume, orphan.host, orphan.size_mib, since)
