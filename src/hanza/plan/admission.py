"""Whether a wish may be written down at all.

Everything a tenant or provider sends is checked here against limits that hold for every site, so
that what reaches the store, the manifest and an engine is known to be well formed.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NoReturn

from hanza.model.errors import Conflict, Invalid
from hanza.model.guest import GuestSpec, Power
from hanza.model.ids import InstanceId
from hanza.model.instance import Address, Wanted
from hanza.model.policy import Policy
from hanza.plan.policy import policy_of

NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
WORD = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)
TITLE_CHARACTERS_MAX = 200
CPUS_MAX = 1024
MEMORY_MIB_MAX = 16 * 2**20
DISK_MIB_MAX = 2**30


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
    is_placed: bool = True,
    may_run_anew: bool = False,
) -> Wanted:
    """The row that a PUT leads to; equal to `known` when nothing changes.

    What has no place yet may become anything; what has one keeps all but its power, and so does
    what was asked for through the standard: its resource says what it is.  With `may_run_anew`
    (members of an app that is written whole) a placed one keeps only what it is a part of.  Raises
    `Invalid` for a malformed wish, `Contradiction` for a policy that nothing can satisfy and
    `Conflict` for what cannot be had from here.
    """
    spec = _admit_spec(wish)
    country = None if wish.country is None else check_country(wish.country, "country")
    _admit_policy(wish)
    if known is None:
        wanted = Wanted(new_id, wish.address, country, spec, wish.power, 1, now)
        return replace(wanted, policy=wish.policy, app=wish.app, component=wish.component)
    if known.is_ended:
        raise Conflict(f"{known.address.name!r} is being destroyed", hint="wait until it is gone")
    wanted = replace(
        known,
        country=country,
        spec=spec,
        power=wish.power,
        policy=wish.policy,
        app=wish.app,
        component=wish.component,
    )
    if known.boot_volume is not None or (is_placed and not may_run_anew):
        _refuse_changes(known, wanted)
    elif is_placed:
        _refuse_another_team(known, wanted)
    return wanted


def _refuse_another_team(known: Wanted, wanted: Wanted) -> None:
    """Raises `Conflict` when it would become a part of something else."""
    for field, old, new in (
        ("app", known.app, wanted.app),
        ("component", known.component, wanted.component),
    ):
        if old != new:
            _refuse_change(known, field, old, new)


def _refuse_changes(known: Wanted, wanted: Wanted) -> None:
    for field, old, new in (
        ("country", known.country, wanted.country),
        ("image", known.spec.image, wanted.spec.image),
        ("cpus", known.spec.cpus, wanted.spec.cpus),
        ("memory", known.spec.memory_mib, wanted.spec.memory_mib),
        ("disk", known.spec.disk_mib, wanted.spec.disk_mib),
    ):
        if old != new:
            _refuse_change(known, field, old, new)
    _refuse_another_team(known, wanted)
    if known.policy != wanted.policy:
        raise Conflict(
            f"{known.address.name!r} was placed under another policy",
            field="policy",
            hint="destroy it first, or use another name",
        )


def _refuse_change(known: Wanted, field: str, old: object, new: object) -> NoReturn:
    raise Conflict(
        f"{known.address.name!r} exists with {field} {old}; it cannot become {new}",
        field=field,
        hint="destroy it first, or use another name",
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
    policy_of(wish.country, wish.policy)


def _admit_spec(wish: InstanceWish) -> GuestSpec:
    check_name(wish.address.tenant, "tenant")
    check_name(wish.address.workspace, "workspace")
    check_name(wish.address.name, "name")
    check_name(wish.image, "image")
    for field, value, most in (
        ("cpus", wish.cpus, CPUS_MAX),
        ("memory", wish.memory_mib, MEMORY_MIB_MAX),
        ("disk", wish.disk_mib, DISK_MIB_MAX),
    ):
        if not 1 <= value <= most:
            raise Invalid(f"{field} is {value}; it must be from 1 to {most}", field=field)
    return GuestSpec(wish.address.name, wish.image, wish.cpus, wish.memory_mib, wish.disk_mib)


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:77] + "...")
