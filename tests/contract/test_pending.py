"""The queue of changes: a site that is not heard holds up nobody, and does not know what waits."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from hanza.api import apps, instances
from hanza.cli.render import pending_of
from hanza.model.errors import Conflict
from kit.leagues import League, a_league

SILENCE = timedelta(seconds=40)
INSIDE = {"tenant": "acme", "workspace": "shop"}
NAMES = ("zagreb", "split")


@pytest.fixture
def league(tmp_path: Path) -> Iterator[League]:
    """Two sites with a guest each, and the first has fallen silent."""
    with a_league(tmp_path) as league:
        for name, country in zip(NAMES, ("HR", "SI"), strict=True):
            league.add_site(name, country)
            league.put(f"at-{name}", country)
        league.run_until(lambda: all(one[0] == "active" for one in league.shown().values()))
        cut(league)
        yield league


def cut(league: League) -> None:
    league.agents["zagreb"].link.is_cut = True
    league.clock.advance(SILENCE)
    for _ in range(2):  # the other one is heard again
        league.step()


def pending(league: League) -> dict[str, bool]:
    found = league.call(instances.list_instances, **INSIDE).document["items"]
    return {one.metadata.name: one.status.pending_since is not None for one in found}


def withdraw(league: League, name: str) -> None:
    league.call(instances.withdraw_instance, **INSIDE, instance=name)


def come_back(league: League) -> None:
    league.agents["zagreb"].link.is_cut = False
    for _ in range(3):
        league.step()


def test_what_waits_for_one_site_holds_up_no_other_and_is_shown(league: League) -> None:
    league.put("at-zagreb", "HR", power="off")
    league.put("at-split", "SI", power="off")
    for _ in range(3):
        league.step()
    assert pending(league) == {"at-zagreb": True, "at-split": False}
    assert [guest[2] for guest in league.guests()] == ["off", "on"]
    come_back(league)
    assert pending(league) == {"at-zagreb": False, "at-split": False}
    assert [guest[2] for guest in league.guests()] == ["off", "off"]


def test_a_change_that_waits_is_taken_back_as_if_it_had_never_been(league: League) -> None:
    version = league.agents["zagreb"].journal.manifest
    league.put("at-zagreb", "HR", power="off")
    league.step()
    withdraw(league, "at-zagreb")
    assert pending(league) == {"at-zagreb": False, "at-split": False}
    come_back(league)
    assert league.agents["zagreb"].journal.manifest == version, "nothing was ever said of it"


def test_an_end_that_waits_is_taken_back_and_the_guest_is_the_same(league: League) -> None:
    before = league.agents["zagreb"].own_guests()
    league.delete("at-zagreb")
    for _ in range(3):
        league.step()
    assert league.shown()["at-zagreb"][0] == "deleting"
    withdraw(league, "at-zagreb")
    come_back(league)
    assert league.agents["zagreb"].own_guests() == before
    assert league.shown()["at-zagreb"][0] == "active"


def test_of_several_changes_all_are_taken_back(league: League) -> None:
    league.put("at-zagreb", "HR", power="off")
    league.step()
    league.delete("at-zagreb")
    league.step()
    withdraw(league, "at-zagreb")
    come_back(league)
    assert league.shown()["at-zagreb"][:2] == ("active", "on")


def test_what_is_to_run_anew_goes_on_as_it_did(league: League) -> None:
    before = league.agents["zagreb"].own_guests()
    spec = {"image": "tiny", "cpus": 1, "memoryMiB": 128, "diskMiB": 64}
    put = {"instances": {"shop-1": {**spec, "country": "HR"}}}
    league.agents["zagreb"].link.is_cut = False
    league.call(apps.put_app, json.dumps(put).encode(), **INSIDE, app="shop")
    league.run_until(lambda: league.shown()["shop-1"][0] == "active")
    before = league.agents["zagreb"].own_guests()
    cut(league)
    put["instances"]["shop-1"]["hostname"] = "other"
    league.call(apps.put_app, json.dumps(put).encode(), **INSIDE, app="shop")
    league.step()
    assert pending(league)["shop-1"]
    withdraw(league, "shop-1")
    come_back(league)
    assert league.agents["zagreb"].own_guests() == before


def test_what_a_site_may_know_is_not_taken_back(league: League) -> None:
    league.put("at-split", "SI", power="off")
    with pytest.raises(Conflict, match="nothing that was asked for at-split waits"):
        withdraw(league, "at-split")


def test_who_asks_is_told_how_many_have_it() -> None:
    rows = [
        {"workspace": "shop", "name": f"kava-{n}", "site": f"site-{n}", "pendingSince": None}
        for n in range(8)
    ]
    assert pending_of(rows) == []
    rows[3]["pendingSince"] = "2026-01-01T00:00:00Z"
    (told,) = pending_of(rows)
    assert told == (
        "7 of 8 have what was asked; the rest waits for site-3, and is taken back by:"
        " hanza withdraw -w shop kava-3"
    )
