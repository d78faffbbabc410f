"""`hanza.app/v1`: an application as a file.

    apiVersion: hanza.app/v1
    name: shop                # with a name it is placed all or none
    workspace: demo
    policy: {residency: [EU]} # see `wire.policy_v1`; components only tighten it
    components:
      - name: web             # a-z, 0-9 and inner hyphens
        image: tiny
        memory: 96Mi          # Mi or Gi
        disk: 64Mi
        cpus: 1
        replicas: 2           # web-1 and web-2, to which the points are dealt
        near: [Ljubljana, {city: Amsterdam, maxMs: 40}]
        sshKeys: [ssh-ed25519 AAAA... ana@example]
        userData: |           # for cloud-init, at most 64 KiB
          #cloud-config
        ports:                # published at the site's address
          - {port: 8080, to: 80}
        volumes:              # of each replica; they outlive it
          - {name: data, size: 8Gi}
      - {name: db, image: tiny, memory: 2Gi, disk: 8Gi, country: DE, hostname: db-1}

What comes out are the instances that the file stands for.  Every error carries file, line and
column, and what was expected.  The shape is published as docs/reference/app-v1.schema.json.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from hanza.model.errors import Invalid
from hanza.model.guest import Port, Power
from hanza.model.policy import Policy
from hanza.model.volume import Disk
from hanza.plan.admission import check_country, check_disks, check_name, refuse_strangers
from hanza.plan.app import replicas_of
from hanza.plan.policy import Contradiction, Level, effective, policy_of
from hanza.plan.ports import check_ports
from hanza.plan.seed import check_ssh_keys, check_user_data
from hanza.wire.app_schema import (
    API_VERSION,
    COMPONENTS_MAX,
    REPLICAS_MAX,
    AppDoc,
    ComponentDoc,
    PortDoc,
    VolumeOfDoc,
    members_of,
)
from hanza.wire.places import load_cities
from hanza.wire.policy_shape import PolicyDoc, members_at
from hanza.wire.policy_v1 import policy_from_doc, policy_to_json
from hanza.wire.yaml_nodes import Item, parse_yaml

_AMOUNT = re.compile(r"([0-9]{1,9})(Mi|Gi)", re.ASCII)
_MIB = {"Mi": 1, "Gi": 1024}


_AT = re.compile(r" - at `\$\.?(.*)`$")
_UNKNOWN = re.compile(r"Object contains unknown field `([^`]*)`")


@dataclass(frozen=True, slots=True)
class Component:
    """One instance of a component; `component` names it where the app has a name."""

    name: str
    country: str | None
    image: str
    cpus: int
    memory_mib: int
    disk_mib: int
    power: Power
    policy: Policy | None = None
    component: str | None = None
    hostname: str = ""
    ssh_keys: tuple[str, ...] = ()
    user_data: str = field(default="", repr=False)
    ports: tuple[Port, ...] = ()
    disks: tuple[Disk, ...] = ()

    @property
    def spec(self) -> dict[str, Any]:
        """As the API takes it."""
        said = {
            "country": self.country,
            "image": self.image,
            "cpus": self.cpus,
            "memoryMiB": self.memory_mib,
            "diskMiB": self.disk_mib,
            "power": self.power,
        }
        also = {
            "policy": None if self.policy is None else policy_to_json(self.policy),
            "component": self.component,
            "hostname": self.hostname,
            "sshKeys": list(self.ssh_keys),
            "userData": self.user_data,
            "ports": [{"port": one.port, "to": one.to} for one in self.ports],
            "volumes": [{"name": one.name, "sizeMiB": one.size_mib} for one in self.disks],
        }
        return said | {name: value for name, value in also.items() if value not in (None, "", [])}


@dataclass(frozen=True, slots=True)
class App:
    """What a file says, expanded: `components` are the instances."""

    workspace: str
    components: tuple[Component, ...]
    name: str | None = None


@dataclass(frozen=True, slots=True)
class _Around:
    """What the app says of all its components."""

    name: str | None
    policy: Policy | None


def app_from_yaml(content: bytes, file: str) -> App:
    """Raises `Invalid` or `Contradiction` with the place of the first thing that is wrong."""
    root = parse_yaml(content, file).mapping(*members_of(AppDoc))
    if root["apiVersion"].text() != API_VERSION:
        root["apiVersion"].refuse(f"expected {API_VERSION}")
    items = root["components"].sequence()
    if not 1 <= len(items) <= COMPONENTS_MAX:
        root["components"].refuse(f"expected 1 to {COMPONENTS_MAX} components")
    around = _Around(
        _name(root["name"]) if "name" in root else None,
        _policy(root["policy"]) if "policy" in root else None,
    )
    components: dict[str, Component] = {}
    places: dict[str, Item] = {}
    for item in items:
        for component in _instances(item, around):
            if component.name in components:
                item.refuse(f"there is another component {component.name!r}")
            components[component.name] = component
            places[component.name] = item
    known = {one.component for one in components.values()}
    for name, one in components.items():
        refuse_strangers(one.policy, str(places[name].place), known)
    if around.name is not None and len(components) > REPLICAS_MAX:
        root["components"].refuse(f"an app with a name has {REPLICAS_MAX} instances at most")
    return App(_name(root["workspace"]), tuple(components.values()), around.name)


def policy_from_yaml(content: bytes, file: str) -> Policy:
    """A policy by itself.  Raises `Invalid` with the place of the first thing that is wrong."""
    return _policy(parse_yaml(content, file))


def _instances(item: Item, around: _Around) -> Iterator[Component]:
    members = item.mapping(*members_of(ComponentDoc))
    one = _component(members)
    replicas = _replicas(members["replicas"], around) if "replicas" in members else None
    own = _own_policy(members)
    if own is None and around.policy is None:
        if one.country is None:
            item.refuse("say a country, or a policy here or for the app")
        if replicas is None:
            yield replace(one, component=one.name if around.name else None)
            return
    place = members.get("policy", members["name"])
    for name, policy in _tightened(one, (around.policy, own), replicas, place):
        check_name(name, str(members["name"].place))
        yield replace(one, name=name, policy=policy, component=one.name if around.name else None)


def _tightened(
    one: Component,
    policies: tuple[Policy | None, Policy | None],
    replicas: int | None,
    place: Item,
) -> tuple[tuple[str, Policy], ...]:
    """The replicas with their policies; a contradiction is told where the policy stands."""
    above, own = policies
    levels: list[Level] = [("the app", above or Policy()), (one.name, own or Policy())]
    try:
        policy = effective(levels, is_dealt=False)
        effective([*levels, ("its country", policy_of(one.country, None))], is_dealt=False)
        dealt = replicas_of(one.name, replicas, policy)
        for name, own in dealt:
            effective([(name, own)])
        return dealt
    except Contradiction as refusal:
        raise Contradiction(refusal.text, field=str(place.place), hint=refusal.hint) from refusal


def _component(members: dict[str, Item]) -> Component:
    return Component(
        name=_name(members["name"]),
        country=_country(members["country"]) if "country" in members else None,
        image=_name(members["image"]),
        cpus=members["cpus"].whole_number() if "cpus" in members else 1,
        memory_mib=_amount(members["memory"]),
        disk_mib=_amount(members["disk"]),
        power=_power(members["power"]) if "power" in members else "on",
        hostname=_name(members["hostname"]) if "hostname" in members else "",
        ssh_keys=_ssh_keys(members["sshKeys"]) if "sshKeys" in members else (),
        user_data=_user_data(members["userData"]) if "userData" in members else "",
        ports=_ports(members["ports"]) if "ports" in members else (),
        disks=_disks(members["volumes"]) if "volumes" in members else (),
    )


def _replicas(item: Item, around: _Around) -> int:
    count = item.whole_number()
    if not 1 <= count <= REPLICAS_MAX:
        item.refuse(f"expected 1 to {REPLICAS_MAX} replicas")
    if around.name is None:
        item.refuse("replicas stand together: give the app a name")
    return count


def _own_policy(members: dict[str, Item]) -> Policy | None:
    """From `policy` and `near`, which is short for its member of that name."""
    policy, near = members.get("policy"), members.get("near")
    if policy is None:
        return None if near is None else _read_policy({"near": near.plain()}, {"near": near})
    plain = policy.plain()
    if near is None or not isinstance(plain, dict):
        return _policy(policy)
    if "near" in plain:
        near.refuse("near stands here and in the policy")
    return _read_policy(plain | {"near": near.plain()}, {"near": near, "": policy})


def _policy(item: Item) -> Policy:
    return _read_policy(item.plain(), {"": item})


def _read_policy(plain: Any, items: dict[str, Item]) -> Policy:
    """Refuses at the item that a wrong member stands at; the item "" has all other members."""
    try:
        document = msgspec.convert(plain, PolicyDoc, strict=False)
        return policy_from_doc(document, load_cities().find)
    except msgspec.ValidationError as error:
        text = str(error)
        at = _AT.search(text)
        here = _located(items, at[1] if at else "")
        unknown = _UNKNOWN.match(text)
        if unknown:
            known = ", ".join(members_at(at[1] if at else ""))
            here.key(unknown[1]).refuse(f"{unknown[1]!r} is not known here; known are {known}")
        here.refuse(_AT.sub("", text))
    except Invalid as error:
        where = str(_located(items, error.field or "").place)
        raise Invalid(error.text, field=where, hint=error.hint) from error


def _located(items: dict[str, Item], path: str) -> Item:
    if "near" in items and (path.startswith("near") or "" not in items):
        return items["near"].find(path.removeprefix("near"))
    return items[""].find(path)


def _name(item: Item) -> str:
    return check_name(item.text(), str(item.place))


def _ssh_keys(item: Item) -> tuple[str, ...]:
    keys = item.sequence()
    for key in keys:
        check_ssh_keys([key.text()], str(key.place))
    return check_ssh_keys([key.text() for key in keys], str(item.place))


def _user_data(item: Item) -> str:
    return check_user_data(item.text(), str(item.place))


def _ports(item: Item) -> tuple[Port, ...]:
    ports: list[Port] = []
    for one in item.sequence():
        members = one.mapping(*members_of(PortDoc))
        port = members["port"].whole_number()
        to = members["to"].whole_number() if "to" in members else port
        ports += check_ports([Port(port, to)], str(one.place))
    return check_ports(ports, str(item.place))


def _disks(item: Item) -> tuple[Disk, ...]:
    disks: list[Disk] = []
    for one in item.sequence():
        members = one.mapping(*members_of(VolumeOfDoc))
        disk = Disk(_name(members["name"]), _amount(members["size"]))
        disks += check_disks([disk], str(one.place))
    return check_disks(disks, str(item.place))


def _country(item: Item) -> str:
    return check_country(item.text(), str(item.place))


def _amount(item: Item) -> int:
    """MiB from `96Mi` or `2Gi`."""
    match = _AMOUNT.fullmatch(item.text())
    if match is None:
        item.refuse(f"expected an amount such as 96Mi or 2Gi, found {item.text()[:40]!r}")
    return int(match[1]) * _MIB[match[2]]


def _power(item: Item) -> Power:
    powers: dict[str, Power] = {"on": "on", "off": "off"}
    power = powers.get(item.text())
    if power is None:
        item.refuse(f"expected on or off, found {item.text()[:40]!r}")
    return power
