"""The only place that imports libvirt: its constants, its errors by number, its events.

Promises: libvirt prints nothing, and an error is told by its code, its domain and its errno,
never by its text.  Everything of libvirt's is untyped, so it is `Any` here and stays inside
this package.
"""

import errno
import functools
import threading
from typing import Any, TypeAlias

import libvirt

from hanza.model.errors import DriverError, Exhausted, Rejected, Unavailable, Unsupported

Conn: TypeAlias = Any
Domain: TypeAlias = Any
EngineError: type[Exception] = libvirt.libvirtError

LIVE: int = libvirt.VIR_DOMAIN_AFFECT_LIVE
CONFIG: int = libvirt.VIR_DOMAIN_AFFECT_CONFIG
INACTIVE_XML: int = libvirt.VIR_DOMAIN_XML_INACTIVE
METADATA_ELEMENT: int = libvirt.VIR_DOMAIN_METADATA_ELEMENT
BYTES: int = libvirt.VIR_DOMAIN_BLOCK_RESIZE_BYTES
UNDEFINE_ALL: int = (
    libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
    | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
    | libvirt.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA
    | libvirt.VIR_DOMAIN_UNDEFINE_NVRAM
)

KEEPALIVE_EVERY_S = 2
KEEPALIVE_MISSES = 3

_LOST_CODES = {
    libvirt.VIR_ERR_RPC,
    libvirt.VIR_ERR_NO_CONNECT,
    libvirt.VIR_ERR_INVALID_CONN,
}
_TRANSPORTS = {libvirt.VIR_FROM_RPC, libvirt.VIR_FROM_REMOTE}
_KINDS: dict[int, type[DriverError]] = {
    libvirt.VIR_ERR_NO_MEMORY: Exhausted,
    libvirt.VIR_ERR_NO_SUPPORT: Unsupported,
    libvirt.VIR_ERR_CONFIG_UNSUPPORTED: Unsupported,
    libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED: Unsupported,
    libvirt.VIR_ERR_OPERATION_UNSUPPORTED: Unsupported,
    libvirt.VIR_ERR_INVALID_ARG: Rejected,
    libvirt.VIR_ERR_XML_ERROR: Rejected,
    libvirt.VIR_ERR_XML_DETAIL: Rejected,
    libvirt.VIR_ERR_XML_INVALID_SCHEMA: Rejected,
    libvirt.VIR_ERR_NO_DOMAIN: Rejected,
}
FULL = {errno.ENOSPC, errno.ENOMEM, errno.EDQUOT}


def _stay_silent(_context: object, _error: object) -> None:
    """libvirt's own handler prints to stderr."""


libvirt.registerErrorHandler(_stay_silent, None)


def is_absent(error: Exception) -> bool:
    return _code(error) in {libvirt.VIR_ERR_NO_DOMAIN}


def is_wrong_moment(error: Exception) -> bool:
    """The guest was on, or off, when the opposite was needed."""
    return _code(error) in {libvirt.VIR_ERR_OPERATION_INVALID}


def is_lost(error: Exception) -> bool:
    """Whether the connection, and not the engine, is why there is no answer."""
    return _code(error) in _LOST_CODES or (
        error.get_error_domain() in _TRANSPORTS  # type: ignore[attr-defined]
        and _code(error) in {libvirt.VIR_ERR_SYSTEM_ERROR, libvirt.VIR_ERR_INTERNAL_ERROR}
    )


def kind_of(error: Exception) -> type[DriverError]:
    """Which of the five an answered error is.  What nobody can tell apart is tried again."""
    code = _code(error)
    if code == libvirt.VIR_ERR_SYSTEM_ERROR and error.get_int1() in FULL:  # type: ignore[attr-defined]
        return Exhausted
    return _KINDS.get(code, Unavailable)


def _code(error: Exception) -> int:
    code: int = error.get_error_code()  # type: ignore[attr-defined]
    return code


def version() -> str:
    number: int = libvirt.getVersion()
    return f"{number // 1_000_000}.{number // 1000 % 1000}.{number % 1000}"


@functools.cache
def start_events() -> None:
    """Keepalive needs libvirt's event loop, one per process and before the first connection."""
    libvirt.virEventRegisterDefaultImpl()
    threading.Thread(target=_run_events, name="libvirt-events", daemon=True).start()


def _run_events() -> None:
    while True:
        libvirt.virEventRunDefaultImpl()


def open_connection(uri: str) -> Conn:
    """Blocks for as long as the daemon likes; to be called from a thread that may."""
    start_events()
    conn = libvirt.open(uri)
    if conn.getType() == "QEMU":
        conn.setKeepAlive(KEEPALIVE_EVERY_S, KEEPALIVE_MISSES)
        # A fresh daemon examines the emulator once, for seconds; here, and not in a call.
        conn.getDomainCapabilities()
    return conn
