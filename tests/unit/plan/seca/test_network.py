"""What is decided of the kinds of networks, and what is shown of them."""

from ipaddress import ip_network
from typing import Any

import pytest

from hanza.model.errors import Conflict, Invalid
from hanza.plan.seca import network

TABLE = {"resource": "route-tables/main"}


def test_a_network_shows_its_ranges_and_keeps_those_that_it_was_given() -> None:
    spec = {
        "cidr": {"ipv4": "0.0.0.0/16"},
        "additionalCidrs": [{"ipv4": "0.0.0.0/16"}, {"ipv4": "192.168.0.1/24"}],
    }
    taken = [ip_network("10.0.0.0/16")]
    first = network.network_status("ne_1", spec, {}, taken)
    assert first == {
        "cidr": {"ipv4": "10.1.0.0/16"},
        "additionalCidrs": [{"ipv4": "10.2.0.0/16"}, {"ipv4": "192.168.0.0/24"}],
    }
    assert network.network_status("ne_1", spec, first, []) == first
    plain: dict[str, Any] = {"cidr": spec["cidr"], "additionalCidrs": None}
    assert network.network_status("ne_1", plain, first, []) == {"cidr": first["cidr"]}
    assert network.ranges_in({"cidr": {"ipv4": "10.0.0.0/8"}}) == [ip_network("10.0.0.0/8")]


def test_a_subnet_lies_in_its_network() -> None:
    outer = {"cidr": {"ipv4": "10.1.0.0/16"}, "additionalCidrs": [{"ipv6": "fd00::/56"}]}
    wish = {"cidr": {"ipv4": "0.0.0.0/24", "ipv6": "fd00::/64"}, "routeTableRef": TABLE}
    shown = network.subnet_status(wish, outer, {}, [ip_network("10.1.0.0/24")])
    assert shown["cidr"] == {"ipv4": "10.1.1.0/24", "ipv6": "fd00::/64"}
    assert shown["routeTableRef"] == TABLE
    assert network.subnet_status(wish, outer, shown, []) == shown
    with pytest.raises(Invalid):
        network.subnet_status(wish | {"cidr": {"ipv4": "10.2.0.0/24"}}, outer, {}, [])


def test_a_network_does_not_leave_a_subnet_behind() -> None:
    subnets = {"front": {"cidr": {"ipv4": "10.1.0.0/24"}}}
    network.check_still_inside({"cidr": {"ipv4": "10.0.0.0/8"}}, subnets)
    network.check_still_inside({"cidr": {"ipv4": "10.9.0.0/16"}}, {})
    with pytest.raises(Conflict, match="front"):
        network.check_still_inside({"cidr": {"ipv4": "10.9.0.0/16"}}, subnets)


def test_a_card_shows_the_addresses_that_were_asked_for() -> None:
    assert network.nic_status({"addresses": ["0.0.0.0", "::"]}) == {}
    spec = {"addresses": ["::", "10.0.0.1"], "publicIpRefs": [TABLE]}
    assert network.nic_status(spec) == {"addresses": ["10.0.0.1"], "publicIpRefs": [TABLE]}


def test_a_public_address_is_shown_when_it_was_brought() -> None:
    assert network.public_ip_status({"version": "IPv6"}) == {}
    own = {"version": "IPv4", "address": "203.0.113.7"}
    assert network.public_ip_status(own) == {"ipAddress": "203.0.113.7"}
    with pytest.raises(Invalid):
        network.public_ip_status(own | {"version": "IPv6"})


def test_ports_begin_before_they_end() -> None:
    for ports in (None, {"from": 80}, {"to": 80}, {"from": 80, "to": 80}, {"list": [80]}):
        network.check_rule({"ports": ports}, "spec")
    network.check_group({})
    network.check_group({"rules": [{}, {"ports": {"from": 1, "to": 2}}]})
    with pytest.raises(Invalid) as refused:
        network.check_group({"rules": [{}, {"ports": {"from": 2, "to": 1}}]})
    assert refused.value.field == "spec.rules.1.ports"
