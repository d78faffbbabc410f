"""Where a plane may be, and where TLS may be left out."""

import pytest

from hanza.agent.address import Address, address_of
from hanza.model.errors import Invalid


@pytest.mark.parametrize(
    ("url", "address", "link"),
    [
        (
            "https://plane.example",
            Address("plane.example", 443, "", True),
            "wss://plane.example:443/agent/v1/link",
        ),
        (
            "https://[2001:db8::1]:8443/hanza/",
            Address("2001:db8::1", 8443, "/hanza", True),
            "wss://[2001:db8::1]:8443/hanza/agent/v1/link",
        ),
    ],
)
def test_a_secure_address_is_taken(url: str, address: Address, link: str) -> None:
    assert address_of(url, may_be_plain=False) == address
    assert address.link_url() == link


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "[::1]"])
def test_plain_http_is_for_loopback_and_only_when_asked_for(host: str) -> None:
    url = f"http://{host}:8080"
    assert address_of(url, may_be_plain=True).link_url() == f"ws://{host}:8080/agent/v1/link"
    with pytest.raises(Invalid, match="--insecure-http"):
        address_of(url, may_be_plain=False)


@pytest.mark.parametrize("host", ["plane.example", "10.0.0.1", "localhost.evil.example"])
def test_plain_http_never_leaves_the_machine(host: str) -> None:
    with pytest.raises(Invalid, match="only on loopback"):
        address_of(f"http://{host}", may_be_plain=True)


def test_plain_http_has_its_own_port() -> None:
    assert address_of("http://localhost", may_be_plain=True).port == 80


@pytest.mark.parametrize(
    "url",
    ["", "plane.example", "ftp://a", "https://", "https://a:b", "https://a/?q=1", "https://["],
)
def test_anything_else_is_no_address(url: str) -> None:
    with pytest.raises(Invalid, match="not the address of a plane"):
        address_of(url, may_be_plain=True)
