"""`hanza console`: a guest's serial port, from a terminal or from a script.

What the guest says goes to standard output as it is, ours to standard error.  In a terminal
every key is the guest's but the escape; without one, what is read goes to the guest, and the
console stays open for a while after its end.
"""

import os
import select
import ssl
import sys
import threading
import time
from contextlib import suppress
from typing import Annotated
from urllib.parse import quote

import typer
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

from hanza.cli.apps import find_instances
from hanza.cli.client import BASE, Client, Unreachable, refusal_of
from hanza.cli.options import TENANT, TenantOption, WorkspaceOption
from hanza.cli.options import connect as connect_plane
from hanza.cli.terminal import ESCAPE, ESCAPE_NAME, raw_terminal
from hanza.model.errors import Invalid, Refusal
from hanza.wire.console_v1 import FRAME_BYTES_MAX, End, end_of

ANSWER_WITHIN_S = 30.0
CLOSE_WITHIN_S = 2.0
_WHY = {
    End.left: "you left",
    End.ended: "the guest went off, or is there no more",
    End.taken: "somebody else took it over",
    End.idle: "nothing was typed for long",
    End.expired: "it was open for as long as any may be; open it again",
    End.deaf: "the guest does not read what is typed",
    End.unruly: "the plane did not take what was typed",
    End.lost: "the line to the guest was lost",
}
_GOOD = (End.left, End.ended)


class HungUp(Refusal):
    """A console was ended by somebody else."""

    code = "hung_up"


def console(
    context: typer.Context,
    name: str,
    tenant: TenantOption = TENANT,
    workspace: WorkspaceOption = None,
    force: Annotated[bool, typer.Option("--force", help="End whoever has it open now.")] = False,
    linger: Annotated[
        float, typer.Option(help="Seconds to listen on when the input has ended.", min=0)
    ] = 2.0,
) -> None:
    """Type at a guest's serial port, and read what it says; leave with Ctrl-]."""
    if not sys.stdin or not sys.stdout:
        raise Invalid("a console needs an input and an output", hint="</dev/null is one")
    with connect_plane(context) as client:
        found = find_instances(client, tenant, workspace, name)
        if len(found) > 1:
            raise Invalid(f"{name!r} is {len(found)} instances", hint="name one of hanza status")
        metadata = found[0]["metadata"]
        words = (tenant, metadata["workspace"], metadata["name"])
        where = "/tenants/{}/workspaces/{}/instances/{}/console".format(*map(quote, words))
        with open_socket(client, f"{where}?takeOver={'true' if force else 'false'}") as connection:
            _say(f"-- {metadata['name']}: what follows is the guest's, and may say anything")
            end = _Talk(connection, linger).run()
    _say(f"-- the console of {metadata['name']} has ended: {_WHY[end]}")
    if end not in _GOOD:
        raise HungUp(f"the console was ended: {_WHY[end]}")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def open_socket(client: Client, path: str) -> ClientConnection:
    """A WebSocket at the plane.  Raises what it says of why not, as any other command does."""
    context = client.context
    url = context.url.replace("http", "ws", 1) + BASE + path
    try:
        return connect(
            url,
            ssl=client.tls if url.startswith("wss:") else None,
            additional_headers={"authorization": f"Bearer {context.token}"},
            compression=None,
            max_size=FRAME_BYTES_MAX,
            open_timeout=ANSWER_WITHIN_S,
            close_timeout=CLOSE_WITHIN_S,
            user_agent_header=None,
            proxy=None,
        )
    except InvalidStatus as error:
        raise refusal_of(error.response.status_code, bytes(error.response.body or b"")) from error
    except (OSError, ssl.SSLError, WebSocketException) as error:
        raise Unreachable(
            f"the plane at {context.url} does not answer",
            hint="is it running? `hanza up` starts one",
        ) from error


class _Talk:
    """One open console, between the connection and this process's input and output."""

    def __init__(self, connection: ClientConnection, linger_s: float) -> None:
        self._connection = connection
        self._linger_s = linger_s
        self._end = End.left
        self._over, self._tell_over = os.pipe()

    def run(self) -> End:
        keyboard, screen = sys.stdin.fileno(), sys.stdout.fileno()
        with raw_terminal(keyboard, screen) as is_terminal:
            if is_terminal:
                os.write(sys.stderr.fileno(), f"-- leave with {ESCAPE_NAME}\r\n".encode())
            listener = threading.Thread(target=self._listen, args=(screen,), daemon=True)
            listener.start()
            try:
                with suppress(ConnectionClosed):
                    self._type(keyboard, is_terminal=is_terminal)
            finally:
                self._connection.close()
                listener.join(CLOSE_WITHIN_S)
        return self._end

    def _listen(self, screen: int) -> None:
        try:
            while True:
                _write_all(screen, self._connection.recv(decode=False))
        except ConnectionClosed as closed:
            code = None if closed.rcvd is None else closed.rcvd.code
            self._end = end_of(code)
        except OSError:
            # Nobody reads what we say any more: as good as having left.
            self._end = End.left
        finally:
            os.close(self._tell_over)

    def _type(self, keyboard: int, *, is_terminal: bool) -> None:
        give_up_at: float | None = None
        while True:
            left = None if give_up_at is None else max(give_up_at - time.monotonic(), 0)
            sources = [self._over] if give_up_at is not None else [self._over, keyboard]
            ready, _, _ = select.select(sources, [], [], left)
            if self._over in ready or (not ready and give_up_at is not None):
                return
            typed = os.read(keyboard, FRAME_BYTES_MAX)
            if is_terminal and (ESCAPE in typed or not typed):
                self._send(typed.partition(ESCAPE)[0])
                return
            if not typed:
                give_up_at = time.monotonic() + self._linger_s
            self._send(typed)

    def _send(self, typed: bytes) -> None:
        if typed:
            self._connection.send(typed)


def _write_all(screen: int, said: bytes) -> None:
    left = memoryview(said)
    while left:
        left = left[os.write(screen, left) :]
