"""OpenID Connect of others: the document that tells where they are asked.

It is apart from `openid`, so that a command that only logs in reads no code that verifies.
"""

from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from hanza.model.errors import Invalid

DISCOVERY = "/.well-known/openid-configuration"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Discovery(Struct):
    """What is used of an issuer's discovery document."""

    issuer: str
    jwks_uri: str
    token_endpoint: str = ""
    device_authorization_endpoint: str = ""


def check_url(url: str, field: str, *, may_be_loopback: bool = True) -> str:
    """Raises `Invalid` for where nobody asks: without TLS only this machine is asked."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise Invalid("this is no URL", field=field) from error
    is_loopback = host in LOOPBACK
    is_good = parts.scheme == "https" or (parts.scheme == "http" and is_loopback)
    has_more = parts.query or parts.fragment or "@" in parts.netloc or not url.isprintable()
    if not is_good or not host or has_more:
        raise Invalid("an issuer is an https URL without a query", field=field)
    if is_loopback and not may_be_loopback:
        raise Invalid("an issuer elsewhere has nothing on this machine", field=field)
    return url


def discovery_from_json(body: bytes, url: str) -> Discovery:
    """Raises `Invalid` for one that is not this issuer's or leads to where nobody asks."""
    try:
        found = msgspec.json.decode(body, type=Discovery)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise Invalid("the issuer's discovery document cannot be read", field="issuer") from error
    if found.issuer != url:
        raise Invalid("the discovery document is another issuer's", field="issuer")
    is_here = urlsplit(url).hostname in LOOPBACK
    for name in ("jwks_uri", "token_endpoint", "device_authorization_endpoint"):
        if getattr(found, name):
            check_url(getattr(found, name), name, may_be_loopback=is_here)
    return found
