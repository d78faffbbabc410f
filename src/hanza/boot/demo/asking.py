"""A client of the demo's plane for the demo's commands, and what is said where there is none."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hanza.boot.demo.settings import Demo
from hanza.boot.demo.where import place_of
from hanza.cli.client import Client, Unreachable, read_context
from hanza.model.errors import NotFound

HOW = "begin with: make demo"


@contextmanager
def asked(prefix: str, state: Path, base: str) -> Iterator[Client]:
    """Refusals of the plane pass as they are.  Raises `NotFound` where there is no demo."""
    demo = Demo(place_of(prefix, state))
    if not demo.context.exists():
        raise NotFound("there is no demo here", hint=HOW)
    try:
        with Client(read_context(demo.context), base) as client:
            yield client
    except Unreachable as error:
        raise Unreachable(
            "the demo's plane does not answer", hint=f"hanza demo status says why; {HOW}"
        ) from error
