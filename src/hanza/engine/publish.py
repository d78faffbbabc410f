"""Publishing: the next manifest of an agent is cut in one transaction, see `store.manifests`.

For an agent that is silent none is cut: what was asked for it waits (`store.pending`) until it is
heard, which hints it, and until then it can be taken back.
"""

from datetime import datetime, timedelta

from hanza.kit.points import Point
from hanza.model.ids import AgentId
from hanza.model.verdict import Later, Settled
from hanza.store.manifests import NothingNew, publish_manifest
from hanza.store.pending import is_silent, note_told
from hanza.store.tx import Store, Tx, attempt
from hanza.store.work import Work, is_held, settle_work

LOOK_AGAIN = timedelta(minutes=10)
"""Nothing depends on it: who is heard again hints."""


def publish_batch(store: Store, batch: list[Work], now: datetime, point: Point) -> None:
    """Cut a manifest for every agent in the batch whose wants have changed, in one commit."""
    point("publish.commit.before")
    for record in [store.submit(_publish, one, now) for one in batch]:
        record.result()
    point("publish.commit.after")


def _publish(tx: Tx, one: Work, now: datetime) -> None:
    agent = AgentId(one.ref)
    if is_silent(tx, agent, now):
        if is_held(tx, one):
            settle_work(tx, one, Later(now + LOOK_AGAIN), now)
        return
    attempt(tx, lambda: _is_cut(tx, agent, now))
    note_told(tx, agent)
    if is_held(tx, one):
        settle_work(tx, one, Settled(), now)


def _is_cut(tx: Tx, agent: AgentId, now: datetime) -> bool:
    try:
        publish_manifest(tx, agent, now)
    except NothingNew:
        return False
    return True
