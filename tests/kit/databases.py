"""Databases at this release's schema, copied from one that was migrated once in this process.

The migrations are tested by tests of their own; all others want only where they lead to.
"""

import shutil
import sqlite3
import tempfile
from contextlib import closing
from functools import cache
from pathlib import Path

import sqlalchemy as sa

from hanza.store.migrate import migrate

TEMPLATE = "migrated"
SQLITE = "sqlite:///"

_at_head: set[str] = set()
"""Databases of PostgreSQL that were made from the template."""


def bring_to_head(url: str) -> None:
    """Migrate, by a copy where there is nothing to lose."""
    if url in _at_head:
        return
    path = Path(url.removeprefix(SQLITE))
    if url.startswith(SQLITE) and not path.exists():
        path.write_bytes(_sqlite_at_head())
        return
    if url.startswith(SQLITE) and _revision_of(path) == _head():
        return
    migrate(url)


def _revision_of(path: Path) -> object:
    """None where nothing has migrated it yet."""
    with closing(sqlite3.connect(path)) as inside:
        tables = inside.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'")
        if not tables.fetchall():
            return None
        return inside.execute("SELECT version_num FROM alembic_version").fetchone()


@cache
def _head() -> object:
    folder = Path(tempfile.mkdtemp(prefix="hanza-schema-"))
    try:
        (folder / "hanza.db").write_bytes(_sqlite_at_head())
        return _revision_of(folder / "hanza.db")
    finally:
        shutil.rmtree(folder)


@cache
def _sqlite_at_head() -> bytes:
    folder = Path(tempfile.mkdtemp(prefix="hanza-schema-"))
    try:
        migrate(f"{SQLITE}{folder}/hanza.db")
        assert [one.name for one in folder.iterdir()] == ["hanza.db"], "it was not closed"
        return (folder / "hanza.db").read_bytes()
    finally:
        shutil.rmtree(folder)


def create(server: str, name: str, *, is_empty: bool) -> str:
    """A database on a PostgreSQL, empty or at head; its URL."""
    template = "" if is_empty else f" TEMPLATE {_template(server)}"
    _execute(server, f"CREATE DATABASE {name}{template}")
    url = _url(server, name)
    if not is_empty:
        _at_head.add(url)
    return url


def drop(server: str, name: str) -> None:
    _execute(server, f"DROP DATABASE {name} WITH (FORCE)")
    _at_head.discard(_url(server, name))


@cache
def _template(server: str) -> str:
    migrate(create(server, TEMPLATE, is_empty=True))
    return TEMPLATE


def _url(server: str, name: str) -> str:
    return server.replace("/postgres?", f"/{name}?")


def _execute(server: str, statement: str) -> None:
    with _admin(server).connect() as connection:
        connection.exec_driver_sql(statement)


@cache
def _admin(server: str) -> sa.Engine:
    return sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
