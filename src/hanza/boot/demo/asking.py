"""A client of the demo's plane for the demo's commands, and what is said where there is none."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from hanza.boot.demo.settings import Demo
from hanza.boot.demo.where import place_of
from hanza.cli.client import Client, Unreachable, read_context
from hanza.model.errors import Conflict, NotFound

HOW = "begin with: make demo"


@contextmanager
def asked(context: typer.Context, prefix: str, state: Path, base: str) -> Iterator[Client]:
    """Refusals of the plane pass as they are.

    Raises `NotFound` where there is no demo, `Conflict` when the caller works with another plane.
    """
    demo = Demo(place_of(prefix, state))
    if not demo.context.exists():
        raise NotFound("there is no demo here", hint=HOW)
    _refuse_other_plane(context.find_root().params.get("context"), demo)
    try:
        with Client(read_context(demo.context), base) as client:
            yield client
    except Unreachable as error:
        raise Unreachable(
            "the demo's plane does not answer", hint=f"hanza demo status says why; {HOW}"
        ) from error


def _refuse_other_plane(named: Path | None, demo: Demo) -> None:
    """Whoever named another plane's context must not move something of the demo's in its stead."""
    if named is None:
        return
    meant, ours = read_context(named), read_context(demo.context)
    if (meant.url, meant.token) != (ours.url, ours.token):
        raise Conflict(
            f"the context in use, {named}, is of the plane at {meant.url}, and not of this demo",
            hint=f"for the demo: export HANZA_CONTEXT={demo.context}",
        )
