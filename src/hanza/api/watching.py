"""For whoever watches a plane: is it alive, is it ready, and its numbers.

`/healthz` and `/readyz` ask for no token and tell nothing but that; both answer without a thread,
so that they also answer when every thread waits for the store.  `/metrics` is for those with the
permission, and no label of it is a tenant, an instance or anything else that grows with use; of
sites and their agents only so many are named.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, Literal, TypeAlias

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from hanza.api.calls import Plane
from hanza.api.events import Feed
from hanza.api.link import Hub
from hanza.api.numbers import readings_of, sites_by_agent
from hanza.api.readiness import Readiness
from hanza.api.route import PUBLIC, WATCHER
from hanza.api.told import Bytes
from hanza.kit.metrics import MEDIA_TYPE, Reading, one
from hanza.kit.pulse import Pulse
from hanza.store.census import Census, manifest_lags, take_census

Answering: TypeAlias = Callable[[Request], Awaitable[Response]]


class Health(msgspec.Struct, omit_defaults=True):
    """`reasons` say why it is unready, and nothing that is secret."""

    status: Literal["ok", "unready"]
    reasons: list[str] = []


@dataclass(frozen=True, slots=True)
class Watched:
    """A route for watchers; `gives` as in `api.told`."""

    path: str
    permission: str
    operation: str
    words: str
    gives: Mapping[int, Any] = field(hash=False)


HEALTH, READY, NUMBERS = WATCHED = (
    Watched("/healthz", PUBLIC, "getHealth", "Whether it is alive.", {200: Health}),
    Watched("/readyz", PUBLIC, "getReady", "Whether it can work now.", {200: Health, 503: Health}),
    Watched("/metrics", WATCHER, "getMetrics", "Its numbers.", {200: Bytes("text/plain")}),
)


class Watching:
    """What one plane tells its watchers."""

    def __init__(self, plane: Plane, hub: Hub, feed: Feed, pulse: Pulse | None) -> None:
        self._plane = plane
        self._hub = hub
        self._feed = feed
        self._readiness = Readiness(plane, pulse)
        self._metrics = plane.store.metrics
        self._metrics.look(self._look)

    def answers(self) -> dict[Watched, Answering]:
        return {HEALTH: self.healthz, READY: self.readyz, NUMBERS: self.metrics}

    async def healthz(self, _: Request) -> Response:
        """It answers, so it is alive; whether it can work is another question."""
        return _json(200, Health("ok"))

    async def readyz(self, _: Request) -> Response:
        troubles = await self._readiness.troubles()
        if troubles:
            return _json(503, Health("unready", troubles))
        return _json(200, Health("ok"))

    async def metrics(self, _: Request) -> Response:
        return Response(await asyncio.to_thread(self._metrics.page), media_type=MEDIA_TYPE)

    # -- inside -------------------------------------------------------------------------------

    def _look(self) -> Iterable[Reading]:
        """What is not counted as it happens; what the store knows only when the store answers."""
        yield Reading("hanza_build_info", "The release.", ("version",), {(version("hanza"),): 1})
        held = self._hub.held()
        yield one("hanza_agents_linked", "Agents that are connected to this plane.", len(held))
        yield one("hanza_event_streams", "Streams of events that are open.", self._feed.listeners)
        store, now = self._plane.store, self._plane.clock.now()
        census = store.try_read(take_census, now)
        lags = store.try_read(manifest_lags, held, now)
        yield one("hanza_store_up", "Whether the store answered this look.", census is not None)
        if census is not None:
            yield from _of_census(census)
        yield from self._of_sites()
        if lags is not None:
            longest = max((lag.total_seconds() for lag in lags.values()), default=0.0)
            yield one(
                "hanza_manifests_behind",
                "Linked agents that do not hold their newest manifest.",
                len(lags),
            )
            yield one(
                "hanza_manifest_lag_seconds",
                "For how long the one that is furthest behind could have held a newer one.",
                longest,
            )

    def _of_sites(self) -> Iterable[Reading]:
        told = self._plane.board.told(self._plane.clock.now())
        places = self._plane.store.try_read(sites_by_agent) if told else None
        if places is not None:
            yield from readings_of(told, places)


def _of_census(census: Census) -> Iterable[Reading]:
    queues = census.queues.items()
    yield _by(
        "hanza_work_scheduled",
        "Rows of the schedule.",
        "kind",
        {kind: queue.scheduled for kind, queue in queues},
    )
    yield _by(
        "hanza_work_due",
        "Rows of the schedule that are due.",
        "kind",
        {kind: queue.due for kind, queue in queues},
    )
    yield _by(
        "hanza_work_oldest_due_seconds",
        "For how long the oldest is due.",
        "kind",
        {kind: queue.oldest_due_for.total_seconds() for kind, queue in queues},
    )
    yield _by("hanza_instances", "Instances by what is shown of them.", "state", census.instances)
    yield _by(
        "hanza_agents",
        "Agents by the age of their last word: within this, and no smaller one.",
        "heard",
        census.agents,
    )
    yield one(
        "hanza_agents_contested",
        "Agents whose key is alive twice; they offer nothing until a person has looked.",
        census.contested,
    )


def _by(name: str, text: str, label: str, values: Mapping[str, float]) -> Reading:
    return Reading(name, text, (label,), {(key,): value for key, value in values.items()})


def _json(status: int, document: object) -> Response:
    headers = {"cache-control": "no-store"}
    body = msgspec.json.encode(document)
    return Response(body, status, headers, media_type="application/json")
