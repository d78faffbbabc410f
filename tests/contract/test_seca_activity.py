"""What is beside the resources: where to begin, and what happened in a workspace."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from kit.standard import Asker, askers
from kit.standard_kinds import INTERNET_GATEWAY, WORKSPACE


@pytest.fixture
def both(tmp_path: Path, database_url: str) -> Iterator[tuple[Asker, Asker]]:
    with askers(tmp_path, {"berlin": "DE", "zagreb": "HR"}, database_url) as found:
        yield found


def log_of(one: Asker, query: str = "") -> Any:
    there = f"/r/{one.region}/providers/seca.activitylog/v1beta1/tenants/{one.tenant}"
    return one.get(f"{there}/workspaces/shop/activity-logs{query}")


def test_everybody_is_told_where_to_begin(both: tuple[Asker, Asker]) -> None:
    answer = both[0].client.get("/.wellknown/secapi")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    page = answer.json()
    assert {one["provider"]: one["url"] for one in page["endpoints"]} == {
        "seca.region/v1": "https://plane.test:7443/providers/seca.region",
        "seca.authorization/v1": "https://plane.test:7443/providers/seca.authorization",
    }
    assert page["version"] == "v1"


def test_what_happened_is_listed_in_its_order(both: tuple[Asker, Asker]) -> None:
    ana, bob = both
    ana.add_workspace()
    ana.add_workspace("other")
    ana.add_storage()
    ana.add_instance()
    gate = INTERNET_GATEWAY.path(ana, "gate")
    for body in ({}, {"egressOnly": True}):
        ana.put(gate, body)
    ana.ask("POST", f"{ana.instances()}/web/start")
    ana.league.run_until(lambda: bool(ana.league.guests()))
    ana.ask("DELETE", gate)
    page = log_of(ana).json()
    assert page["metadata"] == {
        "provider": "seca.activitylog/v1beta1",
        "resource": "activity-logs",
        "verb": "GET",
    }
    found = [one for one in page["items"] if one["spec"]]
    ref = "seca.network/v1/tenants/acme/workspaces/shop/internet-gateways/gate"
    of_gate = [one["spec"] for one in found if one["spec"]["request"]["resource"] == ref]
    assert [(one["request"]["verb"], one["response"]["code"]) for one in of_gate] == [
        ("PUT", 201),
        ("PUT", 200),
        ("DELETE", 202),
    ]
    (start,) = [one for one in found if one["labels"]["kind"] == "instance.start_asked"]
    assert start["spec"]["request"]["verb"] == "POST"
    by_itself = [one["labels"]["kind"] for one in page["items"] if not one["spec"]]
    assert "instance.placed" in by_itself
    names = [one["metadata"]["name"] for one in page["items"]]
    assert names == sorted(names)
    assert not any("other" in one["annotations"]["text"] for one in page["items"])
    metadata = page["items"][0]["metadata"]
    assert (metadata["kind"], metadata["apiVersion"]) == ("activity-log", "v1beta1")
    assert (metadata["workspace"], metadata["region"]) == ("shop", "de")
    assert metadata["ref"].endswith(f"workspaces/shop/activity-logs/{names[0]}")
    assert bob.get(log_of(ana).request.url.path).status_code == 404
    assert log_of(bob).json()["items"] == []


def test_a_log_is_chosen_from_and_comes_in_pages(both: tuple[Asker, Asker]) -> None:
    ana, _ = both
    assert log_of(ana).json()["items"] == []
    ana.add_workspace()
    for number in range(5):
        ana.put(INTERNET_GATEWAY.path(ana, f"g{number}"), {})
    ana.ask("DELETE", INTERNET_GATEWAY.path(ana, "g0"))
    found, token = [], ""
    while True:
        page = log_of(ana, f"?limit=2&labels=kind=*.created{token}").json()
        found += [one["annotations"]["text"].split()[1] for one in page["items"]]
        if "skipToken" not in page["metadata"]:
            break
        token = "&skipToken=" + page["metadata"]["skipToken"]
    assert found == ["g0", "g1", "g2", "g3", "g4"]
    assert log_of(ana, "?limit=1&labels=kind=*.ending").json()["items"]
    only = ana.get(log_of(ana).request.url.path, accept="application/json; deleted=only")
    assert only.json()["items"] == []
    assert log_of(ana, "?skipToken=Z28=").status_code == 400
    assert log_of(replace(ana, region="hr")).json()["items"] == []
    assert log_of(replace(ana, region="fr")).status_code == 404
    ana.ask("DELETE", WORKSPACE.path(ana, "shop"))
    assert log_of(ana).json()["items"] == []


def test_a_short_page_of_what_nothing_matches_is_no_long_look(
    both: tuple[Asker, Asker],
) -> None:
    ana, _ = both
    ana.add_workspace()
    for number in range(12):
        ana.put(INTERNET_GATEWAY.path(ana, "gate"), {"egressOnly": bool(number % 2)})
    reads: list[str] = []

    def note(_c: Any, _k: Any, statement: str, _p: Any, _x: Any, _m: Any) -> None:
        if "FROM events" in statement and "events.workspace =" in statement:
            reads.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        assert log_of(ana, "?limit=1&labels=kind=none").json()["items"] == []
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
    assert len(reads) == 1
    assert len(log_of(ana, "?limit=1").json()["items"]) == 1
