"""From an instance of the standard to what placement and sites understand: the one seam.

Pure: the same instance, workspace and region lead to the same demand.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from hanza.model.errors import Invalid
from hanza.model.guest import GuestSpec
from hanza.model.ids import InstanceId, VolumeId
from hanza.model.image import BundleId
from hanza.model.instance import Address, Wanted
from hanza.model.resource import Resource
from hanza.model.site import Country
from hanza.model.skus import MIB_PER_GB, Sku
from hanza.plan.admission import COUNTRY
from hanza.plan.seca.envelope import COUNTRIES_KEY
from hanza.plan.seca.regions import ANY, Region
from hanza.plan.seed import check_ssh_keys, check_user_data

NOT_YET = (
    "additionalNicRefs",
    "antiAffinityGroup",
    "primaryNicRef",
    "securityGroupRef",
)
"""Members of a spec that are kept and shown but have no effect at the site so far."""
HOSTNAME_CHARACTERS_MAX = 63
FIELD = "extensions"


@dataclass(frozen=True, slots=True)
class Parts:
    """What the references of an instance lead to."""

    sku: Sku
    image: str
    bundle: BundleId | None
    volume: VolumeId
    disk_gb: int
    data_volumes: tuple[VolumeId, ...] = ()


def wanted_of(
    instance: Resource, workspace: Resource, region: Region, parts: Parts, now: datetime
) -> Wanted:
    """The wanted row of a new instance.  Created off, as the standard has it.

    Raises `Invalid` for a zone that the region has not, or countries that contradict it.
    """
    path, sku = instance.path, parts.sku.spec
    cpus, memory_mib = int(sku["vCPU"]), int(sku["ram"]) * MIB_PER_GB
    spec = GuestSpec(path.name, parts.image, cpus, memory_mib, parts.disk_gb * MIB_PER_GB)
    return Wanted(
        id=InstanceId(instance.id),
        address=Address(path.tenant, path.workspace, path.name),
        country=country_of(instance, workspace, region),
        spec=told(spec, instance),
        power="off",
        generation=1,
        created_at=now,
        zone=zone_of(instance, region),
        boot_volume=parts.volume,
        bundle=parts.bundle,
        data_volumes=parts.data_volumes,
    )


def told(spec: GuestSpec, instance: Resource) -> GuestSpec:
    """With what the guest is told at its first boot.  Raises `Invalid` for what no guest can be."""
    keys, said = instance.words.spec.get("sshKeys"), instance.words.spec.get("userData")
    return replace(
        spec,
        hostname=hostname_of(instance.path.name),
        ssh_keys=check_ssh_keys(keys if isinstance(keys, list) else [], "spec.sshKeys"),
        user_data=check_user_data(said if isinstance(said, str) else "", "spec.userData"),
    )


def hostname_of(name: str) -> str:
    """A name of the standard as one label: dots become hyphens, and it is cut to length."""
    return name.replace(".", "-")[:HOSTNAME_CHARACTERS_MAX].rstrip("-")


def zone_of(instance: Resource, region: Region) -> str | None:
    """The site that was asked for; None for any."""
    zone = str(instance.words.spec["zone"])
    if not region.has_zone(zone):
        raise Invalid(f"there is no zone {zone!r} in region {region.name!r}", field="spec.zone")
    return None if zone == ANY else zone


def country_of(instance: Resource, workspace: Resource, region: Region) -> Country | None:
    """The law it stands under: the region's, narrowed by workspace and instance.

    None is no single country's: wherever the federation has a host.
    """
    allowed = None if region.country is None else {region.country}
    for resource in (workspace, instance):
        said = _countries(resource.words.extensions or {})
        if said is None:
            continue
        if allowed is not None and not allowed & said:
            names = f"{', '.join(sorted(said))} and {', '.join(sorted(allowed))}"
            raise Invalid(f"{names} leave no country to run in", field=FIELD)
        allowed = said if allowed is None else allowed & said
    if allowed is None:
        return None
    if len(allowed) > 1:
        raise Invalid("one country can be chosen so far, or none", field=FIELD)
    return allowed.pop()


def not_yet(instance: Resource, wanted: Wanted) -> list[str]:
    """The members of its spec that have no effect, or came too late for it."""
    said = instance.words.spec
    late = {
        "sshKeys": list(wanted.spec.ssh_keys) != (said.get("sshKeys") or []),
        "userData": wanted.spec.user_data != (said.get("userData") or ""),
    }
    ignored = [name for name in NOT_YET if said.get(name)]
    return sorted([*ignored, *(name for name, is_late in late.items() if is_late)])


def _countries(extensions: Mapping[str, str]) -> set[Country] | None:
    text = extensions.get(COUNTRIES_KEY)
    if text is None:
        return None
    found = {word.strip() for word in text.split(",")}
    for one in found:
        if not COUNTRY.fullmatch(one):
            raise Invalid(f"{one[:64]!r} is not a country code such as DE", field=FIELD)
    return found
