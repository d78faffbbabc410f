"""What is asked of a plane is what was named, or nothing at all."""

import pytest

from hanza.cli.client import Client, Context, trust_of
from hanza.cli.ending import end_all
from hanza.model.errors import Invalid, NotFound

NOWHERE = Context("http://127.0.0.1:1", "token", "")


@pytest.mark.parametrize(
    "name", ["..", ".", "", "a/../../b", "a?x", "a#x", "%2e%2e", "a\\b", "a\nb", "a\x1bb"]
)
def test_a_name_that_would_lead_elsewhere_is_refused_before_anything_is_sent(name: str) -> None:
    with Client(NOWHERE) as client, pytest.raises(Invalid, match="no name has"):
        client.delete(f"/images/{name}")
    with Client(NOWHERE) as client, pytest.raises(Invalid, match="no name has"):
        client.items(f"/tenants/{name}/instances")


class Gone(Client):
    """A plane at which the first of everything has just ended."""

    def __init__(self) -> None:
        super().__init__(NOWHERE)
        self.ended: list[str] = []

    def delete(self, path: str, headers: object = None) -> None:  # noqa: ARG002
        self.ended.append(path)
        if len(self.ended) == 1:
            raise NotFound("it has ended")


def test_what_has_ended_meanwhile_keeps_nothing_else_from_being_ended() -> None:
    with Gone() as client:
        end_all(client, ["/a", "/b", "/c"])
    assert client.ended == ["/a", "/b", "/c"]


def test_a_root_that_is_no_certificate_is_refused() -> None:
    for root in ("nonsense", "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"):
        with pytest.raises(Invalid, match="no certificate"):
            trust_of(Context("https://127.0.0.1:1", "token", "", root=root))
