"""The real application of one plane, called in this process without a socket."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from hanza.api.app import CONSOLE_LIMITS, build_app
from hanza.api.identity import Authenticator, IssuedTokens, OperatorToken, Verifier
from hanza.api.link import Hub
from hanza.api.relay import Limits
from hanza.wire.tokens import Bearer
from kit.leagues import League, a_league

TOKEN = "t0ken"
OPERATOR = {"authorization": f"Bearer {TOKEN}"}


@contextlib.contextmanager
def an_api(
    folder: Path,
    *others: Verifier,
    url: str | None = None,
    limits: Limits = CONSOLE_LIMITS,
    **parts: Any,
) -> Iterator[tuple[TestClient, League]]:
    """A client without credentials, and the league behind it.

    `others` may verify tokens too; `limits` are those of consoles, and
    `parts` replace the plane's.
    """
    with a_league(folder, url=url) as league:
        plane = league.plane = replace(league.plane, **parts)
        own = (OperatorToken(TOKEN), IssuedTokens(plane.issuer, plane.clock))
        app = build_app(plane, Authenticator(*own, *others), Hub(plane), limits)
        with TestClient(app, raise_server_exceptions=False) as client:
            yield client, league


def bearer(league: League, subject: str, *tenants: str) -> dict[str, str]:
    """The header of somebody who belongs to the tenants, for an hour of the league's time."""
    now = league.clock.now()
    token = league.plane.issuer.issue(Bearer(subject, tenants, now + timedelta(hours=1)), now)
    return {"authorization": f"Bearer {token}"}
