"""Files that people name, read no further than anything that is taken from them.

Promises: a file that never ends (`/dev/zero`, a pipe) costs no more memory than the largest that
is taken; whether one is too large is said by whoever parses it.
"""

import sys
from pathlib import Path

from hanza.model.errors import NotFound
from hanza.wire.yaml_nodes import BYTES_MAX


def read_file(file: Path, field: str = "file", limit_bytes: int = BYTES_MAX) -> bytes:
    """At most one byte more than the limit; `-` is what comes in.  Raises `NotFound`."""
    if str(file) == "-":
        return sys.stdin.buffer.read(limit_bytes + 1)
    try:
        with file.open("rb") as source:
            return source.read(limit_bytes + 1)
    except OSError as error:
        raise NotFound(f"{file} cannot be read: {error.strerror}", field=field) from error
