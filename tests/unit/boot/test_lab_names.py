"""What a lab's things are called follows from its place alone."""

from ipaddress import IPv4Address
from pathlib import Path

import pytest

from hanza.boot.lab import lab
from hanza.boot.lab.names import SITES_AT_MOST, Place, Site

PLACE = Place("hzdemo", Path("/var/lib/somewhere"), IPv4Address("10.213.0.1"))
DEVICE_NAME_AT_MOST = 15
SOCKET_PATH_AT_MOST = 107


def test_sites_are_numbered_from_one() -> None:
    first, second = lab.sites(PLACE, ["hr-zag-1", "de-fra-1"])
    assert [str(site.address) for site in (first, second)] == ["10.213.0.11", "10.213.0.12"]
    assert first.namespace == "hzdemo-hr-zag-1"
    assert first.wire == "hzdemo-1"


def test_the_longest_names_fit_the_kernel() -> None:
    place = Place("a" * 10, Path("/var/lib/somewhere"), IPv4Address("10.213.0.1"))
    site = Site(place, "s" * 31, SITES_AT_MOST)
    assert len(site.wire) <= DEVICE_NAME_AT_MOST
    assert len(str(site.socket)) <= SOCKET_PATH_AT_MOST


def test_no_two_sites_share_anything() -> None:
    sites = lab.sites(PLACE, [f"s{number}" for number in range(20)])
    for what in ("namespace", "wire", "address", "folder", "host_uuid"):
        assert len({getattr(site, what) for site in sites}) == len(sites)


@pytest.mark.parametrize("prefix", ["", "Demo", "a b", "a" * 11, "1a", "a-b"])
def test_a_prefix_that_could_be_mistaken_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match="prefix"):
        Place(prefix, Path("/x"), IPv4Address("10.213.0.1"))


def test_a_relative_folder_is_refused() -> None:
    with pytest.raises(ValueError, match="absolute"):
        Place("demo", Path("x"), IPv4Address("10.213.0.1"))


@pytest.mark.parametrize(("name", "number"), [("", 1), ("A", 1), ("a/b", 1), ("a", 0), ("a", 100)])
def test_a_site_that_cannot_be_is_refused(name: str, number: int) -> None:
    with pytest.raises(ValueError, match="not a site"):
        Site(PLACE, name, number)
