"""What is forgotten, and what a plane does whose disk is full: it says so, and recovers."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from hanza.boot.settings import parse_keep
from hanza.model.errors import Invalid, StoreUnavailable
from hanza.store.events import append_event, last_serial, list_events
from hanza.store.retention import AT_ONCE, Retention, forget_old
from hanza.store.tx import Tx
from kit.apis import OPERATOR, an_api
from kit.leagues import START, League, a_league


@pytest.fixture
def league(tmp_path: Path, database_url: str) -> Iterator[League]:
    with a_league(tmp_path, url=database_url) as league:
        yield league


def fill(tx: Tx, count: int, days: int = 0) -> None:
    for n in range(count):
        append_event(tx, START + timedelta(days=days), "test.done", str(n), "it was done")


def test_no_more_events_are_kept_than_that_and_the_oldest_go_first(league: League) -> None:
    before = league.store.read(last_serial)
    league.store.write(fill, 30)
    keep = Retention(events=10, days=400)
    assert league.store.write(forget_old, keep, START) > 0
    assert league.store.write(forget_old, keep, START) == 0
    left = league.store.read(list_events, 0, 1000)
    assert [one.serial for one in left] == list(range(before + 21, before + 31))


def test_no_older_events_are_kept_than_that_but_the_newest_stays(league: League) -> None:
    league.store.write(fill, 5)
    newest = league.store.read(last_serial)
    for _ in range(3):
        league.store.write(forget_old, Retention(days=1), START + timedelta(days=3))
    assert [one.serial for one in league.store.read(list_events, 0, 10)] == [newest]
    league.store.write(fill, 1, days=3)
    assert league.store.read(last_serial) == newest + 1


def test_the_engine_forgets_by_itself_a_little_at_a_time(league: League) -> None:
    league.store.write(fill, 50)
    league.engine.keep = Retention(events=20)
    assert AT_ONCE > 50
    for _ in range(3):
        league.clock.advance(timedelta(minutes=1))
        league.engine.run_round()
    assert len(league.store.read(list_events, 0, 1000)) == 20


def test_a_plane_whose_disk_is_full_says_so_and_recovers(tmp_path: Path) -> None:
    with an_api(tmp_path) as (client, league):
        path = "/providers/hanza.federation/v1/tenants/acme"

        def pages(tx: Tx, more: int) -> None:
            """As if the disk had so many pages left: SQLite says then what a full disk says."""
            have = tx.scalar(sa.text("PRAGMA page_count"))
            tx.execute(sa.text(f"PRAGMA max_page_count = {have + more}"))

        league.store.write(pages, 0)
        with pytest.raises(StoreUnavailable):
            league.store.write(fill, 500)
        for n in range(200):
            answer = client.put(f"{path}{n}", headers=OPERATOR)
            if answer.status_code != 201:
                break
        assert answer.status_code == 503
        assert answer.json()["code"] == "store.unavailable"
        assert int(answer.headers["retry-after"]) > 0
        sites = "/providers/hanza.federation/v1/sites"
        assert client.get(sites, headers=OPERATOR).status_code == 200, "it reads on"
        league.store.write(pages, 1000)
        assert client.put(f"{path}{n}", headers=OPERATOR).status_code == 201


@pytest.mark.parametrize(
    ("text", "keep"),
    [(None, Retention()), ("1000", Retention(1000)), ("5000:7", Retention(5000, 7))],
)
def test_how_much_is_kept_is_said_in_a_word(text: str | None, keep: Retention) -> None:
    assert parse_keep(text) == keep


@pytest.mark.parametrize("text", ["", "999", "x", "5000:", "5000:0", "5000:x", "-1"])
def test_what_says_nothing_of_it_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_keep(text)
