"""Whether the store takes writes, and has the schema of this release; told without details.

The proof is a real write: a row is put and taken away again in one transaction, through the same
writer as everything else.  What is told names no address, user or file.
"""

import functools
import os
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from hanza.kit.clock import Clock
from hanza.kit.ids import Ids
from hanza.model.errors import Bug
from hanza.store.schema import work
from hanza.store.tx import Store, Tx

PROOF = "proof"
"""A kind of work that nobody takes, of rows that nobody ever sees."""


def ask_for_proof(store: Store, ids: Ids, clock: Clock) -> "Future[Sequence[str]]":
    """What is wrong with the store, in words; empty when nothing is.  Never raises, may wait."""
    answer: Future[Sequence[str]] = Future()

    def note(done: "Future[str | None]") -> None:
        error = done.exception()
        if error is not None:
            answer.set_result([f"the store takes no writes ({type(error).__name__})"])
            return
        troubles = (
            [] if done.result() == newest_revision() else ["the schema is not this release's"]
        )
        if is_lost(store.url):
            troubles.append("the database's file is gone")
        answer.set_result(troubles)

    try:
        store.submit(_prove, ids.new("pf"), clock.now()).add_done_callback(note)
    except Bug:
        answer.set_result(["the store is closed"])
    return answer


def revision_of(tx: Tx) -> str | None:
    """Which revision of the schema the database has; None for none."""
    return MigrationContext.configure(tx).get_current_revision()


@functools.cache
def newest_revision() -> str | None:
    """Which revision this release wants."""
    return ScriptDirectory(str(Path(__file__).parent / "migrations")).get_current_head()


def _prove(tx: Tx, ref: str, now: object) -> str | None:
    tx.execute(sa.insert(work), {"kind": PROOF, "ref": ref, "due_at": now})
    tx.execute(sa.delete(work).where(work.c.kind == PROOF, work.c.ref == ref))
    return revision_of(tx)


def is_lost(url: str) -> bool:
    """Whether it is a file that is not there.

    SQLite goes on writing into one that was removed under it, and makes one that is missing.
    """
    path = sa.make_url(url).database if url.startswith("sqlite") else None
    return bool(path) and not os.path.exists(str(path))
