"""Which demo a command means, as it is said on the command line."""

from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from hanza.boot.demo import settings
from hanza.boot.lab.names import Place

State = Annotated[Path, typer.Option(help="The demo's one folder; down removes it.")]
Prefix = Annotated[str, typer.Option(help="What its namespaces and wires are called.")]


def place_of(prefix: str, state: Path, address: str = str(settings.PLANE)) -> Place:
    try:
        return Place(prefix, state.absolute(), IPv4Address(address))
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong)) from wrong


def refuse(words: str) -> NoReturn:
    typer.echo(words, err=True)
    raise typer.Exit(1)
