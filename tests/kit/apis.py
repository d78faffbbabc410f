"""The real application of one plane, called in this process without a socket."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from hanza.api.app import CONSOLE_LIMITS, build_app
from hanza.api.gate import CALL_LIMITS, CallLimits, build_gate
from hanza.api.identity import OperatorToken, Verifier
from hanza.api.link import STRANGERS_MAX, Hub
from hanza.api.relay import Limits
from hanza.model.access import Grant, User
from hanza.plan.access_roles import DEFAULT_ROLE
from hanza.store.tenants import put_tenant
from hanza.store.tx import Tx
from hanza.store.users import put_user
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
    calls: CallLimits = CALL_LIMITS,
    strangers_max: int = STRANGERS_MAX,
    **parts: Any,
) -> Iterator[tuple[TestClient, League]]:
    """A client without credentials, and the league behind it.

    `others` may verify tokens too; `limits` are those of consoles, `strangers_max` is the
    link's, and `parts` replace the plane's.
    """
    with a_league(folder, url=url) as league:
        plane = league.plane = replace(league.plane, **parts)
        gate = build_gate(plane, OperatorToken(TOKEN), *others, limits=calls)
        app = build_app(plane, gate, Hub(plane, strangers_max), limits)
        with TestClient(app, raise_server_exceptions=False) as client:
            yield client, league


def bearer(league: League, subject: str, *tenants: str) -> dict[str, str]:
    """The header of somebody who may do all in the tenants, for an hour of the league's time.

    The tenants are there and know them from now on.
    """
    now = league.clock.now()
    for tenant in tenants:
        league.store.write(_know, User(tenant, subject, (Grant(DEFAULT_ROLE),)), now)
    token = league.plane.issuer.issue(Bearer(subject, tenants, now + timedelta(hours=1)), now)
    return {"authorization": f"Bearer {token}"}


def _know(tx: Tx, user: User, now: datetime) -> None:
    put_tenant(tx, user.tenant, None, now)
    put_user(tx, user, now)
