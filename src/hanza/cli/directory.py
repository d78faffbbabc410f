"""`hanza directory`: where agents find the planes, when that changes."""

from typing import Annotated, Any

import typer

from hanza.cli.options import OutputOption, connect
from hanza.cli.render import Output, show_one

directory = typer.Typer(help="The planes' addresses that agents are told.", no_args_is_help=True)


@directory.command("show")
def show_directory(context: typer.Context, output: OutputOption = Output.table) -> None:
    """Show the directory that is in force."""
    with connect(context) as client:
        _show(client.get("/directory"), output)


@directory.command("set")
def set_directory(
    context: typer.Context,
    urls: Annotated[list[str], typer.Argument(help="https://HOST[:PORT], the best one first.")],
    output: OutputOption = Output.table,
) -> None:
    """Sign these addresses and tell them to every agent.  Keep the old ones until all have come."""
    with connect(context) as client:
        _, document = client.put("/directory", {"urls": urls})
        _show(document, output)


def _show(document: dict[str, Any], output: Output) -> None:
    if not document["number"]:
        words = "none was signed: agents dial what their join tokens said"
    else:
        words = "\n".join([f"directory {document['number']}", *document["urls"]])
    show_one(document, output, words)
