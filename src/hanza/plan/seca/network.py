"""What the kinds of networks are held to besides their shape, and what is shown of them.

Pure.  Hosts carry none of them so far, and every one says so in its newest condition.
"""

from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import Any

from hanza.model.errors import Conflict, Invalid
from hanza.plan.seca.addresses import Range, check_inside, given, private_of, ranges_of

NOT_CARRIED = "kept and checked; hosts do not carry it yet"
NO_ADDRESS = "no address was given yet: hosts do not carry addresses"
ANY_ADDRESSES = frozenset({"0.0.0.0", "::"})

Status = dict[str, object]


def network_status(
    seed: str, spec: Mapping[str, Any], before: Mapping[str, Any], taken: Iterable[Range]
) -> Status:
    """The network's ranges, with a private one for each that was left to us.

    `before` is the status so far; `taken`, what the workspace's other networks have.  Raises as
    `addresses.given`.
    """
    pools, others = private_of(seed), list(taken)
    found = given(spec["cidr"], pools, others, before.get("cidr") or {}, "spec.cidr")
    others += ranges_of(found).values()
    kept, more = before.get("additionalCidrs") or [], []
    for number, cidr in enumerate(spec.get("additionalCidrs") or []):
        old = kept[number] if number < len(kept) else {}
        more.append(given(cidr, pools, others, old, f"spec.additionalCidrs.{number}"))
        others += ranges_of(more[-1]).values()
    return {"cidr": found, **({"additionalCidrs": more} if more else {})}


def ranges_in(network: Mapping[str, Any]) -> list[Range]:
    """All ranges of a network, by its status."""
    cidrs = [network["cidr"], *(network.get("additionalCidrs") or [])]
    return [one for cidr in cidrs for one in ranges_of(cidr).values()]


def check_still_inside(network: Mapping[str, Any], subnets: Mapping[str, Any]) -> None:
    """Raises `Conflict` when one of the subnets, by name, would no longer lie in the network."""
    for name, subnet in subnets.items():
        try:
            check_inside(subnet["cidr"], ranges_in(network), "spec.cidr")
        except Invalid as refusal:
            text = f"subnet {name!r} lies in what is given up"
            raise Conflict(text, field="spec.cidr", hint="delete the subnet first") from refusal


def subnet_status(
    spec: Mapping[str, Any],
    network: Mapping[str, Any],
    before: Mapping[str, Any],
    taken: Iterable[Range],
) -> Status:
    """The subnet's ranges, all of them inside of its network's.  Raises as its parts do."""
    outer = ranges_in(network)
    check_inside(spec["cidr"], outer, "spec.cidr")
    cidr = given(spec["cidr"], outer, taken, before.get("cidr") or {}, "spec.cidr")
    return {"cidr": cidr, "routeTableRef": spec["routeTableRef"]}


def nic_status(spec: Mapping[str, Any]) -> Status:
    """The addresses that were asked for by themselves; nobody gives others yet."""
    own = [one for one in spec["addresses"] if one not in ANY_ADDRESSES]
    public = spec.get("publicIpRefs")
    return {
        **({"addresses": own} if own else {}),
        **({"publicIpRefs": public} if public else {}),
    }


def public_ip_status(spec: Mapping[str, Any]) -> Status:
    """The tenant's own address, if it brings one.  Raises `Invalid` for one of another version."""
    address = spec.get("address")
    if address is None:
        return {}
    version = f"IPv{ip_address(address).version}"
    if version != spec["version"]:
        text = f"{address} is an {version} address, and {spec['version']} is asked for"
        raise Invalid(text, field="spec.address")
    return {"ipAddress": address}


def check_rule(rule: Mapping[str, Any], field: str) -> None:
    """Raises `Invalid` for ports that begin after their end."""
    ports = rule.get("ports") or {}
    first, last = ports.get("from"), ports.get("to")
    if first is not None and last is not None and first > last:
        raise Invalid(f"from {first} to {last} is no port", field=f"{field}.ports")


def check_group(spec: Mapping[str, Any]) -> None:
    for number, rule in enumerate(spec.get("rules") or []):
        check_rule(rule, f"spec.rules.{number}")
