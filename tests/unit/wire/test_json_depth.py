"""Nesting is limited by us, and letters within words are no nesting."""

import pytest

from hanza.model.errors import Invalid
from hanza.wire.json_depth import DEPTH_MAX, check_depth


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[" * DEPTH_MAX + b"]" * DEPTH_MAX,
        b"[" + b"[]," * 1000 + b"[]]",
        b'{"a":"' + b"[" * 1000 + b'"}',
        b'{"a":"\\"' + b"[" * 1000 + b'"}',
        b'{"a":"' + b"{" * 1000,
        b"]" * 1000,
        b"\xff" * 1000,
    ],
)
def test_what_is_not_deep_passes(body: bytes) -> None:
    check_depth(body)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * (DEPTH_MAX + 1),
        b'{"a":' * (DEPTH_MAX + 1),
        b'"\\\\"' + b"[" * 100_000,
        b'{"a":"x","b":' * 40 + b"[" * 25,
    ],
)
def test_what_is_deep_is_refused(body: bytes) -> None:
    with pytest.raises(Invalid):
        check_depth(body)
