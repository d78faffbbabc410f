"""`hanza.federation/v1`: the documents of the API, said with SECA's manners.

Each has `metadata`, `spec` (what was asked) and `status` (what is so).  Requests refuse unknown
members, so a misspelt wish is never half granted.
"""

from datetime import datetime
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from hanza.model.errors import Invalid
from hanza.model.guest import Port, Power
from hanza.model.image import Image
from hanza.model.instance import Address, Shown, Wanted
from hanza.model.report import Orphan
from hanza.model.site import Agent, Host, Provider, Site
from hanza.plan.admission import InstanceWish
from hanza.plan.seed import SSH_KEY_CHARACTERS_MAX

T = TypeVar("T")
Word = Annotated[str, Meta(max_length=1024)]


_INSTANCE_NAMES = {
    "memory_mib": "memoryMiB",
    "disk_mib": "diskMiB",
    "ssh_keys": "sshKeys",
    "user_data": "userData",
}


class ProviderSpec(Struct, forbid_unknown_fields=True):
    title: Word


class ProviderPut(Struct, forbid_unknown_fields=True):
    spec: ProviderSpec


class SiteSpec(Struct, forbid_unknown_fields=True):
    provider: Word
    country: Word
    city: Word
    latitude: float
    longitude: float


class SitePut(Struct, forbid_unknown_fields=True):
    spec: SiteSpec


class PortSpec(Struct, forbid_unknown_fields=True):
    port: int
    to: int


class InstanceSpec(Struct, forbid_unknown_fields=True, rename=_INSTANCE_NAMES):
    country: Word
    image: Word
    cpus: int
    memory_mib: int
    disk_mib: int
    power: Power = "on"
    hostname: Word = ""
    ssh_keys: list[Annotated[str, Meta(max_length=SSH_KEY_CHARACTERS_MAX)]] = []
    user_data: str = ""
    ports: list[PortSpec] = []

    def __repr__(self) -> str:
        """User data may hold secrets."""
        return f"InstanceSpec({self.country!r}, {self.image!r}, ...)"


class InstancePut(Struct, forbid_unknown_fields=True):
    spec: InstanceSpec


class ImageSpec(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Each part is named `sha256:...`."""

    disk: Word | None = None
    kernel: Word | None = None
    initrd: Word | None = None
    cmdline: Annotated[str, Meta(max_length=4096)] = ""


class ImagePut(Struct, forbid_unknown_fields=True):
    spec: ImageSpec


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
    is_contested: bool
    hosts: int


class AgentDoc(Struct):
    metadata: Metadata
    spec: AgentSpec
    status: AgentStatus


class OrphanDoc(Struct, rename="camel"):
    agent: str
    native: str
    instance: str
    run_epoch: int
    host: str
    power: str
    since: datetime


class JoinTokenDoc(Struct, rename="camel"):
    """Shown once: the plane keeps only a digest of the secret in it."""

    id: str
    site: str
    token: str
    expires_at: datetime


class Placement(Struct, rename="camel"):
    site: str
    city: str
    country: str
    provider: str
    host: str
    accelerator: str
    heard_at: datetime | None
    trouble: str | None
    address: str
    """Where the instance's ports are published; empty where none are."""


class InstanceStatus(Struct, rename="camel"):
    state: Literal["pending", "creating", "active", "deleting", "error"]
    power: Power | None
    boot: str
    reason: str | None
    reason_code: str | None
    placement: Placement | None
    serial_tail: str
    seen_at: datetime | None


class InstanceDoc(Struct):
    metadata: Metadata
    spec: InstanceSpec
    status: InstanceStatus


class BlobDoc(Struct):
    blob: str
    size: int


class ImageStatus(Struct):
    bundle: str
    size: int
    disk_mib: int = msgspec.field(name="diskMiB")
    instances: int = 0


class ImageDoc(Struct):
    metadata: Metadata
    spec: ImageSpec
    status: ImageStatus


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


def provider_to_doc(provider: Provider) -> ProviderDoc:
    return ProviderDoc(Metadata(provider.id, provider.name), ProviderSpec(provider.title))


def site_to_doc(site: Site, provider: str) -> SiteDoc:
    spec = SiteSpec(provider, site.country, site.city, site.latitude, site.longitude)
    return SiteDoc(Metadata(site.id, site.name), spec)


def host_to_doc(host: Host, site: str) -> HostDoc:
    status = HostStatus(
        host.capacity.cpus,
        host.capacity.memory_mib,
        host.capacity.disk_mib,
        host.held.cpus,
        host.held.memory_mib,
        host.held.disk_mib,
        host.accelerator,
        host.is_offered,
    )
    return HostDoc(Metadata(host.id, host.name), HostSpec(site), status)


def agent_to_doc(agent: Agent, site: str, hosts: int) -> AgentDoc:
    status = AgentStatus(agent.joined_at, agent.heard_at, agent.is_contested, hosts)
    return AgentDoc(Metadata(agent.id), AgentSpec(site, agent.driver), status)


def orphan_to_doc(agent: str, orphan: Orphan, since: datetime) -> OrphanDoc:
    mark = orphan.mark
    return OrphanDoc(
        agent, orphan.native, mark.owner, mark.run_epoch, orphan.host, orphan.power, since
    )


def image_to_doc(image: Image, instances: int) -> ImageDoc:
    bundle = image.bundle
    disk, kernel, initrd = (
        f"sha256:{blob.id}" if blob else None
        for blob in (bundle.disk, bundle.kernel, bundle.initrd)
    )
    return ImageDoc(
        Metadata(image.id, image.name, created_at=image.created_at),
        ImageSpec(disk, kernel, initrd, bundle.cmdline),
        ImageStatus(f"sha256:{bundle.id}", bundle.size, image.disk_mib, instances),
    )


def wish_from_put(address: Address, put: InstancePut) -> InstanceWish:
    spec = put.spec
    return InstanceWish(
        address,
        spec.country,
        spec.image,
        spec.cpus,
        spec.memory_mib,
        spec.disk_mib,
        spec.power,
        spec.hostname,
        tuple(spec.ssh_keys),
        spec.user_data,
        tuple(Port(one.port, one.to) for one in spec.ports),
    )


def instance_to_doc(
    wanted: Wanted,
    shown: Shown,
    placement: Placement | None,
    serial_tail: str,
    seen_at: datetime | None,
) -> InstanceDoc:
    address, spec = wanted.address, wanted.spec
    return InstanceDoc(
        Metadata(
            wanted.id,
            address.name,
            address.tenant,
            address.workspace,
            wanted.generation,
            wanted.created_at,
        ),
        InstanceSpec(
            wanted.country,
            spec.image,
            spec.cpus,
            spec.memory_mib,
            spec.disk_mib,
            wanted.power,
            spec.hostname,
            list(spec.ssh_keys),
            spec.user_data,
            [PortSpec(one.port, one.to) for one in spec.ports],
        ),
        InstanceStatus(
            shown.state,
            shown.power,
            shown.boot,
            shown.reason,
            shown.reason_code,
            placement,
            serial_tail,
            seen_at,
        ),
    )
