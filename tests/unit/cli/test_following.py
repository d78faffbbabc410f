"""What a guest writes, in lines: also a guest that never ends one."""

import pytest

from hanza.cli.following import lines_of


@pytest.mark.parametrize(
    ("written", "lines", "left"),
    [
        (b"", [], b""),
        (b"one\ntwo", [b"one\n"], b"two"),
        (b"\n\n", [b"\n", b"\n"], b""),
        (b"xxxx", [b"xxxx"], b""),
        (b"xxx\nxxxxxy", [b"xxx\n", b"xxxx"], b"xy"),
    ],
)
def test_a_line_without_an_end_is_cut_and_fills_no_memory(
    written: bytes, lines: list[bytes], left: bytes
) -> None:
    assert lines_of(written, 4) == (lines, left)
    assert b"".join([*lines, left]) == written
