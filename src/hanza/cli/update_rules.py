"""`hanza provider updates`: what a provider's policy says of updates of its agents."""

from enum import StrEnum
from typing import Annotated, Any

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
    """Show what counts and what is rolled out, or change it.

    Each agent goes by its own people's rule as well.
    """
    path = f"{path_of(name)}/updates"
    with connect(context) as client:
        if consent is None:
            document = client.get(path)
        else:
            _, document = client.put(path, {"spec": {"consent": consent.value}})
    show_one(document, output, "\n".join(lines_of(document)))


def lines_of(document: dict[str, Any]) -> list[str]:
    """What was said, and where what is rolled out stands with the provider's own agents."""
    words = ", ".join(document["words"]) or "none yet"
    lines = [f"{document['provider']}: {document['consent']}; said yes to: {words}"]
    rollout = document.get("rollout")
    if rollout is None:
        return [*lines, "nothing is rolled out"]
    lines.append(f"release {rollout['release']} is rolled out ({rollout['state']})")
    for one in rollout["agents"]:
        why = f": {one['why']}" if one["why"] else ""
        lines.append(f"  {one['site']} runs {one['release'] or '-'}, {one['condition']}{why}")
    if document["consent"] == "asked" and rollout["release"] not in document["words"]:
        said = f"hanza rollout consent {rollout['release']} --provider {document['provider']}"
        lines.append(f"it waits for a word: {said}")
    return lines
