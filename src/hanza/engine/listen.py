"""Listening: whoever was not heard for a while is told to be silent, once, at the time it is so.

An agent that is heard has a row in the schedule, due when its silence would begin; the pass looks
again whether it has been heard since.  The row goes when the silence is told, and comes back in
the transaction that hears the agent again (`store.agents`), which tells that too.
"""

from datetime import datetime

from hanza.model.ids import AgentId
from hanza.model.verdict import Later, Settled
from hanza.store.agents import find_silence
from hanza.store.tx import Store, Tx
from hanza.store.work import Work, is_held, settle_work


def listen_batch(store: Store, batch: list[Work], now: datetime) -> None:
    """One commit for the whole batch, as far as the store can."""
    for record in [store.submit(_record, one, now) for one in batch]:
        record.result()


def _record(tx: Tx, one: Work, now: datetime) -> None:
    if is_held(tx, one):
        falls = find_silence(tx, AgentId(one.ref), now)
        settle_work(tx, one, Settled() if falls is None else Later(falls), now)
