"""`hanza.federation-file/v1`: a small federation as a file, for `hanza up --federation`.

    apiVersion: hanza.federation-file/v1
    name: trial                  # what its state folder is called, unless one is named
    providers:
      - {name: jadranka, title: Jadranka d.o.o.}
    sites:
      - name: hr-zag-1
        provider: jadranka
        country: HR
        city: Zagreb
        latitude: 45.81
        longitude: 15.98
        engine: {hosts: 2, cpus: 64, memory: 256Gi, disk: 4096Gi}    # fake; each host
    tenants:
      - {name: acme, references: strict, tokenFor: ana}
    users:
      - name: ana
        roles: [{tenant: acme, role: seca.admin}]

Every error carries file, line and column, and what was expected.  Nothing is made here.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from hanza.model.errors import Invalid
from hanza.model.tenant import References
from hanza.plan.access_roles import SYSTEM_ROLE_NAMES
from hanza.plan.admission import check_country, check_name, check_place, check_title
from hanza.plan.seca.references import SHARED_TENANTS
from hanza.wire.tokens import SUBJECT_CHARACTERS_MAX, check_own_subject
from hanza.wire.yaml_nodes import Item, parse_yaml

API_VERSION = "hanza.federation-file/v1"
HOSTS_MAX, CPUS_MAX, MIB_MAX = 64, 1024, 2**30
SITES_MAX, TENANTS_MAX, USERS_MAX = 64, 64, 1000
_AMOUNT = re.compile(r"([1-9][0-9]{0,8})(Mi|Gi)", re.ASCII)
_MIB: dict[str, int] = {"Mi": 1, "Gi": 1024}
_SUBJECT = re.compile(r"[A-Za-z0-9][-A-Za-z0-9_.@|]*", re.ASCII)
_POLICIES: dict[str, References] = {"strict": "strict", "deferred": "deferred"}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ProviderEntry:
    name: str
    title: str


@dataclass(frozen=True, slots=True)
class EngineEntry:
    """A fake engine: so many hosts, each of this size."""

    hosts: int = 1
    cpus: int = 64
    memory_mib: int = 256 * 1024
    disk_mib: int = 4096 * 1024

    @property
    def options(self) -> dict[str, str]:
        """As the fake driver takes them."""
        return {
            "hosts": str(self.hosts),
            "cpus": str(self.cpus),
            "memory_mib": str(self.memory_mib),
            "disk_mib": str(self.disk_mib),
        }


@dataclass(frozen=True, slots=True)
class SiteEntry:
    name: str
    provider: str
    country: str
    city: str
    latitude: float
    longitude: float
    engine: EngineEntry


@dataclass(frozen=True, slots=True)
class TenantEntry:
    name: str
    references: References
    token_for: str
    """Which of its users the printed token is for."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A role that a user has in a tenant."""

    tenant: str
    role: str


@dataclass(frozen=True, slots=True)
class UserEntry:
    name: str
    grants: tuple[Grant, ...]

    @property
    def tenants(self) -> tuple[str, ...]:
        return tuple(sorted({one.tenant for one in self.grants}))


@dataclass(frozen=True, slots=True)
class FederationFile:
    """What a file says; all names in it that lead somewhere lead to something in it."""

    name: str
    providers: tuple[ProviderEntry, ...]
    sites: tuple[SiteEntry, ...]
    tenants: tuple[TenantEntry, ...]
    users: tuple[UserEntry, ...]


def federation_from_yaml(content: bytes, file: str) -> FederationFile:
    """Raises `Invalid` with line and column."""
    root = parse_yaml(content, file)
    required = frozenset({"apiVersion", "name", "providers", "sites", "tenants", "users"})
    members = root.mapping(required, frozenset())
    version = members["apiVersion"]
    if version.text() != API_VERSION:
        version.refuse(f"expected {API_VERSION}, found {version.text()[:40]!r}")
    providers = _entries(members["providers"], _provider, SITES_MAX)
    known = frozenset(one.name for one in providers)
    sites = _entries(members["sites"], lambda item: _site(item, known), SITES_MAX)
    names = frozenset(_name_of(item) for item in members["tenants"].sequence())
    users = _entries(members["users"], lambda item: _user(item, names), USERS_MAX)
    tenants = _entries(members["tenants"], lambda item: _tenant(item, users), TENANTS_MAX)
    return FederationFile(_named(members["name"]), providers, sites, tenants, users)


def _entries(items: Item, read: Callable[[Item], T], most: int) -> tuple[T, ...]:
    """One to `most` of them, none named twice."""
    found = items.sequence()
    if not 1 <= len(found) <= most:
        items.refuse(f"expected 1 to {most} entries, found {len(found)}")
    entries = tuple(read(item) for item in found)
    seen: set[str] = set()
    for item in found:
        named = item.find("name")
        if named.text() in seen:
            named.refuse(f"{named.text()!r} stands here twice")
        seen.add(named.text())
    return entries


def _provider(item: Item) -> ProviderEntry:
    members = item.mapping(frozenset({"name", "title"}), frozenset())
    return ProviderEntry(_named(members["name"]), _checked(members["title"], check_title))


def _site(item: Item, providers: frozenset[str]) -> SiteEntry:
    required = frozenset({"name", "provider", "country", "city", "latitude", "longitude"})
    members = item.mapping(required, frozenset({"engine"}))
    return SiteEntry(
        name=_named(members["name"]),
        provider=_one_of(members["provider"], providers, "provider"),
        country=_checked(members["country"], check_country),
        city=_checked(members["city"], check_title),
        latitude=_degrees(members["latitude"], lambda degrees: check_place(degrees, 0)),
        longitude=_degrees(members["longitude"], lambda degrees: check_place(0, degrees)),
        engine=_engine(members["engine"]) if "engine" in members else EngineEntry(),
    )


def _engine(item: Item) -> EngineEntry:
    members = item.mapping(frozenset(), frozenset({"hosts", "cpus", "memory", "disk"}))
    usual = EngineEntry()
    hosts, cpus, memory, disk = (members.get(n) for n in ("hosts", "cpus", "memory", "disk"))
    return EngineEntry(
        hosts=usual.hosts if hosts is None else _count(hosts, HOSTS_MAX),
        cpus=usual.cpus if cpus is None else _count(cpus, CPUS_MAX),
        memory_mib=usual.memory_mib if memory is None else _amount(memory),
        disk_mib=usual.disk_mib if disk is None else _amount(disk),
    )


def _tenant(item: Item, users: Sequence[UserEntry]) -> TenantEntry:
    members = item.mapping(frozenset({"name", "tokenFor"}), frozenset({"references"}))
    name = _named(members["name"])
    if name in SHARED_TENANTS:
        members["name"].refuse(f"{name!r} stands for what all tenants share")
    policy: References = "strict"
    if "references" in members:
        policy = _POLICIES[_one_of(members["references"], _POLICIES, "way to hold references")]
    belong = [one.name for one in users if name in one.tenants]
    token_for = _one_of(members["tokenFor"], belong, f"user with a role in {name!r}")
    return TenantEntry(name, policy, token_for)


def _user(item: Item, tenants: frozenset[str]) -> UserEntry:
    members = item.mapping(frozenset({"name", "roles"}), frozenset())
    name = members["name"]
    if not _SUBJECT.fullmatch(name.text()) or len(name.text()) > SUBJECT_CHARACTERS_MAX:
        name.refuse(f"expected 1 to {SUBJECT_CHARACTERS_MAX} of A-Z, a-z, 0-9 and -_.@|")
    _checked(name, lambda subject, _: check_own_subject(subject))
    return UserEntry(
        name.text(), tuple(_grant(one, tenants) for one in members["roles"].sequence())
    )


def _grant(item: Item, tenants: frozenset[str]) -> Grant:
    members = item.mapping(frozenset({"tenant", "role"}), frozenset())
    role = members["role"]
    if role.text() not in SYSTEM_ROLE_NAMES:
        known = ", ".join(sorted(SYSTEM_ROLE_NAMES))
        role.refuse(f"there is no role {role.text()[:40]!r}; there is: {known}")
    return Grant(_one_of(members["tenant"], tenants, "tenant"), role.text())


def _name_of(item: Item) -> str:
    members = item.mapping(frozenset({"name"}), frozenset({"tokenFor", "references"}))
    return _named(members["name"])


def _named(item: Item) -> str:
    return _checked(item, check_name)


def _checked(item: Item, check: Callable[[str, str], object]) -> str:
    try:
        check(item.text(), "")
    except Invalid as error:
        item.refuse(error.text)
    return item.text()


def _one_of(item: Item, known: Iterable[str], what: str) -> str:
    if item.text() not in known:
        there_are = ", ".join(sorted(known)) or "none"
        item.refuse(f"there is no {what} {item.text()[:40]!r} in this file; there is: {there_are}")
    return item.text()


def _count(item: Item, most: int) -> int:
    number = item.whole_number()
    if not 1 <= number <= most:
        item.refuse(f"expected 1 to {most}, found {number}")
    return number


def _amount(item: Item) -> int:
    found = _AMOUNT.fullmatch(item.text())
    mib = int(found[1]) * _MIB[found[2]] if found else 0
    if not 1 <= mib <= MIB_MAX:
        item.refuse(f"expected an amount such as 512Mi or 64Gi, found {item.text()[:40]!r}")
    return mib


def _degrees(item: Item, check: Callable[[float], None]) -> float:
    try:
        degrees = float(item.text())
        check(degrees)
    except ValueError:
        item.refuse(f"expected degrees such as 45.81, found {item.text()[:40]!r}")
    except Invalid as error:
        item.refuse(error.text)
    return degrees
