"""Events as a stream: every one, once, in order, also for who reads slowly or comes back."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hanza.api import events
from hanza.api.app import build_app
from hanza.api.events import Feed
from hanza.api.gate import build_gate
from hanza.api.identity import OperatorToken
from hanza.api.link import Hub
from hanza.api.routes import BASE
from hanza.model.errors import Busy
from hanza.store.events import append_event
from kit.apis import OPERATOR, TOKEN
from kit.leagues import League, a_league

PATIENCE_S = 20


def happen(
    league: League, count: int, kind: str = "thing.happened", tenant: str | None = None
) -> None:
    def write(tx: Any) -> None:
        for number in range(count):
            text = f"number {number}\nof several"
            append_event(tx, league.clock.now(), kind, "x", text, tenant)

    league.store.write(write)


def serials(chunk: bytes) -> list[int]:
    lines = chunk.decode().splitlines()
    return [int(line.removeprefix("id: ")) for line in lines if line.startswith("id: ")]


async def take(stream: Any, count: int) -> list[int]:
    found: list[int] = []
    while len(found) < count:
        found += serials(await asyncio.wait_for(anext(stream), PATIENCE_S))
    return found


def run(league: League, scene: Callable[[Feed], Awaitable[None]]) -> None:
    async def play() -> None:
        feed = Feed(league.plane, look_every_s=0.01)
        looking = asyncio.create_task(feed.run())
        try:
            await scene(feed)
        finally:
            looking.cancel()

    asyncio.run(play())


def test_everybody_gets_every_event_once_and_in_order(tmp_path: Path) -> None:
    with a_league(tmp_path) as league:

        async def scene(feed: Feed) -> None:
            happen(league, 3)
            early, late = feed.listen(0), feed.listen(None)
            assert await take(early, 3) == [1, 2, 3]
            assert await anext(late) == b"retry: 2000\n\n"
            happen(league, 300)
            assert await take(early, 300) == list(range(4, 304))
            assert await take(late, 300) == list(range(4, 304))
            back = feed.listen(301)
            assert await take(back, 2) == [302, 303]
            for stream in (early, late, back):
                await stream.aclose()  # type: ignore[attr-defined]
            again = feed.listen(303)
            happen(league, 1)
            assert await take(again, 1) == [304]

        run(league, scene)


def test_who_reads_slowly_falls_out_of_the_window_and_loses_nothing(tmp_path: Path) -> None:
    with a_league(tmp_path) as league:

        async def scene(feed: Feed) -> None:
            slow, quick = feed.listen(0), feed.listen(0)
            assert await anext(slow) == b"retry: 2000\n\n"
            for _ in range(5):
                happen(league, 500)
                await take(quick, 500)
            assert len(feed._window) <= events.WINDOW
            assert await take(slow, 2500) == list(range(1, 2501))

        run(league, scene)


def test_what_may_still_come_before_is_waited_for(tmp_path: Path) -> None:
    with a_league(tmp_path) as league:

        async def scene(feed: Feed) -> None:
            happen(league, 3)
            league.store.write(lambda tx: tx.exec_driver_sql("DELETE FROM events WHERE serial = 2"))
            stream = feed.listen(0)
            assert await take(stream, 1) == [1]
            league.clock.advance(timedelta(seconds=10))
            assert await take(stream, 1) == [3]

        run(league, scene)


def test_no_more_may_listen_than_can_be_served(tmp_path: Path) -> None:
    with a_league(tmp_path) as league:

        async def scene(feed: Feed) -> None:
            streams = [feed.listen(0) for _ in range(events.LISTENERS_MAX)]
            for stream in streams:
                await anext(stream)
            with pytest.raises(Busy):
                feed.listen(0)
            await streams[0].aclose()  # type: ignore[attr-defined]
            feed.listen(0)

        run(league, scene)


def test_a_tenant_hears_its_own_and_no_more(tmp_path: Path) -> None:
    with a_league(tmp_path) as league:

        async def scene(feed: Feed) -> None:
            whole, own = feed.listen(0), feed.listen(0, "acme")
            happen(league, 300)
            happen(league, 1, tenant="acme")
            happen(league, 5, tenant="rival")
            happen(league, 1, tenant="acme")
            assert await take(own, 2) == [301, 307]
            assert await take(whole, 307) == list(range(1, 308))

        run(league, scene)


def test_the_api_streams_to_who_asks_for_a_stream(tmp_path: Path) -> None:
    with a_league(tmp_path) as league:
        happen(league, 3, "site.joined")
        app = build_app(
            league.plane, build_gate(league.plane, OperatorToken(TOKEN)), Hub(league.plane)
        )
        headers = OPERATOR | {"accept": "text/event-stream", "last-event-id": "1"}
        status, kind, body = asyncio.run(first_of_stream(app, headers))
        assert (status, kind) == (200, "text/event-stream; charset=utf-8")
        first = body.split("\n\n")[1].splitlines()
        assert first[:2] == ["id: 2", "event: site.joined"]
        assert json.loads(first[2].removeprefix("data: "))["text"] == "number 1\nof several"
        for wrong, expected in (({"last-event-id": "x"}, 400), ({"authorization": "no"}, 401)):
            answer = asyncio.run(first_of_stream(app, headers | wrong))
            assert answer[0] == expected


async def first_of_stream(app: Any, headers: dict[str, str]) -> tuple[int, str, str]:
    """Ask for events over ASGI, take what comes first, and hang up."""
    enough, sent = asyncio.Event(), []
    is_asked = False

    async def receive() -> dict[str, Any]:
        nonlocal is_asked
        if not is_asked:
            is_asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await enough.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)
        if len(sent) >= 3 or not message.get("more_body", True):
            enough.set()

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "path": BASE + "/events",
        "raw_path": (BASE + "/events").encode(),
        "query_string": b"",
        "headers": [(key.encode(), value.encode()) for key, value in headers.items()],
        "scheme": "https",
        "server": ("plane.test", 443),
        "client": ("127.0.0.1", 1),
        "root_path": "",
    }
    await asyncio.wait_for(app(scope, receive, send), PATIENCE_S)
    found = {key.decode(): value.decode() for key, value in sent[0]["headers"]}
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], found["content-type"], body.decode()
