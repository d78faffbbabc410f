"""A boot is judged by serial output and patience, and by nothing else."""

from datetime import timedelta

import pytest

from hanza.plan.boot import PATIENCE, PATIENCE_EMULATED, boot_of, patience_for
from kit.agent_worlds import START, a_guest

LATE = START + PATIENCE


def test_a_guest_that_is_off_has_no_boot_to_see() -> None:
    assert boot_of(a_guest(power="off"), None, PATIENCE, START) == "unknown"


def test_where_nobody_can_look_it_is_unknown_for_ever() -> None:
    assert boot_of(a_guest(serial_bytes=None), START, PATIENCE, LATE) == "unknown"


def test_the_first_byte_is_a_boot_seen_however_late() -> None:
    assert boot_of(a_guest(serial_bytes=1), START, PATIENCE, LATE) == "seen"


@pytest.mark.parametrize("since", [START, None])
def test_silence_is_pending_while_there_is_patience(since: object) -> None:
    on_since = START if since else None
    assert boot_of(a_guest(), on_since, PATIENCE, LATE - timedelta(microseconds=1)) == "pending"


def test_silence_is_silence_when_patience_ends() -> None:
    assert boot_of(a_guest(), START, PATIENCE, LATE) == "silent"


def test_an_emulated_guest_gets_more_patience() -> None:
    assert patience_for("tcg") == PATIENCE_EMULATED > PATIENCE
    assert patience_for("kvm") == patience_for("none") == PATIENCE
