"""Ranges that are given lie where they may, and never where another is."""

from ipaddress import ip_network

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from hanza.model.errors import Invalid, NoRoom
from hanza.plan.seca.addresses import (
    check_inside,
    given,
    is_any,
    is_range,
    private_of,
    ranges_of,
)

POOLS = (ip_network("10.1.0.0/16"), ip_network("fd00::/48"))


def four(text: str) -> dict[str, str]:
    return {"ipv4": text}


def test_a_range_is_what_its_bits_lie_in() -> None:
    found = ranges_of({"ipv4": "10.0.0.1/16", "ipv6": None})
    assert found == {"ipv4": ip_network("10.0.0.0/16")}
    assert is_any(ip_network("0.0.0.0/16"))
    assert is_any(ip_network("::/64"))
    assert not is_any(ip_network("10.0.0.0/8"))


@pytest.mark.parametrize("text", ["10.0.0.1", "10.0.0.0/8", "10.0.0.1/8", "::1", "fd00::/8"])
def test_addresses_and_ranges_are_told_from_names(text: str) -> None:
    assert is_range(text)


@pytest.mark.parametrize("text", ["", "nics/card", "10.0.0.0/33", None, 10])
def test_what_is_no_range_is_none(text: object) -> None:
    assert not is_range(text)


def test_what_is_asked_for_by_itself_is_taken_as_it_is() -> None:
    taken = [ip_network("10.1.0.0/24")]
    for wish in ("10.1.0.0/24", "192.168.0.0/24"):
        assert given(four(wish), POOLS, taken, {}, "f") == four(wish)


def test_any_range_is_the_first_that_is_free() -> None:
    taken = [ip_network(one) for one in ("10.0.0.0/24", "10.1.0.0/25", "10.1.1.8/29", "fd00::/64")]
    assert given(four("0.0.0.0/24"), POOLS, taken, {}, "f") == four("10.1.2.0/24")
    assert given(four("0.0.0.0/25"), POOLS, taken, {}, "f") == four("10.1.0.128/25")
    assert given({"ipv6": "::/64"}, POOLS, taken, {}, "f") == {"ipv6": "fd00:0:0:1::/64"}
    second = (ip_network("10.9.0.0/24"), *POOLS)
    assert given(four("0.0.0.0/24"), second, [second[0]], {}, "f") == four("10.1.0.0/24")


def test_what_was_given_stays_while_it_is_what_is_asked_for() -> None:
    before = four("10.1.7.0/24")
    assert given(four("0.0.0.0/24"), POOLS, [], before, "f") == before
    assert given(four("0.0.0.0/25"), POOLS, [], before, "f") == four("10.1.0.0/25")
    assert given(four("0.0.0.0/24"), POOLS, [], four("10.2.0.0/24"), "f") == four("10.1.0.0/24")


def test_what_cannot_be_given_is_refused() -> None:
    with pytest.raises(Invalid):
        given(four("0.0.0.0/8"), POOLS, [], {}, "f")
    with pytest.raises(NoRoom):
        given(four("0.0.0.0/24"), POOLS, [ip_network("10.0.0.0/8")], {}, "f")


def test_inside_is_inside_of_one() -> None:
    check_inside({"ipv4": "10.1.4.0/24", "ipv6": "fd00::/64"}, POOLS, "f")
    check_inside(four("0.0.0.0/24"), POOLS, "f")
    for text in ("10.2.0.0/24", "10.0.0.0/8", "10.0.0.0/15"):
        with pytest.raises(Invalid):
            check_inside(four(text), POOLS, "f")


def test_private_ranges_are_a_networks_own() -> None:
    (four_one, six_one), (four_two, six_two) = private_of("ne_1"), private_of("ne_2")
    assert four_one == four_two == ip_network("10.0.0.0/8")
    assert six_one != six_two
    assert six_one.prefixlen == 48
    assert str(six_one).startswith("fd")
    assert private_of("ne_1") == (four_one, six_one)


@drawn(st.lists(st.integers(18, 28), max_size=30))
def test_given_ranges_never_overlap(sizes: list[int]) -> None:
    taken = []
    for size in sizes:
        try:
            found = given(four(f"0.0.0.0/{size}"), POOLS, taken, {}, "f")
        except NoRoom:
            continue
        one = ip_network(found["ipv4"])
        assert one.subnet_of(ip_network("10.1.0.0/16"))
        assert not any(one.overlaps(other) for other in taken)
        taken.append(one)
