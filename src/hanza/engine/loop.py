"""The plane's loop: take what is due, run its pass, give it back with a verdict.

Promises: nothing here remembers anything between passes but when it began, so a crash costs one
lease at most; a pass that fails is tried again with back-off and never takes the others with it;
no silence is judged by an engine that has not itself been there for as long as a silence takes.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from hanza.engine.judge import judge_batch
from hanza.engine.listen import listen_batch
from hanza.engine.offer import offer_batch
from hanza.engine.place import place_batch
from hanza.engine.publish import publish_batch
from hanza.engine.rollouts import rollout_batch
from hanza.engine.settle import settle_batch
from hanza.kit.backoff import delay_after
from hanza.kit.clock import Clock
from hanza.kit.ids import Ids
from hanza.kit.log import Log
from hanza.kit.points import Point, pass_by
from hanza.kit.pulse import Pulse
from hanza.model.retention import Retention
from hanza.model.verdict import Later
from hanza.store.agents import HEARD_WITHIN
from hanza.store.changes import forget_changes
from hanza.store.inventory import Inventory
from hanza.store.retention import forget_old
from hanza.store.roles import take_role
from hanza.store.tx import Store, Tx
from hanza.store.work import KINDS, Kind, Work, is_due, settle_work, take_due
from hanza.store.wrong_clock import last_told_at, pull_back

log = Log("hanza.engine")
BATCH_MAX: Mapping[Kind, int] = {
    "offer": 64,
    "place": 256,
    "publish": 256,
    "settle": 32,
    "judge": 32,
    "listen": 256,
    "rollout": 1,
}
"""Settling is cut small, so that whoever was just asked for is not behind what is only shown."""
PUBLISH_EVERY = timedelta(seconds=0.5)
"""While more wait for a place than a batch takes: the next manifest then says several of them."""
REST_FOR_EACH = 19
"""Times what publishing took before it is done again: of much at once, fewer manifests say it."""
WARM_EVERY = timedelta(seconds=1)
FORGET_EVERY = timedelta(minutes=1)
OFFER_EVERY = timedelta(seconds=1)
"""What a provider says counts at once; this is only for what comes by time alone."""
CLOCK_ERRS = timedelta(seconds=5)
"""By so much the clocks of two planes may differ; one that went back by more was wrong."""
LOOK_EVERY_S = 0.2
"""Hints wake the loop at once; this is how late it may notice one by another plane."""


class Engine:
    """One engine of one plane.  Any number of them may work on one store."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        ids: Ids,
        point: Point = pass_by,
        published: Callable[[], None] = lambda: None,
        inventory: Inventory | None = None,
    ) -> None:
        """`published` is called after manifests were cut: a hint to whoever delivers them.

        `inventory` are the store's hosts in memory, if somebody else of the process has them.
        """
        self.pulse = Pulse()
        """Beats with each round that went well."""
        self._published = published
        self._store = store
        self._inventory = inventory or Inventory(store)
        self._name = ids.new("en")
        self._warm_at = self._forgot_at = self._published_at = clock.now()
        self._publish_rest = timedelta()
        self.keep = Retention()
        """How much of what happened is kept."""
        self._offers_at = clock.now() - OFFER_EVERY
        self._is_behind = False
        self._passes = store.metrics.counter(
            "hanza_engine_passes", "Batches of work that were run.", "kind", "outcome"
        )
        self._pass_seconds = store.metrics.histogram(
            "hanza_engine_pass_seconds", "How long a batch of work took.", "kind"
        )
        self._clock = clock
        self._listens_since = clock.now()
        self._latest: datetime | None = None
        self._ids = ids
        self._point = point

    def run_round(self, kinds: Sequence[Kind] = KINDS) -> int:
        """Run everything that is due now, once; how much that was."""
        done = 0
        self._look_at_clock()
        for kind in kinds:
            now = self._clock.now()
            if self._is_put_off(kind, now):
                continue
            batch = self._take(kind, now)
            if kind == "place":
                self._is_behind = len(batch) == BATCH_MAX["place"]
            if batch:
                self._run(kind, batch, now)
                done += len(batch)
        self._keep_warm()
        self.pulse.beat()
        return done

    def _look_at_clock(self) -> None:
        """A clock that was ahead and was put right must not have us wait until that time comes."""
        now = self._clock.now()
        latest = self._latest or self._store.read(last_told_at) or now
        self._latest = max(latest, now)
        if now < latest - CLOCK_ERRS:
            log.warning("clock.went_back", seconds=round((latest - now).total_seconds()))
            self._store.write(pull_back, now)
            self._inventory.forget()
            self._latest = self._warm_at = self._listens_since = now
            self._published_at = now - PUBLISH_EVERY
            self._offers_at = now - OFFER_EVERY

    def _is_put_off(self, kind: Kind, now: datetime) -> bool:
        """Whether a later round does this; whoever asks takes it now where not."""
        match kind:
            case "listen":
                # Who was not there to hear anybody calls nobody silent; another may.
                return now - self._listens_since < HEARD_WITHIN
            case "publish":
                rest = PUBLISH_EVERY if self._is_behind else self._publish_rest
                return now - self._published_at < rest
            case "offer":
                if now - self._offers_at < OFFER_EVERY:
                    return True
                self._offers_at = now
        return False

    def _take(self, kind: Kind, now: datetime) -> list[Work]:
        """What is due; one engine places at a time, and another when that one has gone."""
        if not self._store.read(is_due, kind, now):
            return []
        token, limit = self._ids.new("wk"), BATCH_MAX[kind]
        if kind == "place":
            return self._store.write(_take_placing, self._name, limit, token, now)
        return self._store.write(take_due, kind, limit, token, now)

    def _keep_warm(self) -> None:
        """Whoever may have to place in a moment knows the hosts already."""
        now = self._clock.now()
        if now - self._forgot_at >= FORGET_EVERY and not self._store.write(
            forget_old, self.keep, now
        ):
            self._forgot_at = now
        if now - self._warm_at >= WARM_EVERY:
            self._warm_at = now
            if self._inventory.refresh(now):
                self._store.write(forget_changes)

    def run_until(self, stop: threading.Event, wake: threading.Event) -> None:
        """Run rounds until told to stop; `wake` is a hint that something is due."""
        failures = 0
        while not stop.is_set():
            wake.clear()
            busy = self._guarded(self.run_round)
            failures = failures + 1 if busy is None else 0
            if busy is None:
                stop.wait(delay_after(failures).total_seconds())
            elif not busy:
                wake.wait(self._look_again_s())

    def _look_again_s(self) -> float:
        left = (self._published_at + self._publish_rest - self._clock.now()).total_seconds()
        return min(left, LOOK_EVERY_S) if left > 0 else LOOK_EVERY_S

    def _run(self, kind: Kind, batch: list[Work], now: datetime) -> None:
        """Run a batch; when it fails, each of it alone, so that only the culprit waits."""
        began = time.perf_counter()
        is_done = self._guarded(lambda: self._pass(kind, batch, now)) is not None
        self._pass_seconds.labels(kind).observe(time.perf_counter() - began)
        self._passes.labels(kind, "done" if is_done else "failed").inc()
        if is_done:
            return
        for one in batch if len(batch) > 1 else ():
            self._run(kind, [one], now)
        if len(batch) == 1:
            self._store.write(_put_off, batch[0], now)

    def _pass(self, kind: Kind, batch: list[Work], now: datetime) -> int:
        match kind:
            case "offer":
                offer_batch(self._store, batch, now)
            case "place":
                place_batch(self._store, self._inventory, batch, now)
            case "publish":
                publish_batch(self._store, batch, now, self._point)
                self._rest_from_publishing(now)
                self._published()
            case "settle":
                settle_batch(self._store, batch, now)
            case "listen":
                listen_batch(self._store, batch, now)
            case "judge":
                judge_batch(self._store, batch, now)
            case "rollout":
                rollout_batch(self._store, batch, now)
                self._published()
        return len(batch)

    def _rest_from_publishing(self, began: datetime) -> None:
        """Its cost grows with what stands at an agent; resting bounds its share of the time."""
        self._published_at = self._clock.now()
        spent = self._published_at - began
        self._publish_rest = min(REST_FOR_EACH * spent, PUBLISH_EVERY)

    def _guarded(self, step: Callable[[], int]) -> int | None:
        """What the step returned; None when it failed, which is logged and never swallowed."""
        try:
            return step()
        except Exception as error:  # noqa: BLE001 -- the engine's one broad except
            log.error("engine.step_failed", error)
            return None


def _take_placing(tx: Tx, name: str, limit: int, token: str, now: datetime) -> list[Work]:
    """Two placers are safe, but in each other's way."""
    if not take_role(tx, "placer", name, now):
        return []
    return take_due(tx, "place", limit, token, now)


def _put_off(tx: Tx, one: Work, now: datetime) -> None:
    """Give back, with back-off, what a failed pass had taken."""
    failures = one.failures + 1
    settle_work(tx, one, Later(now + delay_after(failures)), now, failures)
