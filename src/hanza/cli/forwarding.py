"""`hanza port-forward`: a port of this machine that leads to one that a guest publishes.

The way is that of consoles: each connection is a WebSocket to the plane, which the agent's own
outbound link meets, so a site behind NAT is reached and nothing is opened there.  What one end
does not take is not read from the other.
"""

import socket
import sys
import threading
from contextlib import suppress
from typing import Annotated
from urllib.parse import quote

import typer
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection

from hanza.cli.apps import find_instances
from hanza.cli.client import Client
from hanza.cli.console import open_socket
from hanza.cli.options import TENANT, TenantOption, WorkspaceOption, connect
from hanza.model.errors import Invalid, Refusal
from hanza.wire.console_v1 import FRAME_BYTES_MAX

INTERRUPTED = 130


def port_forward(
    context: typer.Context,
    name: str,
    ports: Annotated[str, typer.Argument(metavar="LOCAL:REMOTE", help="Such as 8080:80.")],
    tenant: TenantOption = TENANT,
    workspace: WorkspaceOption = None,
    address: Annotated[str, typer.Option(help="Where to listen on this machine.")] = "127.0.0.1",
) -> None:
    """Reach a port that a guest publishes, by way of the plane; ends with Ctrl-C."""
    local, remote = _ports(ports)
    with connect(context) as client:
        found = find_instances(client, tenant, workspace, name)
        if len(found) > 1:
            raise Invalid(f"{name!r} is {len(found)} instances", hint="name one of hanza status")
        metadata = found[0]["metadata"]
        words = map(quote, (tenant, metadata["workspace"], metadata["name"]))
        path = "/tenants/{}/workspaces/{}/instances/{}".format(*words) + f"/ports/{remote}"
        open_socket(client, path).close()  # whoever may not, or cannot, is told so at once
        with _listening(address, local) as listener:
            where, port = listener.getsockname()[:2]
            print(f"{where}:{port} leads to port {remote} of {metadata['name']}", flush=True)
            try:
                while True:
                    near, _ = listener.accept()
                    args = (client, path, near)
                    threading.Thread(target=_serve, args=args, daemon=True).start()
            except KeyboardInterrupt:
                raise typer.Exit(INTERRUPTED) from None


def _ports(text: str) -> tuple[int, int]:
    """`8080:80`, or `80` for the same on both sides; a local 0 takes any that is free."""
    local, _, remote = text.rpartition(":")
    try:
        numbers = int(local or remote), int(remote)
    except ValueError:
        numbers = -1, -1
    if not (0 <= numbers[0] < 65536 and 0 < numbers[1] < 65536):
        raise Invalid(f"{text!r} is not LOCAL:REMOTE, two ports", field="ports")
    return numbers


def _listening(address: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return socket.create_server((address, port), family=family)
    except OSError as error:
        text = f"cannot listen on {address}:{port}: {error.strerror}"
        raise Invalid(text, field="ports", hint="take another local port") from error


def _serve(client: Client, path: str, near: socket.socket) -> None:
    with near:
        try:
            connection = open_socket(client, path)
        except Refusal as refusal:
            print(f"-- {refusal.text} ({refusal.code})", file=sys.stderr, flush=True)
            return
        _join(near, connection)


def _join(near: socket.socket, connection: ClientConnection) -> None:
    """Until both sides have said all, or either is gone.  An empty frame ends one direction."""
    up = threading.Thread(target=_pass_up, args=(near, connection), daemon=True)
    up.start()
    with suppress(OSError, WebSocketException):
        for frame in connection:
            if not isinstance(frame, bytes) or not frame:
                near.shutdown(socket.SHUT_WR)
                up.join()  # the guest has said all; what is still to be said to it goes on
                break
            near.sendall(frame)
    with suppress(OSError):
        near.shutdown(socket.SHUT_RDWR)
    connection.close()
    up.join()


def _pass_up(near: socket.socket, connection: ClientConnection) -> None:
    with suppress(OSError, WebSocketException):
        while said := near.recv(FRAME_BYTES_MAX):
            connection.send(said)
        connection.send(b"")
