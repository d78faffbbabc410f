"""Instances as documents of `hanza.federation/v1`, see `wire.federation_v1`.

What a guest is told may hold secrets: it comes back to its owner, and is in no `repr`.
"""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from hanza.model.errors import Invalid
from hanza.model.guest import Port, Power
from hanza.model.instance import Address, Shown, Wanted
from hanza.model.volume import Disk
from hanza.plan.admission import InstanceWish
from hanza.plan.seed import SSH_KEY_CHARACTERS_MAX
from hanza.wire.federation_v1 import Metadata, Word
from hanza.wire.policy_shape import PolicyDoc
from hanza.wire.policy_v1 import FindCity, policy_from_doc, policy_to_doc


class PortSpec(Struct, forbid_unknown_fields=True):
    port: int
    to: int


class VolumeSpec(Struct, forbid_unknown_fields=True):
    """A volume of the instance's own; it outlives it."""

    name: Word
    size_mib: int = field(name="sizeMiB")


class InstanceSpec(Struct, forbid_unknown_fields=True, kw_only=True, rename="camel"):
    """A country, or a policy, or both: the country is short for data there and nowhere else."""

    country: Word | None = None
    image: Word
    cpus: int
    memory_mib: int = field(name="memoryMiB")
    disk_mib: int = field(name="diskMiB")
    power: Power = "on"
    policy: PolicyDoc | UnsetType = UNSET
    app: Word | UnsetType = UNSET
    component: Word | UnsetType = UNSET
    hostname: Word = ""
    ssh_keys: list[Annotated[str, Meta(max_length=SSH_KEY_CHARACTERS_MAX)]] = []
    user_data: str = ""
    ports: list[PortSpec] = []
    volumes: list[VolumeSpec] = []

    def __repr__(self) -> str:
        """User data may hold secrets."""
        return f"InstanceSpec({self.country!r}, {self.image!r}, ...)"


class InstancePut(Struct, forbid_unknown_fields=True):
    spec: InstanceSpec


class Placement(Struct, rename="camel"):
    site: str
    city: str
    country: str
    provider: str
    host: str
    accelerator: str
    heard_at: datetime | None
    is_heard: bool
    """Whether its site was heard lately; else what is shown of it is as it was last heard."""
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
    law: str
    """The countries where every level of its policy lets it be, in words."""
    pending_since: datetime | None = None
    """Since when something that was asked for it waits for its site, which is not heard."""


class InstanceDoc(Struct):
    metadata: Metadata
    spec: InstanceSpec
    status: InstanceStatus


def wish_from_spec(address: Address, spec: InstanceSpec, find_city: FindCity) -> InstanceWish:
    """Raises `Invalid` naming the member of the policy that is wrong."""
    policy = None
    if isinstance(spec.policy, PolicyDoc):
        try:
            policy = policy_from_doc(spec.policy, find_city)
        except Invalid as error:
            field = f"spec.policy.{error.field}"
            raise Invalid(error.text, field=field, hint=error.hint) from error
    return InstanceWish(
        address,
        spec.country,
        spec.image,
        spec.cpus,
        spec.memory_mib,
        spec.disk_mib,
        spec.power,
        policy,
        spec.app or None,
        spec.component or None,
        spec.hostname,
        tuple(spec.ssh_keys),
        spec.user_data,
        tuple(Port(one.port, one.to) for one in spec.ports),
        tuple(Disk(one.name, one.size_mib) for one in spec.volumes),
    )


def instance_to_doc(  # noqa: PLR0913 -- each is a part of the document
    wanted: Wanted,
    shown: Shown,
    placement: Placement | None,
    serial_tail: str,
    seen_at: datetime | None,
    law: str,
    pending_since: datetime | None = None,
) -> InstanceDoc:
    address = wanted.address
    return InstanceDoc(
        Metadata(
            wanted.id,
            address.name,
            address.tenant,
            address.workspace,
            wanted.generation,
            wanted.created_at,
        ),
        _spec_to_doc(wanted),
        InstanceStatus(
            shown.state,
            shown.power,
            shown.boot,
            shown.reason,
            shown.reason_code,
            placement,
            serial_tail,
            seen_at,
            law,
            pending_since,
        ),
    )


def _spec_to_doc(wanted: Wanted) -> InstanceSpec:
    spec = wanted.spec
    return InstanceSpec(
        country=wanted.country,
        image=spec.image,
        cpus=spec.cpus,
        memory_mib=spec.memory_mib,
        disk_mib=spec.disk_mib,
        power=wanted.power,
        policy=UNSET if wanted.policy is None else policy_to_doc(wanted.policy),
        app=wanted.app or UNSET,
        component=wanted.component or UNSET,
        hostname=spec.hostname,
        ssh_keys=list(spec.ssh_keys),
        user_data=spec.user_data,
        ports=[PortSpec(one.port, one.to) for one in spec.ports],
        volumes=[VolumeSpec(one.name, one.size_mib) for one in wanted.disks],
    )
