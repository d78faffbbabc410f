"""The agent's door for the people at its site: a UNIX socket in its folder.

Promises: only root and the agent's own user are let in (the folder, the socket's mode and the
kernel's word on who calls, each by itself); one line is asked and one is answered; who comes and
says nothing is sent away after a while.  What is asked is `local`'s to decide.
"""

import os
import pwd
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import msgspec

from hanza.agent.local import Answer, Request
from hanza.kit.log import Log
from hanza.model.errors import Invalid, Unavailable

SOCKET = "local.sock"
WITHIN_S = 10.0
REQUEST_BYTES_MAX = 16 * 2**10
ANSWER_BYTES_MAX = 64 * 2**20
_CREDENTIALS = struct.Struct("3i")
_log = Log("hanza.agent.door")


class Door:
    """`run_once` is called for ever by one thread; `close` by any other."""

    def __init__(self, folder: Path, answer: Callable[[bytes, str], Answer]) -> None:
        """Raises `Invalid` where the socket cannot be made."""
        self._answer = answer
        self._is_closed = False
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with _short(folder) as near:
                Path(near).unlink(missing_ok=True)
                self._listener.bind(near)
                # Nobody is let in before it listens.
                Path(near).chmod(0o600)
            self._listener.listen(8)
        except OSError as error:
            self._listener.close()
            raise Invalid(f"no socket can be made in {folder}: {error.strerror}") from error

    def run_once(self) -> timedelta:
        try:
            caller, _ = self._listener.accept()
        except OSError:
            if not self._is_closed:
                raise
            return timedelta(seconds=1)
        with caller, suppress(OSError):
            caller.settimeout(WITHIN_S)
            self._serve(caller)
        return timedelta(0)

    def close(self) -> None:
        self._is_closed = True
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self, caller: socket.socket) -> None:
        credentials = caller.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        uid = _CREDENTIALS.unpack(credentials)[1]
        if uid not in (0, os.geteuid()):
            _log.warning("door.refused", uid=uid)
            answer = Answer(None, "forbidden", "only root and the agent's own user may ask")
        else:
            answer = self._answer(_line_of(caller, REQUEST_BYTES_MAX), _name_of(uid))
        caller.sendall(msgspec.json.encode(answer) + b"\n")


def ask(folder: Path, request: Request) -> Answer:
    """Raises `Unavailable` when no agent runs with this folder, `Invalid` for no answer of ours."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as wire:
        wire.settimeout(WITHIN_S)
        try:
            with _short(folder) as near:
                wire.connect(near)
            wire.sendall(msgspec.json.encode(request) + b"\n")
            line = _line_of(wire, ANSWER_BYTES_MAX)
        except (FileNotFoundError, ConnectionError) as error:
            raise Unavailable(f"no agent runs with {folder}") from error
        except OSError as error:
            raise Invalid(f"the agent cannot be asked: {error.strerror or error}") from error
    try:
        return msgspec.json.decode(line, type=Answer)
    except msgspec.DecodeError as error:
        raise Invalid("the agent's answer does not decode") from error


@contextmanager
def _short(folder: Path) -> Iterator[str]:
    """The socket's path by way of the open folder: a socket's path may have 107 characters."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}/{SOCKET}"
    finally:
        os.close(descriptor)


def _line_of(wire: socket.socket, limit_bytes: int) -> bytes:
    said = bytearray()
    while not said.endswith(b"\n") and len(said) < limit_bytes:
        more = wire.recv(65536)
        if not more:
            break
        said += more
    return bytes(said)


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
