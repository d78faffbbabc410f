"""Which demo a command means, as it is said on the command line."""

from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from hanza.boot.demo import settings
from hanza.boot.demo.settings import Demo
from hanza.boot.lab.names import Place
from hanza.cli.client import read_context

State = Annotated[Path, typer.Option(help="The demo's one folder; down removes it.")]
Prefix = Annotated[str, typer.Option(help="What its namespaces and wires are called.")]


def place_of(prefix: str, state: Path, address: str = str(settings.PLANE)) -> Place:
    try:
        return Place(prefix, state.absolute(), IPv4Address(address))
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong)) from wrong


def refuse_other_plane(named: Path | None, demo: Demo) -> None:
    """Ends the command when the caller's `--context` or `HANZA_CONTEXT` is not the demo's.

    Whoever works with another plane must not move something of the demo's in its stead.  Raises
    `NotFound` where either context is not there.
    """
    if named is None:
        return
    meant, ours = read_context(named), read_context(demo.context)
    if (meant.url, meant.token) != (ours.url, ours.token):
        refuse(
            f"The context in use, {named}, is of the plane at {meant.url}, and not of this demo: "
            "nothing was done.\n"
            f"For the demo: export HANZA_CONTEXT={demo.context}"
        )


def refuse(words: str) -> NoReturn:
    typer.echo(words, err=True)
    raise typer.Exit(1)
