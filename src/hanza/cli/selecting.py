"""Which sites are meant: `--where country=PL,class=store`, as commands that list things take it.

Acts on many sites are asked of the plane at once (`site_acts`); what is here only looks.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from hanza.cli.client import Client
from hanza.plan.selection import KEYS, matches, parse_selector, selector_of

Names = Annotated[list[str] | None, typer.Argument(help="Sites by name.", metavar="SITE")]
Where = Annotated[
    str | None,
    typer.Option(help="KEY=VALUE,…; KEY is site, provider, country, city or class."),
]
All = Annotated[bool, typer.Option("--all", help="All sites that you act for.")]


def among(
    client: Client,
    where: str | None,
    documents: Sequence[dict[str, Any]],
    site_of: Callable[[dict[str, Any]], str],
) -> list[dict[str, Any]]:
    """Those at the sites that are meant; all where nothing is said.  Raises `Invalid`."""
    if where is None:
        return list(documents)
    selector = selector_of(parse_selector(where), is_all=False)
    meant = {
        one["metadata"]["name"]
        for one in client.items("/sites")
        if matches(selector, facts_of(one))
    }
    return [one for one in documents if site_of(one) in meant]


def facts_of(site: dict[str, Any]) -> dict[str, str | None]:
    """Of a site's document, what a selector may ask."""
    spec = site["spec"]
    return {key: spec[key] if key in spec else site["metadata"]["name"] for key in KEYS}
