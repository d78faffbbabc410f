"""`hanza login`: be somebody whom an issuer of others knows, in the context of the command line.

The context keeps the token, and the refresh token where there is one, readable by its owner only.
A command that finds the token about to end gets the next one first.
"""

from pathlib import Path
from typing import Annotated

import typer

from hanza.cli import device
from hanza.cli.client import default_context, read_content
from hanza.cli.logged_in import PlaneOf, content_of, write_context
from hanza.cli.options import OutputOption
from hanza.cli.render import Output, show_one
from hanza.kit.text import harmless
from hanza.model.errors import Invalid, NotFound


def login(  # noqa: PLR0913 -- each is an option of the command
    context: typer.Context,
    issuer: Annotated[str, typer.Option(help="The issuer's URL.", envvar="HANZA_ISSUER")],
    client: Annotated[
        str, typer.Option("--client-id", help="Who this command line is, at the issuer.")
    ] = "hanza",
    plane: Annotated[
        str | None, typer.Option(help="The plane's URL; else that of the context.")
    ] = None,
    ca: Annotated[
        Path | None, typer.Option(help="The federation's root.pem.", exists=True, dir_okay=False)
    ] = None,
    scope: Annotated[str, typer.Option(help="What is asked for.")] = "openid offline_access",
    resource: Annotated[
        str | None, typer.Option(help="For whom the token is (RFC 8707), if the issuer asks.")
    ] = None,
    output: OutputOption = Output.table,
) -> None:
    """Log in at an issuer that the plane trusts: open a page anywhere, type a code."""
    path = _path(context)
    there = _plane(path, plane, ca)
    asked = device.Login(issuer, client, scope, resource)
    with device.open_http() as http:
        found, waiting = asked.begin(http)
        typer.echo(f"open  {harmless(waiting.verification_uri)}", err=True)
        typer.echo(f"code  {harmless(waiting.user_code)}", err=True)
        if waiting.verification_uri_complete:
            typer.echo(f"or    {harmless(waiting.verification_uri_complete)}", err=True)
        tokens = asked.finish(http, found, waiting)
    content = content_of(there, asked, tokens)
    write_context(path, content)
    ends = content["login"]["expiresAt"]
    record = {"context": str(path), "url": there.url, "expiresAt": ends}
    show_one(record, output, f"logged in; the token is in {path}")


def _path(context: typer.Context) -> Path:
    path = context.find_root().params.get("context")
    return Path(path) if path else default_context()


def _plane(path: Path, url: str | None, ca: Path | None) -> PlaneOf:
    """What the context says, unless the command says otherwise.

    A context that a plane wrote for its operator is not written over.
    """
    if url is not None:
        if path.exists() and "login" not in read_content(path):
            text = f"{path} is a context of another kind, with a token of its own"
            raise Invalid(text, hint="name another file with --context")
        root = "" if ca is None else str(ca.resolve())
        return PlaneOf(url.rstrip("/"), root, url.rstrip("/"))
    if not path.exists():
        raise NotFound(f"there is no context at {path}", hint="say which plane: --plane URL")
    content = read_content(path)
    if "login" not in content:
        text = f"{path} is a context of another kind, with a token of its own"
        raise Invalid(text, hint="name another file with --context, and --plane URL")
    return PlaneOf(*(str(content.get(name, "")) for name in ("url", "ca", "web")))
