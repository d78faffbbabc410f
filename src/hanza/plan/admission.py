"""Whether a wish may be written down at all.

Everything a tenant or provider sends is checked here against limits that hold for every site, so
that what reaches the store, the manifest and an engine is known to be well formed.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, NoReturn, TypeAlias

from hanza.model.errors import Conflict, Invalid
from hanza.model.guest import GuestSpec, Port, Power
from hanza.model.ids import InstanceId
from hanza.model.image import BLANK, BundleId, Image, adopted_native
from hanza.model.instance import Address, Wanted
from hanza.model.policy import Policy
from hanza.model.volume import Disk
from hanza.plan.image import UnknownImage
from hanza.plan.policy import policy_of
from hanza.plan.ports import check_ports
from hanza.plan.seed import check_ssh_keys, check_user_data
from hanza.plan.volumes import DATA_VOLUMES_MAX

NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
WORD = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)
TITLE_CHARACTERS_MAX = 200
CPUS_MAX = 1024
MEMORY_MIB_MAX = 16 * 2**20
DISK_MIB_MAX = 2**30
ANOTHER = "destroy it first, or use another name"


Keeps: TypeAlias = Literal["nothing", "team", "all"]
"""What of a known instance a wish may not change: all (but its power) of one that has a place."""


@dataclass(frozen=True, slots=True)
class InstanceWish:
    """What a tenant sends for one instance."""

    address: Address
    country: str | None
    image: str
    cpus: int
    memory_mib: int
    disk_mib: int
    power: Power
    policy: Policy | None = None
    app: str | None = None
    component: str | None = None
    hostname: str = ""
    """The instance's name when it is empty."""
    ssh_keys: tuple[str, ...] = ()
    user_data: str = field(default="", repr=False)
    ports: tuple[Port, ...] = ()
    disks: tuple[Disk, ...] = ()


def check_name(name: str, field: str) -> str:
    """RFC 1123 label: lower-case letters, digits and inner hyphens, 63 at most."""
    if not NAME.fullmatch(name):
        raise Invalid(
            f"{_short(name)} is not a name: 1 to 63 of a-z, 0-9 and inner hyphens", field=field
        )
    return name


def check_country(country: str, field: str) -> str:
    if not COUNTRY.fullmatch(country):
        raise Invalid(f"{_short(country)} is not a country code such as DE", field=field)
    return country


def check_title(title: str, field: str) -> str:
    if not 1 <= len(title) <= TITLE_CHARACTERS_MAX or not title.isprintable():
        raise Invalid(f"1 to {TITLE_CHARACTERS_MAX} printable characters", field=field)
    return title


def check_why(why: str, field: str) -> str:
    """A reason that others read; it may be left out."""
    return check_title(why, field) if why else ""


def check_word(word: str, field: str) -> str:
    """A word of the vocabulary, such as `micro_dc`."""
    if not WORD.fullmatch(word):
        raise Invalid(f"{_short(word)} is not a word of a-z, 0-9 and _", field=field)
    return word


def check_attribute(name: str, field: str) -> str:
    """The name of what is known of a provider or site, such as `certifications`."""
    return check_word(name, field)


def check_value(value: str, field: str) -> str:
    """What an attribute says: 1 to 200 printable characters."""
    return check_title(value, field)


def check_place(latitude: float, longitude: float, inside: str = "") -> None:
    """Degrees; rejects what is not a number too.  `inside` stands before the field's name."""
    if not -90 <= latitude <= 90:
        raise Invalid("latitude is from -90 to 90 degrees", field=f"{inside}latitude")
    if not -180 <= longitude <= 180:
        raise Invalid("longitude is from -180 to 180 degrees", field=f"{inside}longitude")


def admit_instance(
    wish: InstanceWish,
    known: Wanted | None,
    new_id: InstanceId,
    now: datetime,
    *,
    image: Image | None,
    keeps: Keeps = "all",
) -> Wanted:
    """The row that a PUT leads to; equal to `known` when nothing changes.

    `image` is what the wish's image is called for, None when nothing is.  What has no place yet
    may become anything; what has one keeps all but its power and its volumes, and so does what
    was asked for through the standard: its resource says what it is.  A member of an app that is
    written whole keeps only its team; what its image's name means is looked up anew when anything
    of its spec changes.  Raises `Invalid` for a malformed wish, `UnknownImage`, `Contradiction` for
    a policy that nothing can satisfy and `Conflict` for what cannot be had from here.
    """
    spec = _admit_spec(wish) if known is None or not _is_adopted(known, wish) else known.spec
    country = None if wish.country is None else check_country(wish.country, "country")
    _admit_policy(wish)
    wanted = replace(
        known or Wanted(new_id, wish.address, country, spec, wish.power, 1, now),
        country=country,
        spec=spec,
        power=wish.power,
        policy=wish.policy,
        app=wish.app,
        component=wish.component,
        disks=check_disks(wish.disks, "volumes"),
    )
    if known is not None:
        _refuse_other_disks(known, wanted)
    if known is not None and _keeps_its_image(known, wanted, keeps):
        return wanted
    return replace(wanted, bundle=admit_image(image, wish.image, wish.disk_mib))


def _is_adopted(known: Wanted, wish: InstanceWish) -> bool:
    """What was there before us is what it is: a wish that names it changes none of that."""
    return adopted_native(known.spec.image) is not None and wish.image == known.spec.image


def check_disks(disks: Sequence[Disk], field: str) -> tuple[Disk, ...]:
    """Volumes of an instance's own: few, of different names, each with a size that can be."""
    if len(disks) > DATA_VOLUMES_MAX:
        raise Invalid(f"at most {DATA_VOLUMES_MAX} volumes", field=field)
    for disk in disks:
        check_name(disk.name, field)
        if not 1 <= disk.size_mib <= DISK_MIB_MAX:
            text = f"a volume of {disk.size_mib} MiB; it must be from 1 to {DISK_MIB_MAX}"
            raise Invalid(text, field=field)
    if len({disk.name for disk in disks}) < len(disks):
        raise Invalid("two volumes have one name", field=field)
    return tuple(disks)


def _refuse_other_disks(known: Wanted, wanted: Wanted) -> None:
    """Volumes come, go and grow; they never shrink, and the standard says which are its own."""
    if known.boot_volume is not None and wanted.disks:
        raise Conflict(
            f"{known.address.name!r} was asked for through the standard: its volumes are its"
            " block storages",
            field="volumes",
        )
    before = {disk.name: disk.size_mib for disk in known.disks}
    for disk in wanted.disks:
        refuse_shrinking(disk, before.get(disk.name, 0))


def refuse_shrinking(disk: Disk, has_mib: int) -> None:
    if disk.size_mib < has_mib:
        raise Conflict(
            f"the volume {disk.name!r} has {has_mib} MiB; it can only grow",
            field="volumes",
            hint="use another name, or end it first",
        )


def _keeps_its_image(known: Wanted, wanted: Wanted, keeps: Keeps) -> bool:
    """Raises `Conflict` for a change that it may not have."""
    if known.is_ended:
        raise Conflict(f"{known.address.name!r} is being destroyed", hint="wait until it is gone")
    if known.boot_volume is not None or keeps == "all":
        _refuse_changes(known, wanted)
        return True
    if keeps == "team":
        _refuse_another_team(known, wanted)
        return wanted.spec == known.spec
    return False


def _refuse_another_team(known: Wanted, wanted: Wanted) -> None:
    """Raises `Conflict` when it would become a part of something else."""
    for part, old, new in (
        ("app", known.app, wanted.app),
        ("component", known.component, wanted.component),
    ):
        if old != new:
            _refuse_change(known, part, old, new)


def _refuse_changes(known: Wanted, wanted: Wanted) -> None:
    for part, old, new in (
        ("country", known.country, wanted.country),
        ("image", known.spec.image, wanted.spec.image),
        ("cpus", known.spec.cpus, wanted.spec.cpus),
        ("memory", known.spec.memory_mib, wanted.spec.memory_mib),
        ("disk", known.spec.disk_mib, wanted.spec.disk_mib),
    ):
        if old != new:
            _refuse_change(known, part, old, new)
    _refuse_another_team(known, wanted)
    if known.policy != wanted.policy:
        raise Conflict(
            f"{known.address.name!r} was placed under another policy", field="policy", hint=ANOTHER
        )
    _refuse_other_seed(known, wanted.spec)


def _refuse_change(known: Wanted, part: str, old: object, new: object) -> NoReturn:
    raise Conflict(
        f"{known.address.name!r} exists with {part} {old}; it cannot become {new}",
        field=part,
        hint=ANOTHER,
    )


def _admit_policy(wish: InstanceWish) -> None:
    if wish.country is None and wish.policy is None:
        raise Invalid("say a country, or a policy", field="country")
    if wish.app is not None:
        check_name(wish.app, "app")
    if wish.component is not None:
        check_name(wish.component, "component")
        if wish.app is None:
            raise Invalid("a component is one of an app: say which", field="app")
    refuse_strangers(wish.policy, "policy.with", {wish.component} if wish.app is None else None)
    policy_of(wish.country, wish.policy)


def refuse_strangers(
    policy: Policy | None, field: str, components: Collection[str | None] | None
) -> None:
    """Raises `Invalid` for a component to stand beside that is none of these; None: of an app."""
    if policy is None or components is None:
        return
    for one in policy.besides:
        if one.kind == "component" and one.name not in components:
            raise Invalid(
                f"there is no component {one.name} to stand beside",
                field=field,
                hint="a component is one of the same app; else name an instance or a volume",
            )


def _refuse_other_seed(known: Wanted, spec: GuestSpec) -> None:
    """A guest is told once, and its ports are opened once; and what it was told is not quoted."""
    for part, old, new in (
        ("hostname", known.spec.hostname, spec.hostname),
        ("sshKeys", known.spec.ssh_keys, spec.ssh_keys),
        ("userData", known.spec.user_data, spec.user_data),
        ("ports", known.spec.ports, spec.ports),
    ):
        if old != new:
            text = f"{known.address.name!r} exists with other {part}, which stay as they are"
            raise Conflict(text, field=part, hint=ANOTHER)


def admit_image(image: Image | None, name: str, disk_mib: int) -> BundleId | None:
    """What the name leads to now, for a disk of this size; None for an empty disk.

    Raises `UnknownImage`, and `Invalid` for an image that needs a larger disk.
    """
    if name == BLANK:
        return None
    if image is None:
        raise UnknownImage(
            f"there is no image {_short(name)}",
            field="image",
            hint="hanza image list says which there are",
        )
    if disk_mib < image.disk_mib:
        raise Invalid(f"the image {name!r} needs a disk of {image.disk_mib} MiB", field="disk")
    return image.bundle.id


def _admit_spec(wish: InstanceWish) -> GuestSpec:
    check_name(wish.address.tenant, "tenant")
    check_name(wish.address.workspace, "workspace")
    check_name(wish.address.name, "name")
    check_name(wish.image, "image")
    for part, value, most in (
        ("cpus", wish.cpus, CPUS_MAX),
        ("memory", wish.memory_mib, MEMORY_MIB_MAX),
        ("disk", wish.disk_mib, DISK_MIB_MAX),
    ):
        if not 1 <= value <= most:
            raise Invalid(f"{part} is {value}; it must be from 1 to {most}", field=part)
    return GuestSpec(
        wish.address.name,
        wish.image,
        wish.cpus,
        wish.memory_mib,
        wish.disk_mib,
        check_name(wish.hostname or wish.address.name, "hostname"),
        check_ssh_keys(wish.ssh_keys, "sshKeys"),
        check_user_data(wish.user_data, "userData"),
        check_ports(wish.ports, "ports"),
    )


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:77] + "...")
