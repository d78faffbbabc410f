"""Frames: what decodes, what is refused, and how small a heartbeat is."""

import msgspec
import pytest

from hanza.model.errors import Invalid
from hanza.wire import agent_v1 as v1


def test_a_frame_comes_back_as_it_went() -> None:
    beat = v1.Heartbeat(7)
    assert v1.decode_up(v1.encode(beat)) == beat
    taken = v1.ReportTaken(7)
    assert v1.decode_down(v1.encode(taken)) == taken
    claims = v1.Claims(1, "ag_me", 1, "cafe", "fake", None, None)
    assert v1.decode_claims(v1.encode(claims)) == claims


def test_a_heartbeat_is_a_few_bytes_after_years() -> None:
    a_century = 100 * 365 * 24 * 360
    assert len(v1.encode(v1.Heartbeat(a_century))) <= 8


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\xc1",
        b"\x93\xa1h",
        msgspec.msgpack.encode(["unheard", 1]),
        msgspec.msgpack.encode({"h": 1}),
        msgspec.msgpack.encode(["h", -1]),
        msgspec.msgpack.encode(["h", 2**60]),
        msgspec.msgpack.encode(["h", "1"]),
        msgspec.msgpack.encode(["hello", bytes(20), bytes(63)]),
        msgspec.msgpack.encode(["hello", bytes(16385), bytes(64)]),
        b"\x91" * 5000,
    ],
)
def test_what_is_no_message_is_invalid(frame: bytes) -> None:
    with pytest.raises(Invalid, match="does not decode"):
        v1.decode_up(frame)


@pytest.mark.parametrize(
    "frame",
    [
        v1.encode(v1.Heartbeat(1)),
        msgspec.msgpack.encode(["challenge", bytes(31)]),
        msgspec.msgpack.encode(["refused", "code", "x" * 1025]),
    ],
)
def test_each_side_hears_only_what_the_other_may_say(frame: bytes) -> None:
    with pytest.raises(Invalid):
        v1.decode_down(frame)


def test_more_items_than_known_are_left_aside() -> None:
    """A newer peer may say more, at the end."""
    assert v1.decode_up(msgspec.msgpack.encode(["h", 1, "new"])) == v1.Heartbeat(1)


def test_a_tail_has_a_limit() -> None:
    seen = ["m", "run", "present", None, None, "seen", "x" * 4097, None]
    report = ["report", 1, [1, 1], True, [[["in_a", 1], *seen[1:]]], [], None, None, None]
    with pytest.raises(Invalid):
        v1.decode_up(msgspec.msgpack.encode(report))


def test_a_join_request_travels_as_json() -> None:
    request = v1.JoinRequest(bytes(32), bytes(32), bytes(64), "fake")
    assert msgspec.json.decode(msgspec.json.encode(request), type=v1.JoinRequest) == request
