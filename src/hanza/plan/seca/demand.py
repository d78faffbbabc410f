"""From an instance of the standard to what placement and sites understand: the one seam.

Pure: the same instance, workspace and region lead to the same demand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from hanza.model.errors import Invalid
from hanza.model.guest import GuestSpec
from hanza.model.ids import InstanceId
from hanza.model.instance import Address, Wanted
from hanza.model.resource import Resource
from hanza.model.site import Country
from hanza.model.skus import MIB_PER_GB, Sku
from hanza.plan.admission import COUNTRY
from hanza.plan.seca.envelope import COUNTRIES_KEY
from hanza.plan.seca.regions import ANY, Region

NOT_YET = (
    "additionalNicRefs",
    "antiAffinityGroup",
    "dataVolumes",
    "primaryNicRef",
    "securityGroupRef",
    "sshKeys",
    "userData",
)
"""Members of a spec that are kept and shown but have no effect at the site so far."""
FIELD = "extensions"


@dataclass(frozen=True, slots=True)
class Parts:
    """What the references of an instance lead to."""

    sku: Sku
    image: str
    volume: str
    disk_gb: int


def wanted_of(
    instance: Resource, workspace: Resource, region: Region, parts: Parts, now: datetime
) -> Wanted:
    """The wanted row of a new instance.  Created off, as the standard has it.

    Raises `Invalid` for a zone that the region has not, or countries that contradict it.
    """
    path, sku = instance.path, parts.sku.spec
    size = [int(sku["vCPU"]), int(sku["ram"]) * MIB_PER_GB, parts.disk_gb * MIB_PER_GB]
    return Wanted(
        id=InstanceId(instance.id),
        address=Address(path.tenant, path.workspace, path.name),
        country=country_of(instance, workspace, region),
        spec=GuestSpec(path.name, parts.image, *size),
        power="off",
        generation=1,
        created_at=now,
        zone=zone_of(instance, region),
        boot_volume=parts.volume,
    )


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


def not_yet(instance: Resource) -> list[str]:
    return [name for name in NOT_YET if instance.words.spec.get(name)]


def _countries(extensions: Mapping[str, str]) -> set[Country] | None:
    text = extensions.get(COUNTRIES_KEY)
    if text is None:
        return None
    found = {word.strip() for word in text.split(",")}
    for one in found:
        if not COUNTRY.fullmatch(one):
            raise Invalid(f"{one[:64]!r} is not a country code such as DE", field=FIELD)
    return found
