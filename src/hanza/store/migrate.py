"""Brings a database to the schema of this release, or back.  Safe to run from many processes."""

from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext

from hanza.store.database import lock_schema, schema_engine
from hanza.store.schema import metadata

HEAD = "head"
EMPTY = "base"


def migrate(url: str, revision: str = HEAD) -> None:
    """Upgrade to `revision`.  Everything happens in one transaction, or nothing does."""
    _run(url, lambda config: command.upgrade(config, revision))


def migrate_back(url: str, revision: str) -> None:
    """Downgrade to `revision`; `base` leaves an empty database."""
    _run(url, lambda config: command.downgrade(config, revision))


def drift(url: str) -> list[object]:
    """What differs between the database and `store.schema`; empty when they agree."""
    engine = schema_engine(url)
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), metadata)
    engine.dispose()
    return list(found)


def _run(url: str, step: Callable[[Config], None]) -> None:
    engine = schema_engine(url)
    try:
        with engine.begin() as connection:
            lock_schema(connection)
            step(_config(connection))
    finally:
        engine.dispose()


def _config(connection: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config
