"""Planes as processes, one on each database, for everything that is asked from outside."""

import uuid
from collections.abc import Iterator
from ipaddress import IPv4Network
from pathlib import Path

import pytest
import sqlalchemy as sa
from hanza_conformance.cloud import Target

from kit.federations import RunningFederation, a_federation


@pytest.fixture(scope="session")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFederation]:
    with a_federation(tmp_path_factory.mktemp("sqlite")) as found:
        yield found


@pytest.fixture(scope="session")
def on_postgresql(
    postgres: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningFederation]:
    name = f"t{uuid.uuid4().hex}"
    admin = sa.create_engine(postgres, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    admin.dispose()
    url = postgres.replace("/postgres?", f"/{name}?")
    folder: Path = tmp_path_factory.mktemp("postgresql")
    with a_federation(folder, "--database", url) as found:
        yield found


@pytest.fixture(scope="session")
def target(on_sqlite: RunningFederation) -> Target:
    """The strict tenant."""
    said = on_sqlite.said
    return Target(
        region_url=said["regionUrl"],
        authorization_url=said["authorizationUrl"],
        token=on_sqlite.token_of("strict"),
        tenant="strict",
        region=said["region"],
        users=tuple(said["users"]),
        cidr=IPv4Network("10.1.0.0/16"),
        public_ips=IPv4Network("203.0.113.0/24"),
        patience_s=20.0,
    )
