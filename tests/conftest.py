"""Fixtures that every test may ask for."""

import signal
import uuid
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from hanza.store.tx import Store
from kit import databases
from kit.forked import FORKS
from kit.postgres import throw_away_postgres

# How long an example takes says how busy the machine is, and nothing about the property.
hypothesis.settings.register_profile("hanza", deadline=None)
hypothesis.settings.load_profile("hanza")

FORKS.want()

# What a shell starts in its background ignores interruptions, and so would all that we start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL that lives as long as the session."""
    with throw_away_postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database at this release's schema, once of each kind."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/hanza.db"
        databases.bring_to_head(url)
        yield url
        return
    server = request.getfixturevalue("postgres")
    name = f"t{uuid.uuid4().hex}"
    yield databases.create(server, name, is_empty=False)
    databases.drop(server, name)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without a table, once of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/hanza.db"
        return
    server = request.getfixturevalue("postgres")
    name = f"t{uuid.uuid4().hex}"
    yield databases.create(server, name, is_empty=True)
    databases.drop(server, name)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    store = Store(database_url)
    yield store
    store.close()
