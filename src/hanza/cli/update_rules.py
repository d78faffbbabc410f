"""`hanza provider updates`: what a provider's policy says of updates of its agents."""

from enum import StrEnum
from typing import Annotated

import typer

from hanza.cli.options import OutputOption, connect
from hanza.cli.render import Output, show_one
from hanza.cli.site_acts import path_of


class ConsentWord(StrEnum):
    """What typer reads as `hanza.model.release.Consent`."""

    always = "always"
    asked = "asked"
    never = "never"


ConsentOption = Annotated[
    ConsentWord | None, typer.Option(help="By themselves, on a word each, or never.")
]


def provider_updates(
    context: typer.Context,
    name: str,
    consent: ConsentOption = None,
    output: OutputOption = Output.table,
) -> None:
    """Show what counts, or change it; each agent goes by its own people's rule as well."""
    path = f"{path_of(name)}/updates"
    with connect(context) as client:
        if consent is None:
            document = client.get(path)
        else:
            _, document = client.put(path, {"spec": {"consent": consent.value}})
    words = ", ".join(document["words"]) or "none yet"
    show_one(document, output, f"{name}: {document['consent']}; said yes to: {words}")
