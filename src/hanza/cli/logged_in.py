"""The context of somebody who logged in: kept whole, and its token replaced before it ends."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hanza.cli import device
from hanza.cli.client import Context, read_content
from hanza.kit.clock import SystemClock

SOON_S = 60.0
"""A token that ends sooner is replaced before it is used."""


@dataclass(frozen=True, slots=True)
class PlaneOf:
    """What of a context is not about who somebody is."""

    url: str
    ca: str
    web: str


def refresh_if_due(path: Path) -> None:
    """Get the next token where the one of a login is about to end.

    Raises `Unauthenticated` when the issuer wants to see the person again.
    """
    content = read_content(path)
    kept = content.get("login")
    if not isinstance(kept, dict) or not kept.get("refreshToken") or not _is_due(kept):
        return
    asked = device.Login(
        str(kept["issuer"]), str(kept["client"]), str(kept["scope"]), kept.get("resource")
    )
    with device.open_http() as http:
        tokens = asked.refresh(http, str(kept["refreshToken"]))
    there = PlaneOf(*(str(content.get(name, "")) for name in ("url", "ca", "web")))
    write_context(path, content_of(there, asked, tokens))


def write_context(path: Path, content: dict[str, Any]) -> None:
    """Whole or not at all, and readable by its owner only from its first byte."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as out:
        os.fchmod(descriptor, 0o600)
        json.dump(content, out)
    part.replace(path)


def content_of(there: PlaneOf, asked: device.Login, tokens: device.Tokens) -> dict[str, Any]:
    life = tokens.expires_in
    ends = None if life is None else SystemClock().now().timestamp() + life
    return {
        "url": there.url,
        "ca": there.ca,
        "web": there.web,
        "token": tokens.bearer,
        "login": {
            "issuer": asked.issuer,
            "client": asked.client,
            "scope": asked.scope,
            "resource": asked.resource,
            "refreshToken": tokens.refresh_token,
            "expiresAt": ends,
        },
    }


def handed_content(
    of: Context, token: str, url: str | None, whose: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """A context for somebody else, on any machine: the root is in it, and no path of this one.

    `url` is where they reach the plane; else it is where we do.  `whose` has the `tenant` and the
    `provider` that the token is for; the only one of them is what commands are about then.
    """
    root = of.root or (Path(of.ca).read_text(encoding="ascii") if of.ca else "")
    at = of.url if url is None else url.rstrip("/")
    only = {key: names[0] for key, names in whose.items() if len(names) == 1}
    return {"url": at, "token": token, "ca": "", "root": root, "web": at, **only}


def _is_due(kept: dict[str, Any]) -> bool:
    ends = kept.get("expiresAt")
    return isinstance(ends, int | float) and ends - SystemClock().now().timestamp() < SOON_S
