"""`hanza demo visit`: the page of a guest as a visitor at its own site gets it just now.

The request is made inside the site's network namespace by the demo's plane, as those of the page
are, so it shows that a guest serves also while its site's cable is out.
"""

from html.parser import HTMLParser
from typing import Annotated, Any

import typer

from hanza.boot.demo import desk
from hanza.boot.demo.asking import asked
from hanza.boot.demo.settings import PREFIX, STATE
from hanza.boot.demo.where import Prefix, State
from hanza.cli.client import BASE
from hanza.cli.options import TENANT, OutputOption
from hanza.cli.render import Output, show_one
from hanza.kit.text import harmless, meant_by
from hanza.model.errors import NotFound, NotRunning

LINES_MAX = 20


def visit(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A guest, or a site: then its first guest.")],
    state: State = STATE,
    prefix: Prefix = PREFIX,
    output: OutputOption = Output.table,
) -> None:
    """Ask a guest for its page from inside its site, which works while the site is cut off."""
    with asked(context, prefix, state, BASE) as client:
        guest = guest_of(client.items(f"/tenants/{TENANT}/instances"), name)
    with asked(context, prefix, state, desk.BASE) as client:
        answer: dict[str, Any] = client.get(f"/visits/{guest}")
    if "trouble" in answer:
        text = f"{guest} does not answer at {answer['reach']}: {answer['trouble']}"
        raise NotRunning(text, hint=f"hanza status, and hanza logs {guest}, say more")
    head = f"{guest} serves a visitor at {answer['site']}: {answer['reach']}, {answer['ms']} ms"
    show_one(answer, output, "\n".join([head, *lines_of(answer["text"])]))


def guest_of(documents: list[dict[str, Any]], name: str) -> str:
    """The guest of that name, or the first at that site that publishes a port.  Raises `NotFound`.

    Pure.
    """
    placed = [one for one in documents if one["status"]["placement"]]
    names = [one["metadata"]["name"] for one in placed]
    if name in names:
        return name
    at = {one["status"]["placement"]["site"]: "" for one in placed}
    for one in placed:
        site = one["status"]["placement"]["site"]
        if one["spec"].get("ports") and not at[site]:
            at[site] = one["metadata"]["name"]
    if at.get(name):
        return at[name]
    meant = meant_by(name, [*names, *at])
    hint = f"the sites are {', '.join(sorted(at))}; hanza status lists the guests"
    raise NotFound(
        f"there is no guest {name!r}, and no site of that name with one that serves",
        hint=hint if meant is None else f"perhaps {meant}; {hint}",
    )


def lines_of(page: str) -> list[str]:
    """The words of a page without its tags; what a `dt` names stands before its `dd`."""
    reader = _Words()
    reader.feed(page)
    reader.close()
    return [harmless(line)[:200] for line in reader.lines if line.strip()][:LINES_MAX]


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._inside: list[str] = []
        self._is_named = False

    def handle_starttag(self, tag: str, _: object) -> None:
        if tag not in ("meta", "link", "br", "img", "hr", "input"):
            self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while tag in self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        words, tag = " ".join(data.split()), self._inside[-1] if self._inside else ""
        if not words or tag in ("style", "script", "title"):
            return
        if tag == "dd" and self._is_named:
            self.lines[-1] = f"  {self.lines[-1].strip():<10}{words}"
        else:
            self.lines.append(f"  {words}")
        self._is_named = tag == "dt"
