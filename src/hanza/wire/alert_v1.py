"""Alerts: what is posted to a hook and how it is signed, and the documents about them.

The signature is HMAC-SHA256 with the hook's secret over the time, a full stop and the body:
`Hanza-Signature: t=1767225600,v1=<hex>`.  Whoever receives one compares it before they read it,
refuses an old `t`, and takes an `id` that they had already for done.
"""

import hashlib
import hmac
from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct

from hanza.model.errors import Invalid

SIGNATURE = "Hanza-Signature"
URL_CHARACTERS_MAX = 2000


class AlertBody(Struct):
    """What a hook is told."""

    id: str
    federation: str
    kind: str
    subject: str
    text: str
    at: datetime


class HookSpec(Struct, forbid_unknown_fields=True, rename="camel"):
    """`isPrivate` allows plain HTTP and addresses that are not public, such as of a LAN."""

    url: Annotated[str, Meta(max_length=URL_CHARACTERS_MAX)]
    is_private: bool = False


class HookPut(Struct, forbid_unknown_fields=True):
    spec: HookSpec


class HookDoc(Struct, rename="camel", omit_defaults=True):
    """`secret` is told once, when the hook is new."""

    name: str
    url: str
    is_private: bool
    created_at: datetime
    secret: str | None = None


class AlertDoc(Struct, rename="camel"):
    """`dead` ones were tried for hours and given up; `error` is what became of the last try."""

    id: str
    hook: str
    kind: str
    subject: str
    text: str
    at: datetime
    state: Literal["due", "sent", "dead"]
    tries: int
    error: str | None


def body_of(alert: AlertBody) -> bytes:
    return msgspec.json.encode(alert)


def signature_of(secret: bytes, body: bytes, now: datetime) -> str:
    at = int(now.timestamp())
    digest = hmac.new(secret, f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def check_hook_url(spec: HookSpec) -> str:
    """Raises `Invalid` for what nobody can or may post to."""
    scheme, separator, rest = spec.url.partition("://")
    allowed = ("https", "http") if spec.is_private else ("https",)
    host = rest.partition("/")[0]
    is_plain = spec.url.isascii() and spec.url.isprintable() and " " not in spec.url
    is_whole = scheme in allowed and bool(separator) and _has_host(spec.url)
    if not is_whole or not is_plain or "@" in host:
        hint = "such as https://alerts.example/hanza; plain HTTP is for private hooks only"
        raise Invalid("this is no address of a hook", field="spec.url", hint=hint)
    return spec.url


def _has_host(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
