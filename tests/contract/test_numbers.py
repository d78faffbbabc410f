"""What agents count, from their link to the page of metrics and the API; honest or not."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from starlette.testclient import TestClient

from hanza.agent.numbers import NumbersTold
from hanza.agent.session import Session as AgentSession
from hanza.agent.session import Speaker
from hanza.api.board import KEPT_FOR, Board
from hanza.api.numbers import AGENTS_SHOWN_MAX, readings_of
from hanza.api.routes import BASE
from hanza.api.session import NUMBERS_EVERY_S, Session
from hanza.model.errors import Invalid
from hanza.model.ids import AgentId
from hanza.model.report import Incarnation
from hanza.wire import agent_v1 as v1
from kit.agent_worlds import Memory
from kit.apis import OPERATOR, an_api
from kit.leagues import PIN, League, SiteAgent

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ME, OTHER = AgentId("ag_me"), AgentId("ag_other")


@pytest.fixture
def api(tmp_path: Path) -> Iterator[tuple[TestClient, League]]:
    with an_api(tmp_path) as found:
        yield found


def connected(
    league: League, agent: SiteAgent, counted: dict[str, float]
) -> tuple[Session, AgentSession]:
    """A link by hand, whose agent counts what the test says; it has been welcomed and asked."""
    plane = Session(league.plane)
    start = Incarnation(99, "n")
    key = agent.journal.key(lambda _: b"")
    speaker = Speaker(agent.id, "fake", PIN, key, start, (v1.NUMBERS,))
    mine = AgentSession(speaker, Memory())
    mine.numbers = NumbersTold(lambda: counted)
    downs: list[v1.Down] = [plane.open()]
    while downs:
        for up in mine.receive(downs.pop(0)):
            downs += plane.receive(up, league.clock.now())
    return plane, mine


def test_all_is_said_when_asked_and_then_what_has_changed(api: tuple[TestClient, League]) -> None:
    client, league = api
    agent = league.add_site("zagreb", "HR")
    counted = {"guests_on": 3.0, "passes": 7.0, "of_tomorrow": 1.0}
    plane, mine = connected(league, agent, counted)
    path = f"{BASE}/sites/zagreb/metrics"
    (shown,) = client.get(path, headers=OPERATOR).json()["agents"]
    assert shown["numbers"] == {"guests_on": 3.0, "passes": 7.0}
    counted["guests_on"] = 4.0
    assert mine.beat(NOW) == []
    later = timedelta(seconds=NUMBERS_EVERY_S)
    (said,) = mine.beat(NOW + later)
    assert said == v1.NumbersUp({"guests_on": 4.0})
    plane.receive(said, league.clock.now())
    (shown,) = client.get(path, headers=OPERATOR).json()["agents"]
    assert shown["numbers"] == {"guests_on": 4.0, "passes": 7.0}
    assert not any(isinstance(one, v1.NumbersUp) for one in mine.beat(NOW + 2 * later))


def test_prometheus_and_the_provider_are_told_and_nobody_else(
    api: tuple[TestClient, League],
) -> None:
    client, league = api
    agent = league.add_site("zagreb", "HR")
    connected(league, agent, {"guests_on": 3.0, "driver_calls": 9.0})
    page = client.get("/metrics", headers=OPERATOR).text
    assert f'hanza_site_guests_on{{agent="{agent.id}",site="zagreb"}} 3.0' in page
    assert f'hanza_site_driver_calls_total{{agent="{agent.id}",site="zagreb"}} 9.0' in page
    own = client.get(f"{BASE}/providers/zagreb/sites/zagreb/metrics", headers=OPERATOR)
    assert own.json()["agents"][0]["numbers"]["driver_calls"] == 9.0
    assert client.get(f"{BASE}/sites/zagreb/metrics").status_code == 401
    bad = client.get(f"{BASE}/sites/zagreb/metrics?fresh=now", headers=OPERATOR)
    assert (bad.status_code, bad.json()["code"]) == (400, "bad_query")


@pytest.mark.parametrize(
    "values",
    [
        {"guests_on": math.nan},
        {"guests_on": math.inf},
        {"guests_on": -1.0},
        {"guests_on": 1e300},
        {"Guests On{}": 1.0},
        {"x" * 49: 1.0},
        {f"n_{chr(97 + n // 26)}{chr(97 + n % 26)}": 1.0 for n in range(65)},
        {"guests_on": "many"},
    ],
)
def test_numbers_that_cannot_be_end_the_connection_and_change_nothing(
    api: tuple[TestClient, League], values: dict[str, object]
) -> None:
    client, league = api
    agent = league.add_site("zagreb", "HR")
    plane, _ = connected(league, agent, {"guests_on": 3.0})
    frame = msgspec.msgpack.encode(["numbers", values])
    with pytest.raises(Invalid):
        plane.hear(frame, league.clock.now())
    (shown,) = client.get(f"{BASE}/sites/zagreb/metrics", headers=OPERATOR).json()["agents"]
    assert shown["numbers"] == {"guests_on": 3.0}


def test_an_agent_of_before_is_not_asked(api: tuple[TestClient, League]) -> None:
    client, league = api
    agent = league.add_site("zagreb", "HR")
    plane, mine = Session(league.plane), Memory()
    key, start = agent.journal.key(lambda _: b""), Incarnation(99, "n")
    then = AgentSession(Speaker(agent.id, "fake", PIN, key, start), mine)
    (hello,) = then.receive(plane.open())
    downs = plane.receive(hello, league.clock.now())
    assert not any(isinstance(one, v1.NumbersWanted) for one in downs)
    (shown,) = client.get(f"{BASE}/sites/zagreb/metrics", headers=OPERATOR).json()["agents"]
    assert (shown["at"], shown["numbers"]) == (None, {})


def test_what_is_old_is_forgotten_and_what_is_asked_is_waited_for() -> None:
    board = Board()
    board.take(ME, {"passes": 1.0}, NOW)

    def ask(agent: AgentId) -> bool:
        if agent == ME:
            board.take(ME, {"passes": 2.0}, NOW)
        return agent == ME

    board.ask = ask
    board.refresh([ME, OTHER], within_s=5)
    assert board.told(NOW)[ME].numbers == {"passes": 2.0}
    board.ask = lambda _: True
    board.refresh([OTHER], within_s=0.01)
    assert board.told(NOW + KEPT_FOR + timedelta(seconds=1)) == {}


def test_a_page_names_so_many_agents_and_no_more() -> None:
    board = Board()
    for nth in range(AGENTS_SHOWN_MAX + 5):
        board.take(AgentId(f"ag_{nth:04}"), {"passes": 1.0}, NOW)
    told = board.told(NOW)
    left_out, passes = readings_of(told, {agent: f"site-{agent}" for agent in told})
    assert (left_out.values[()], len(passes.values)) == (5, AGENTS_SHOWN_MAX)
