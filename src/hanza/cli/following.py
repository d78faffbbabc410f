"""`hanza logs`, and with `--follow` what a guest writes to its serial port, as it writes it.

The way is that of consoles, to read only.  Whoever reads slowly is waited for as far as the site
keeps what was written; when the line is cut, the plane starts again or the guest is begun anew, it
goes on where it was, and says so on standard error.
"""

import codecs
import json
import sys
import time
from typing import Annotated, Any
from urllib.parse import quote

import typer
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from hanza.cli.apps import find_instance
from hanza.cli.client import Client, Unreachable
from hanza.cli.console import open_socket
from hanza.cli.options import TENANT, OutputOption, TenantOption, WorkspaceOption, connect
from hanza.cli.render import Output, ago, show
from hanza.kit.backoff import delay_after
from hanza.kit.clock import SystemClock
from hanza.kit.text import harmless
from hanza.model.errors import (
    Busy,
    Invalid,
    NotHere,
    NotRunning,
    PlaneStarting,
    RateLimited,
    StoreUnavailable,
)
from hanza.wire.console_v1 import LOG_HEAD_BYTES, End, end_of

INTERRUPTED = 130
LINE_BYTES_MAX = 64 * 1024
PASSING = (
    Unreachable,
    NotHere,
    NotRunning,
    PlaneStarting,
    StoreUnavailable,
    Busy,
    RateLimited,
)
"""Refusals that may be others in a while; any other ends it."""


def logs(  # noqa: PLR0913 -- each is an option of the command
    context: typer.Context,
    name: str,
    tenant: TenantOption = TENANT,
    workspace: WorkspaceOption = None,
    is_followed: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what it writes, until Ctrl-C.")
    ] = False,
    since: Annotated[
        str | None, typer.Option(help="With --follow: start, or the number of a byte.")
    ] = None,
    output: OutputOption = Output.table,
) -> None:
    """Show what a guest last wrote to its serial port, as its site reported it."""
    if since is not None and not is_followed:
        raise Invalid("--since is for --follow", field="since")
    at = since_of(since)
    with connect(context) as client:
        found = find_instance(client, tenant, workspace, name)
        if is_followed:
            follow(client, tenant, found["metadata"], at, output)
    record = {key: found["status"][key] for key in ("serialTail", "seenAt")}
    if output is Output.json:
        show([{"name": name, **record}], [], output, "")
        return
    typer.echo(record["serialTail"], nl=not record["serialTail"].endswith("\n"))
    heard = ago(record["seenAt"], SystemClock().now())
    typer.echo(f"-- as reported by its site {heard}", err=True)


def since_of(text: str | None) -> int:
    """`start` or the number of a byte.  Raises `Invalid`."""
    if text in (None, "start"):
        return 0
    if text is None or not (text.isascii() and text.isdigit() and len(text) < 16):
        hint = "--output json tells at which byte the next line begins"
        raise Invalid(
            f"{text!r} is neither start nor the number of a byte", field="since", hint=hint
        )
    return int(text)


def follow(client: Client, tenant: str, metadata: dict[str, Any], at: int, output: Output) -> None:
    """Until interrupted, or refused for good."""
    words = (tenant, metadata["workspace"], metadata["name"])
    path = "/tenants/{}/workspaces/{}/instances/{}/log".format(*map(quote, words))
    reader = _Reader(metadata["name"], at, output)
    failures = 0
    try:
        while True:
            try:
                with open_socket(client, f"{path}?after={reader.at}") as connection:
                    failures = 0
                    _say(reader.read(connection))
            except PASSING as refusal:
                failures += 1
                if failures == 1:
                    _say(f"{refusal}; it is tried again")
            time.sleep(delay_after(failures + 1).total_seconds())
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    except BrokenPipeError:
        raise typer.Exit from None  # nobody reads any more


def _say(text: str) -> None:
    print(f"-- {text}", file=sys.stderr, flush=True)


class _Reader:
    """Where in what the guest wrote it is, over all connections."""

    def __init__(self, name: str, at: int, output: Output) -> None:
        self.at = at
        self._name = name
        self._output = output
        self._line = b""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def read(self, connection: ClientConnection) -> str:
        """Show what comes; why it ended."""
        try:
            self._begin(int.from_bytes(connection.recv(decode=False)[:LOG_HEAD_BYTES]))
            while True:
                self._show(connection.recv(decode=False))
        except ConnectionClosed as closed:
            end = end_of(None if closed.rcvd is None else closed.rcvd.code)
        ended = "the guest went off, was begun anew, or wrote more than its site keeps"
        return ended if end is End.ended else "the line is cut; it goes on where it was"

    def _begin(self, start: int) -> None:
        if start < self.at:
            _say("from the guest's beginning")
        elif start > self.at:
            _say(f"{start - self.at} bytes are left out: the site has them no more")
        if start != self.at:
            self._line, self.at = b"", start
            self._decoder.reset()

    def _show(self, said: bytes) -> None:
        self.at += len(said)
        if self._output is not Output.json:
            _print(harmless(self._decoder.decode(said)))
            return
        lines, self._line = lines_of(self._line + said)
        begins = self.at - len(self._line) - sum(map(len, lines))
        for line in lines:
            begins += len(line)
            text = harmless(line.rstrip(b"\r\n").decode("utf-8", "replace"))
            _print(json.dumps({"name": self._name, "text": text, "next": begins}) + "\n")


def lines_of(written: bytes, most: int = LINE_BYTES_MAX) -> tuple[list[bytes], bytes]:
    """Each with its end, and what is not a whole one yet; who ends none has it cut at so many."""
    found: list[bytes] = []
    at = 0
    while True:
        end = written.find(b"\n", at, at + most) + 1
        if not end and len(written) - at < most:
            return found, written[at:]
        end = end or at + most
        found.append(written[at:end])
        at = end


def _print(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
