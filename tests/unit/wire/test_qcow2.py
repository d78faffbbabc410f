"""A stranger's disk is taken only when it names no file of the host that reads it."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanza.model.errors import Invalid
from hanza.wire.qcow2 import HEADER_BYTES, disk_mib_of
from kit.images import a_qcow2


def test_a_plain_disk_tells_its_size_rounded_up() -> None:
    assert disk_mib_of(a_qcow2(64), "disk") == 64
    assert disk_mib_of(a_qcow2(64, version=2), "disk") == 64
    assert disk_mib_of(a_qcow2(64, features=0b11000), "disk") == 64
    odd = bytearray(a_qcow2(64))
    odd[24:32] = struct.pack(">Q", 64 * 2**20 + 512)
    assert disk_mib_of(bytes(odd), "disk") == 65


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"QFI\xfb",
        b"MZ" * 60,
        a_qcow2(backing=512),
        a_qcow2(version=2, backing=512),
        a_qcow2(version=4),
        a_qcow2(features=0b1),
        a_qcow2(features=0b100),
        a_qcow2(features=1 << 63),
        a_qcow2()[:75],
        a_qcow2()[:32] + struct.pack(">I", 1) + a_qcow2()[36:],
    ],
)
def test_what_reaches_for_other_files_or_is_no_disk_is_refused(header: bytes) -> None:
    with pytest.raises(Invalid) as refusal:
        disk_mib_of(header, "spec.disk")
    assert refusal.value.field == "spec.disk"


@given(st.binary(max_size=HEADER_BYTES))
def test_no_header_does_worse_than_a_refusal(tail: bytes) -> None:
    for header in (tail, b"QFI\xfb\0\0\0\3" + tail):
        try:
            assert disk_mib_of(header, "disk") >= 0
        except Invalid:
            continue
