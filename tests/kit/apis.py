"""The real application of one plane, called in this process without a socket."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from hanza.api.app import build_app
from hanza.api.identity import OperatorToken
from hanza.api.link import Hub
from kit.leagues import League, a_league

TOKEN = "t0ken"
OPERATOR = {"authorization": f"Bearer {TOKEN}"}


@contextlib.contextmanager
def an_api(folder: Path, **parts: Any) -> Iterator[tuple[TestClient, League]]:
    """A client without credentials, and the league behind it; `parts` replace the plane's."""
    with a_league(folder) as league:
        league.plane = replace(league.plane, **parts)
        app = build_app(league.plane, OperatorToken(TOKEN), Hub(league.plane))
        with TestClient(app, raise_server_exceptions=False) as client:
            yield client, league
