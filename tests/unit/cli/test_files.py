"""Files that never end, and those that cannot be read."""

from pathlib import Path

import pytest

from hanza.cli.files import read_file
from hanza.model.errors import NotFound


def test_a_file_that_never_ends_is_read_to_one_byte_over_the_limit() -> None:
    assert read_file(Path("/dev/zero"), limit_bytes=1000) == bytes(1001)


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as refusal:
        read_file(tmp_path / "none.yaml")
    assert "none.yaml" in refusal.value.text
