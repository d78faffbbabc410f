"""The shop on the demo's six sites, real guests: planned, applied, explained, changed, ended."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hanza.boot.demo import plane
from hanza.boot.lab import lab
from hanza.boot.lab.process import run
from kit.labs import World, a_demo, bring_up, domains, running, until

EXAMPLE = Path(__file__).parents[2] / "examples" / "shop" / "app.yaml"
GUESTS = {"kava": "HR"}
PLACES = {"web-1": "si-lju-1", "web-2": "nl-ams-1", "db": "de-fra-1"}
BOOT_S, SETTLE_S, PATIENCE_S = 180, 60, 240.0


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    demo = a_demo(tmp_path_factory.mktemp("shop"), sites=6, guests=GUESTS)
    try:
        yield bring_up(demo)
    finally:
        lab.down(demo.place)


@pytest.fixture(scope="module")
def file(world: World) -> Path:
    path = world.demo.place.state / "shop.yaml"
    path.write_bytes(EXAMPLE.read_bytes())
    return path


def ask(world: World, *words: str) -> Any:
    said = run(
        [*plane.HANZA, *words, "--output", "json"],
        timeout_s=PATIENCE_S,
        env={"HANZA_CONTEXT": str(world.demo.context)},
    )
    return (
        [json.loads(line) for line in said.splitlines()] if "--watch" in words else json.loads(said)
    )


def sites(world: World) -> dict[str, object]:
    return {name: row["site"] for name, row in world.rows().items() if name not in GUESTS}


def serial(world: World, name: str) -> str:
    return str(world.rows()[name]["serial"])


@pytest.mark.timeout(600)
def test_the_shop_is_planned_with_prices_and_runs_where_the_plan_said(
    world: World, file: Path
) -> None:
    (quote,) = ask(world, "plan", str(file))
    assert {one["name"]: one["placement"]["site"] for one in quote["items"]} == PLACES
    assert all(one["pricePerMonth"] > 0 for one in quote["items"])
    assert quote["pricePerMonth"] == sum(one["pricePerMonth"] for one in quote["items"])
    assert sites(world) == {}, "a plan changes nothing"
    ask(world, "apply", str(file))
    ask(world, "status", "--watch", "--timeout", str(BOOT_S))
    assert sites(world) == PLACES
    names = {site.name: running(site) for site in world.sites}
    assert all(names[site] for site in PLACES.values())
    events = ask(world, "events", "--after", "0")[-1]["serial"]
    assert {one["change"] for one in ask(world, "apply", str(file))} == {"unchanged"}
    assert ask(world, "events", "--after", "0")[-1]["serial"] == events


@pytest.mark.timeout(600)
def test_it_is_explained_with_what_would_help(world: World) -> None:
    (db,) = ask(world, "explain", "db")
    counts = {one["rule"]: one["hosts"] for one in db["explanation"]["refusals"]}
    assert counts == {"residency": 5, "provider": 1}
    helps = [one["text"] for one in db["explanation"]["relaxations"]]
    assert helps == ["allow NL", "allow SI"] or "allow NL" in helps


@pytest.mark.timeout(600)
def test_a_kept_policy_that_moves_names_who_violates_it_and_ends_nobody(
    world: World, file: Path
) -> None:
    before = {site.name: running(site) for site in world.sites}
    policy = file.with_name("policy.yaml")
    policy.write_text("residency: [DE, SI, HR]\n")
    (kept,) = ask(world, "policy", "set", str(policy), "--workspace", "demo")
    assert [one["name"] for one in kept["status"]["violations"]] == ["web-2"]
    until(
        lambda: "violation.found" in {one["kind"] for one in ask(world, "events")},
        SETTLE_S,
        lambda: ask(world, "events"),
    )
    assert {site.name: running(site) for site in world.sites} == before
    policy.write_text("{}\n")
    (kept,) = ask(world, "policy", "set", str(policy), "--workspace", "demo")
    assert kept["status"]["violations"] == []


@pytest.mark.timeout(600)
def test_a_change_touches_only_what_it_changes(world: World, file: Path) -> None:
    before = {name: serial(world, name) for name in PLACES}
    text = file.read_text()
    old = "    memory: 96Mi\n    disk: 64Mi\n    policy: {residency: [DE]"
    assert old in text
    file.write_text(text.replace(old, old.replace("96Mi", "112Mi")))
    (quote,) = ask(world, "plan", str(file))
    assert {one["name"]: one["change"] for one in quote["items"]} == {
        "web-1": "none",
        "web-2": "none",
        "db": "replace",
    }
    ask(world, "apply", str(file))
    ask(world, "status", "--watch", "--timeout", str(BOOT_S))
    assert sites(world) == PLACES
    assert serial(world, "db") != before["db"], "another run has said that it is up"
    assert "boot 1 of this disk" in serial(world, "db")
    assert {name: serial(world, name) for name in ("web-1", "web-2")} == {
        name: before[name] for name in ("web-1", "web-2")
    }


@pytest.mark.timeout(600)
def test_destroying_the_app_leaves_the_others(world: World) -> None:
    ask(world, "destroy", "--yes", "shop", "--timeout", str(SETTLE_S))
    assert sites(world) == {}
    until(
        lambda: [len(domains(site)) for site in world.sites] == [1, 0, 0, 0, 0, 0],
        SETTLE_S,
        lambda: [domains(site) for site in world.sites],
    )
