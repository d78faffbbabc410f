"""Sockets that listen: bound to what the settings name, or refused in words."""

import socket

from hanza.boot.settings import Address
from hanza.model.errors import Conflict

BACKLOG = 512


def listen(address: Address) -> socket.socket:
    """Raises `Conflict` for an address that cannot be had."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address.host, address.port))
    except OSError as error:
        listener.close()
        raise Conflict(
            f"cannot listen on {address.host}:{address.port}: {error.strerror}",
            hint="something else listens there, or the address is not this machine's",
        ) from error
    listener.listen(BACKLOG)
    return listener
