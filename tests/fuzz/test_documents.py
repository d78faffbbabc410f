"""Whatever is asked of any operation, the answer is one that its document has."""

from collections.abc import Iterator

import pytest

from kit.fuzzing import Plane, a_plane, ask_well, check_operation, make_ready, operations

OPERATIONS = operations()
EXAMPLES = 10
SEED = 20260101
NEVER_GRANTED = {
    "hanza.federation.actOnRollout",  # nothing is rolled out
    "hanza.federation.addRelease",  # nothing is signed
    "hanza.federation.adoptGuest",  # no site has let one of its own go
    "hanza.federation.askForUpgrade",  # no WebSocket
    "hanza.federation.askLogForUpgrade",
    "hanza.federation.askPortForUpgrade",
    "hanza.federation.cancelMaintenance",
    "hanza.federation.deleteIssuer",
    "hanza.federation.deleteReleaseKey",  # none counts
    "hanza.federation.fetchBlob",  # no agent's signature
    "hanza.federation.join",
    "hanza.federation.putDirectory",  # this plane has no key of the root
    "hanza.federation.putHours",  # the site is another provider's
    "hanza.federation.putIssuer",  # no issuer answers
    "hanza.federation.putReleaseKey",  # no name is 64 hexadecimal digits
    "hanza.federation.retireSigningKey",
    "hanza.federation.revokeAgent",
    "hanza.federation.revokeReleaseKey",  # no key has signed it
    "hanza.federation.revokeToken",
    "hanza.federation.revokeOwnAgent",
    "hanza.federation.trustAgent",
    "hanza.federation.trustOwnAgent",
    "hanza.federation.withdrawInstance",  # no site is silent
    "hanza.federation.withdrawPrices",
    "hanza.federation.withdrawStorage",  # nothing waits
    "hanza.federation.withdrawVolume",
    "hanza.federation.startRollout",  # no release is there
    "hanza.federation.setClaimEnd",  # nobody claims anything
    "seca.compute.restartInstance",  # nothing runs
}


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    with a_plane(tmp_path_factory.mktemp("plane")) as plane:
        yield plane


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_answer_is_in_the_document(plane: Plane, name: str) -> None:
    seen = check_operation(plane, OPERATIONS[name], EXAMPLES, SEED)
    if not is_granted(seen) and name not in NEVER_GRANTED:
        make_ready(plane, name, OPERATIONS)
        seen = ask_well(plane, OPERATIONS[name])
        assert is_granted(seen), f"only refusals were tried: {sorted(seen)}"


def is_granted(seen: set[int]) -> bool:
    return any(status < 300 for status in seen)
