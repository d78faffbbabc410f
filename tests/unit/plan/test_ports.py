"""Ports are bounded, each is one guest's, and their order means nothing."""

from dataclasses import replace

import pytest

from hanza.model.errors import Invalid
from hanza.model.guest import Port
from hanza.plan.ports import LAST, PORTS_MAX, check_ports, taken_port
from kit.agent_worlds import a_spec

WEB, TLS = Port(8080, 80), Port(8443, 443)


def test_the_same_ports_in_another_order_are_the_same() -> None:
    assert check_ports([TLS, WEB], "ports") == check_ports([WEB, TLS], "ports") == (WEB, TLS)
    assert check_ports([Port(1, LAST), Port(LAST, 1)], "ports")


@pytest.mark.parametrize(
    "ports",
    [
        [Port(0, 80)],
        [Port(8080, LAST + 1)],
        [Port(-1, 80)],
        [WEB, Port(8080, 81)],
        [WEB, WEB],
        [Port(number, 80) for number in range(1, PORTS_MAX + 2)],
    ],
)
def test_ports_that_cannot_be_are_refused(ports: list[Port]) -> None:
    with pytest.raises(Invalid) as refusal:
        check_ports(ports, "ports")
    assert refusal.value.field == "ports"


def test_a_port_is_taken_by_whoever_has_it_at_the_site() -> None:
    wanted = replace(a_spec(), ports=(WEB, TLS))
    assert taken_port(wanted, []) is None
    assert taken_port(wanted, [replace(wanted, ports=(Port(80, 8080),)), a_spec()]) is None
    assert taken_port(wanted, [replace(wanted, ports=(Port(8443, 1),))]) == 8443
