"""Where a plane is, and whether it may be spoken to without TLS.

Promises: plain HTTP is reached on loopback only, and there only when it was asked for by name.
It does not resolve names: `localhost` is loopback, any other name is not.
"""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from hanza.model.errors import Invalid


@dataclass(frozen=True, slots=True)
class Address:
    """A plane's base address, already allowed."""

    host: str
    port: int
    path: str
    is_secure: bool

    def link_url(self) -> str:
        return self.url_of("/agent/v1/link")

    def url_of(self, path: str) -> str:
        """Of a WebSocket at the plane."""
        scheme = "wss" if self.is_secure else "ws"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}{self.path}{path}"


def address_of(url: str, *, may_be_plain: bool) -> Address:
    """Raises `Invalid` for what is no address of a plane, or one that must not be used."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Invalid(f"{url!r} is not the address of a plane", field="url") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query:
        raise Invalid(f"{url!r} is not the address of a plane", field="url")
    is_secure = parts.scheme == "https"
    if not is_secure and not (may_be_plain and _is_loopback(parts.hostname)):
        raise Invalid(
            f"{url!r} is plain HTTP, which is spoken only on loopback and with --insecure-http",
            field="url",
        )
    return Address(
        parts.hostname, port or (443 if is_secure else 80), parts.path.rstrip("/"), is_secure
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
