"""An app is changed: the plan says what, the apply does exactly that, and twice is once.

Over HTTP, on both databases, with fake engines.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from hanza.api import instances
from hanza.api.routes import BASE
from hanza.store import schema
from hanza.store.images import put_image
from hanza.wire.app_v1 import app_from_yaml
from kit.apis import an_api, bearer
from kit.images import an_image
from kit.laws import check_laws
from kit.leagues import League
from kit.markets import a_market

SHOP = BASE + "/tenants/acme/workspaces/demo"
FILE = """\
apiVersion: hanza.app/v1
name: shop
workspace: demo
policy: {residency: [EU], providers: {deny: [zagreb]}}
components:
  - name: web
    image: tiny
    memory: 96Mi
    disk: 64Mi
    replicas: 2
    near: [Ljubljana, Amsterdam]
  - {name: db, image: tiny, memory: 1Gi, disk: 64Mi, policy: {residency: [DE], goals: cheapest}}
"""
THERE = {"web-1": "ljubljana", "web-2": "amsterdam", "db": "frankfurt"}


@dataclass(frozen=True)
class Shop:
    client: TestClient
    league: League

    def ask(self, method: str, path: str, document: Any = None) -> Any:
        by = bearer(self.league, "ana", "acme")
        return self.client.request(method, SHOP + path, json=document, headers=by)

    def said(self, file: str, *, keep: bool) -> dict[str, Any]:
        app = app_from_yaml(file.encode(), "shop.yaml")
        return {"instances": {one.name: one.spec for one in app.components}, "keep": keep}

    def plan(self, file: str, *, keep: bool = False) -> Any:
        answer = self.ask("POST", "/quotes", {"app": "shop", **self.said(file, keep=keep)})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def put(self, file: str, *, keep: bool = False) -> Any:
        return self.ask("PUT", "/apps/shop", self.said(file, keep=keep))

    def apply(self, file: str, *, keep: bool = False) -> dict[str, str]:
        """Plan, apply, and hold what became of it against the plan.  What changed, by name."""
        quote = self.plan(file, keep=keep)
        assert quote["refusals"] == []
        planned = {one["name"]: one["change"] for one in quote["items"]}
        answer = self.put(file, keep=keep)
        assert answer.status_code == 200, answer.text
        items = answer.json()["items"]
        done = {one["name"]: one["change"] for one in items}
        assert {name: done[name] for name in planned} == planned
        assert {one["says"] for one in items if one["change"] == "none"} <= {""}
        self.settle()
        ended = {name for name, change in planned.items() if change == "end"}
        places = {
            one["name"]: (one["placement"]["site"], one["placement"]["host"])
            for one in quote["items"]
            if one["name"] not in ended
        }
        found = self.places()
        assert {name: found[name] for name in places} == places
        assert not ended & found.keys()
        check_laws(self.league)
        return {name: change for name, change in planned.items() if change != "none"}

    def settle(self) -> None:
        def is_settled() -> bool:
            shown = self.shown()
            return all(one["status"]["boot"] == "seen" for one in shown)

        for _ in range(3):
            self.league.step()
        self.league.run_until(is_settled)

    def shown(self) -> list[Any]:
        return list(self.ask("GET", "/instances").json()["items"])

    def places(self) -> dict[str, tuple[str, str]]:
        return {
            one["metadata"]["name"]: (
                one["status"]["placement"]["site"],
                one["status"]["placement"]["host"],
            )
            for one in self.shown()
            if one["status"]["placement"]
        }

    def sites(self) -> dict[str, str]:
        return {name: site for name, (site, _) in self.places().items()}

    def marks(self) -> dict[str, tuple[str, int]]:
        """Instance and run epoch of every guest, as the engines have them."""
        return {
            row.spec.name: (row.owner, row.run_epoch)
            for agent in self.league.agents.values()
            for row in agent.own_guests()
        }

    def everything(self) -> str:
        """Every row of every table but what the passing of time alone changes."""

        def read(tx: Any) -> dict[str, list[Any]]:
            return {
                table.name: [
                    {k: v for k, v in row._mapping.items() if k not in PASSING}
                    for row in tx.execute(sa.select(table).order_by(*table.primary_key.columns))
                ]
                for table in schema.metadata.sorted_tables
            }

        rows = self.league.store.read(read)
        return "\n".join(
            f"{table} {json.dumps(one, default=str)}" for table, all in rows.items() for one in all
        )


PASSING = {"heard_at", "seen_at"}


@pytest.fixture
def shop(tmp_path: Path, database_url: str) -> Iterator[Shop]:
    with an_api(tmp_path, url=database_url) as (client, league):
        a_market(league)
        league.store.write(put_image, an_image("other", league.plane.blobs))
        league.step()
        found = Shop(client, league)
        assert set(found.apply(FILE).values()) == {"create"}
        assert found.sites() == THERE
        yield found


def test_applying_again_sends_and_writes_nothing(shop: Shop) -> None:
    before = shop.everything()
    for _ in range(2):
        assert {one["change"] for one in shop.plan(FILE)["items"]} == {"none"}
        assert {one["change"] for one in shop.put(FILE).json()["items"]} == {"none"}
        shop.league.step()
    assert shop.everything() == before, "no row, version, event or manifest is new"


def test_more_replicas_are_created_and_fewer_end(shop: Shop) -> None:
    marks = shop.marks()
    assert shop.apply(FILE.replace("replicas: 2", "replicas: 3")) == {"web-3": "create"}
    assert shop.marks().items() > marks.items()
    changes = shop.apply(FILE.replace("replicas: 2", "replicas: 1"))
    assert changes == {"web-1": "change", "web-2": "end", "web-3": "end"}
    assert shop.marks()["web-1"] == marks["web-1"], "what goes on is not touched"


def test_what_left_the_file_is_kept_on_request(shop: Shop) -> None:
    web_only = FILE[: FILE.index("  - {name: db")]
    before = shop.everything()
    assert shop.apply(web_only, keep=True) == {}
    assert shop.everything() == before
    quote = shop.plan(web_only)
    (db,) = (one for one in quote["items"] if one["name"] == "db")
    assert (db["change"], db["because"]) == ("end", "no longer in the file")
    assert db["pricePerMonth"] is None
    assert shop.apply(web_only) == {"db": "end"}


def test_another_image_or_size_begins_anew_where_it_was(shop: Shop) -> None:
    marks = shop.marks()
    larger = FILE.replace("memory: 1Gi", "memory: 2Gi")
    (db,) = (one for one in shop.plan(larger)["items"] if one["name"] == "db")
    assert db["because"].startswith("memory 1024 MiB → 2048 MiB; its disk begins anew; ")
    assert shop.apply(larger) == {"db": "replace"}
    owner, epoch = shop.marks()["db"]
    assert (owner, epoch) == (marks["db"][0], marks["db"][1] + 1)
    assert shop.marks()["web-1"] == marks["web-1"]
    assert shop.apply(FILE.replace("image: tiny\n", "image: other\n")) == {
        "web-1": "replace",
        "web-2": "replace",
        "db": "replace",
    }
    assert shop.sites() == THERE


def test_what_begins_anew_and_finds_no_place_is_refused_and_runs_on(shop: Shop) -> None:
    fill(shop.league, "frankfurt")
    before = shop.everything()
    for word, code in (("4Gi", "no_room"), ("5Gi", "oversized")):
        answer = shop.put(FILE.replace("memory: 1Gi", f"memory: {word}"))
        assert (answer.status_code, answer.json()["code"]) == (412, code)
        assert shop.everything() == before


def fill(league: League, site: str) -> None:
    """Somebody else takes a gigabyte there."""
    spec = {"image": "tiny", "cpus": 1, "memoryMiB": 1024, "diskMiB": 64}
    document = {"spec": spec | {"policy": {"providers": {"allow": [site]}}}}
    path = {"tenant": "other", "workspace": "w", "instance": "filler"}
    answer = league.call(instances.put_instance, json.dumps(document).encode(), **path)
    assert answer.status == 201
    for _ in range(4):
        league.step()


def test_a_tighter_policy_moves_only_what_it_must(shop: Shop) -> None:
    marks = shop.marks()
    near = FILE.replace("residency: [EU]", "residency: [DE, NL, SI]")
    assert shop.apply(near) == {"web-1": "change", "web-2": "change"}
    assert shop.marks() == marks
    without = FILE.replace("deny: [zagreb]", "deny: [ljubljana]")
    quote = {one["name"]: one for one in shop.plan(without)["items"]}
    assert quote["web-1"]["because"].startswith(
        "ljubljana is of ljubljana, which is denied, and its new policy says otherwise;"
    )
    assert shop.apply(without) == {"web-1": "replace", "web-2": "change", "db": "change"}
    assert shop.marks()["web-2"] == marks["web-2"]
    assert shop.sites()["web-1"] != "ljubljana"


def test_a_new_spread_moves_the_fewest(shop: Shop) -> None:
    crowd = FILE.replace("    near: [Ljubljana, Amsterdam]\n", "    policy: {residency: [DE]}\n")
    shop.apply(crowd)
    marks = shop.marks()
    apart = FILE.replace(
        "    near: [Ljubljana, Amsterdam]\n", "    policy: {spread: [{over: site, min: 2}]}\n"
    )
    assert shop.apply(apart) == {"web-1": "change", "web-2": "replace"}
    assert shop.marks()["web-1"] == marks["web-1"]


def test_a_kept_policy_that_moved_is_named_and_no_reason_to_begin_anew(shop: Shop) -> None:
    assert shop.ask("PUT", "/policy", {"spec": {"residency": ["DE", "SI"]}}).status_code == 201
    marks = shop.marks()
    quote = {one["name"]: one for one in shop.plan(FILE)["items"]}
    assert {one["change"] for one in quote.values()} == {"none"}
    assert quote["web-2"]["violations"] == [
        "web-2 at amsterdam violates the policy of workspace demo: it is in NL"
    ]
    assert shop.apply(FILE) == {}
    assert shop.marks() == marks
    more = shop.apply(FILE.replace("replicas: 2", "replicas: 3"))
    assert more == {"web-3": "create"}
    assert shop.sites()["web-3"] in ("frankfurt", "ljubljana")


def test_a_change_while_its_run_ends_is_one_change(shop: Shop) -> None:
    """Asked twice before the site has said anything: one run ends, one begins."""
    epoch = shop.marks()["db"][1]
    shop.put(FILE.replace("memory: 1Gi", "memory: 2Gi"))
    again = shop.put(FILE.replace("memory: 1Gi", "memory: 3Gi")).json()["items"]
    assert {one["name"]: one["change"] for one in again}["db"] == "change"
    shown = {one["metadata"]["name"]: one["status"] for one in shop.shown()}
    assert (shown["db"]["state"], shown["db"]["boot"]) == ("creating", "unknown")
    assert shown["web-1"]["state"] == "active"
    shop.settle()
    assert shop.marks()["db"][1] == epoch + 1
    specs = {one["metadata"]["name"]: one["spec"] for one in shop.shown()}
    assert specs["db"]["memoryMiB"] == 3072
    check_laws(shop.league)


def test_an_app_is_ended_whole_and_twice_is_once(shop: Shop) -> None:
    assert shop.ask("DELETE", "/apps/shop").status_code == 202
    assert shop.ask("DELETE", "/apps/shop").status_code == 202
    refused = shop.put(FILE)
    assert (refused.status_code, refused.json()["code"]) == (412, "conflict")
    shop.league.run_until(lambda: not shop.shown())
    assert shop.ask("DELETE", "/apps/shop").status_code == 404
    assert shop.league.guests() == []
    check_laws(shop.league)


def test_a_cut_site_holds_up_only_its_own(shop: Shop) -> None:
    shop.league.agents["amsterdam"].link.is_cut = True
    shop.put(FILE.replace("image: tiny\n", "image: other\n"))
    for _ in range(6):
        shop.league.step()
    states = {one["metadata"]["name"]: one for one in shop.shown()}
    assert states["web-1"]["status"]["state"] == "active"
    assert shop.marks()["web-1"][1] == 2
    assert shop.marks()["web-2"][1] == 1
    shop.league.agents["amsterdam"].link.is_cut = False
    shop.league.run_until(lambda: shop.marks().get("web-2", ("", 0))[1] == 2)
    shop.settle()
    assert shop.sites() == THERE
    check_laws(shop.league)


def test_what_contradicts_or_is_too_large_is_refused_before_anything_is_written(shop: Shop) -> None:
    before = shop.everything()
    large = FILE.replace("memory: 1Gi", "memory: 900Gi")
    quoted = shop.ask("POST", "/quotes", {"app": "shop", **shop.said(large, keep=False)})
    for answer in (shop.put(large), quoted):
        assert (answer.status_code, answer.json()["code"]) == (412, "oversized")
        assert answer.json()["hint"].startswith("the largest host has 8 cpu")
    nowhere = shop.put(FILE.replace("residency: [DE],", "residency: [FR],"))
    assert (nowhere.status_code, nowhere.json()["code"]) == (412, "no_room")
    assert "db: allow DE" in nowhere.json()["hint"]
    assert shop.everything() == before
