"""`hanza.app/v1`: an application as a file.  Its first form: components, each in one country.

    apiVersion: hanza.app/v1
    workspace: demo
    components:
      - name: kava            # a-z, 0-9 and inner hyphens
        country: HR
        image: tiny
        cpus: 1
        memory: 96Mi          # Mi or Gi
        disk: 64Mi
        hostname: kava-1      # the component's name by default
        sshKeys: [ssh-ed25519 AAAA... ana@example]
        userData: |           # for cloud-init, at most 16 KiB
          #cloud-config
        ports:                # published at the site's address
          - {port: 8080, to: 80}

Every error carries file, line and column, and what was expected.
"""

import re
from dataclasses import dataclass, field

from hanza.model.guest import Port, Power
from hanza.plan.admission import check_country, check_name
from hanza.plan.ports import check_ports
from hanza.plan.seed import check_ssh_keys, check_user_data
from hanza.wire.yaml_nodes import Item, parse_yaml

API_VERSION = "hanza.app/v1"
COMPONENTS_MAX = 1000
_AMOUNT = re.compile(r"([0-9]{1,9})(Mi|Gi)", re.ASCII)
_MIB = {"Mi": 1, "Gi": 1024}


@dataclass(frozen=True, slots=True)
class Component:
    name: str
    country: str
    image: str
    cpus: int
    memory_mib: int
    disk_mib: int
    power: Power
    hostname: str = ""
    ssh_keys: tuple[str, ...] = ()
    user_data: str = field(default="", repr=False)
    ports: tuple[Port, ...] = ()


@dataclass(frozen=True, slots=True)
class App:
    workspace: str
    components: tuple[Component, ...]


def app_from_yaml(content: bytes, file: str) -> App:
    """Raises `Invalid` with the place of the first thing that is wrong."""
    root = parse_yaml(content, file).mapping(
        frozenset({"apiVersion", "workspace", "components"}), frozenset()
    )
    if root["apiVersion"].text() != API_VERSION:
        root["apiVersion"].refuse(f"expected {API_VERSION}")
    items = root["components"].sequence()
    if not 1 <= len(items) <= COMPONENTS_MAX:
        root["components"].refuse(f"expected 1 to {COMPONENTS_MAX} components")
    components: dict[str, Component] = {}
    for item in items:
        component = _component(item)
        if component.name in components:
            item.refuse(f"there is another component {component.name!r}")
        components[component.name] = component
    return App(_name(root["workspace"]), tuple(components.values()))


def _component(item: Item) -> Component:
    members = item.mapping(
        frozenset({"name", "country", "image", "memory", "disk"}),
        frozenset({"cpus", "power", "hostname", "sshKeys", "userData", "ports"}),
    )
    return Component(
        name=_name(members["name"]),
        country=_country(members["country"]),
        image=_name(members["image"]),
        cpus=members["cpus"].whole_number() if "cpus" in members else 1,
        memory_mib=_amount(members["memory"]),
        disk_mib=_amount(members["disk"]),
        power=_power(members["power"]) if "power" in members else "on",
        hostname=_name(members["hostname"]) if "hostname" in members else "",
        ssh_keys=_ssh_keys(members["sshKeys"]) if "sshKeys" in members else (),
        user_data=_user_data(members["userData"]) if "userData" in members else "",
        ports=_ports(members["ports"]) if "ports" in members else (),
    )


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
        members = one.mapping(frozenset({"port"}), frozenset({"to"}))
        port = members["port"].whole_number()
        to = members["to"].whole_number() if "to" in members else port
        ports += check_ports([Port(port, to)], str(one.place))
    return check_ports(ports, str(item.place))


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
