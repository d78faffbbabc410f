"""Connections for one transaction after the other.

What SQLAlchemy does to take a connection out of its pool and to put it back costs more than a
small transaction on SQLite, so those of SQLite stay open here.  Those of PostgreSQL may have died
meanwhile: its pool is asked for each transaction, and finds out.
"""

import contextlib
from collections.abc import Iterator

import sqlalchemy as sa

KEPT_MAX = 4
"""Fewer than the pool keeps."""


class Lines:
    """Of one engine, for any number of threads.  Promises: nobody is given one that failed."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._kept_max = KEPT_MAX if engine.dialect.name == "sqlite" else 0
        self._idle: list[sa.Connection] = []

    @contextlib.contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """A transaction: committed at the end, or rolled back when something is raised."""
        line = self._take()
        is_well = False
        try:
            with line.begin():
                yield line
            is_well = True
        finally:
            if is_well and len(self._idle) < self._kept_max:
                self._idle.append(line)
            else:
                line.close()

    def close(self) -> None:
        """Nobody begins any more."""
        while self._idle:
            self._idle.pop().close()
        self._engine.dispose()

    def _take(self) -> sa.Connection:
        try:
            return self._idle.pop()
        except IndexError:
            return self._engine.connect()
