"""Providers' terms in a store and over the API: set, met by placers at once, told, given back."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hanza.api.routes import BASE
from hanza.model.errors import QuotaExceeded, StoreUnavailable
from hanza.model.ids import HostId
from hanza.model.quota import Amounts, Limits
from hanza.model.terms import Terms
from hanza.plan.placement.terms import About
from hanza.store import terms
from hanza.store.hosts import list_hosts
from hanza.store.terms import Take
from hanza.store.tx import Store, Tx
from kit.apis import OPERATOR
from kit.laws import check_laws
from kit.leagues import League, a_league
from kit.standard import Asker, askers

SHOP = BASE + "/tenants/acme/workspaces/shop"
TERMS = BASE + "/providers/berlin/terms"
NOBODY: dict[str, list[str]] = {"tenants": [], "tenantCountries": [], "dataClasses": []}
NOTHING = {"instances": None, "cpus": None, "memoryMiB": None, "storageMiB": None}
ONE = Amounts(1, 1, 64, 10)


@pytest.fixture
def ana(tmp_path: Path) -> Iterator[Asker]:
    with askers(tmp_path, {"berlin": "DE"}) as (asker, _):
        yield asker
        check_laws(asker.league)


def set_terms(ana: Asker, **spec: Any) -> Any:
    return ana.client.put(TERMS, json={"spec": spec}, headers=OPERATOR)


def ask_for(ana: Asker, name: str, **changed: Any) -> None:
    spec = {"country": "DE", "image": "tiny", "cpus": 1, "memoryMiB": 128, "diskMiB": 64} | changed
    assert ana.put(f"{SHOP}/instances/{name}", spec).status_code in (200, 201)


def live(ana: Asker, steps: int = 4) -> None:
    for _ in range(steps):
        ana.league.step()
        check_laws(ana.league)


def places(ana: Asker) -> dict[str, str | None]:
    items = ana.get(SHOP + "/instances").json()["items"]
    return {
        one["metadata"]["name"]: (one["status"]["placement"] or {}).get("site") for one in items
    }


def test_terms_are_set_shown_changed_and_cleared_and_each_is_told(ana: Asker) -> None:
    nothing = ana.client.get(TERMS, headers=OPERATOR).json()
    assert nothing["metadata"] == {"provider": "berlin", "generation": 0, "changedAt": None}
    assert nothing["spec"] == {"each": NOTHING, "total": NOTHING, "deny": NOBODY}
    assert ana.client.delete(TERMS, headers=OPERATOR).status_code == 404
    made = set_terms(ana, each={"instances": 2}, deny={"tenants": ["rival"]})
    assert made.status_code == 201
    assert made.json()["spec"]["each"] == NOTHING | {"instances": 2}
    assert set_terms(ana, each={"instances": 2}, deny={"tenants": ["rival"]}).status_code == 200
    changed = set_terms(ana, total={"cpus": 9}).json()
    assert (changed["metadata"]["generation"], changed["spec"]["deny"]) == (2, NOBODY)
    assert ana.client.delete(TERMS, headers=OPERATOR).status_code == 202
    events = ana.client.get(BASE + "/events", headers=OPERATOR).json()["items"]
    kinds = [one["kind"] for one in events if one["kind"].startswith("terms.")]
    assert kinds == ["terms.set", "terms.set", "terms.cleared"]


@pytest.mark.parametrize(
    "spec",
    [
        {"each": {"instances": -1}},
        {"each": {"addresses": 1}},
        {"deny": {"tenants": ["No Name"]}},
        {"deny": {"countries": ["DE"]}},
        {"deny": {"tenantCountries": ["Atlantis"]}},
        {"deny": {"dataClasses": ["No Word"]}},
    ],
)
def test_what_is_no_term_is_refused(ana: Asker, spec: dict[str, Any]) -> None:
    assert set_terms(ana, **spec).status_code == 412


def test_only_the_operator_sets_them_and_only_of_who_is_a_provider(ana: Asker) -> None:
    assert ana.put(TERMS, {}).status_code == 403
    elsewhere = TERMS.replace("berlin", "nowhere")
    assert ana.client.get(elsewhere, headers=OPERATOR).status_code == 404
    assert ana.client.put(elsewhere, json={}, headers=OPERATOR).status_code == 404


def test_who_has_all_that_a_provider_takes_waits_with_words_until_it_takes_more(ana: Asker) -> None:
    ask_for(ana, "a")
    live(ana)
    set_terms(ana, each={"instances": 2})
    shown = ana.client.get(TERMS, headers=OPERATOR).json()
    assert shown["status"]["tenants"]["acme"]["instances"] == 1, "what stood already is counted"
    ask_for(ana, "b")
    live(ana)
    ask_for(ana, "c")
    live(ana)
    assert sorted(places(ana).items()) == [("a", "berlin"), ("b", "berlin"), ("c", None)]
    why = ana.get(f"{SHOP}/instances/c").json()["status"]["reason"]
    assert why == "none of 1 hosts may run it: 1 of a provider that takes no more"
    told = ana.get(f"{SHOP}/instances/c/placement").json()["explanation"]["losers"]
    assert told[0]["lacks"][0]["text"] == (
        "is of berlin, which takes no more than 2 instances of acme (2 there)"
    )
    set_terms(ana, each={"instances": 3})
    live(ana)
    assert places(ana)["c"] == "berlin"


def test_what_ends_is_counted_back_and_a_denial_ends_nothing(ana: Asker) -> None:
    set_terms(ana, each={"instances": 1, "storageMiB": 100})
    ask_for(ana, "a", volumes=[{"name": "data", "sizeMiB": 30}])
    live(ana)
    taken = ana.client.get(TERMS, headers=OPERATOR).json()["status"]
    assert taken["total"] == {"instances": 1, "cpus": 1, "memoryMiB": 128, "storageMiB": 94}
    set_terms(ana, each={"instances": 1}, deny={"tenants": ["acme"]})
    live(ana)
    assert places(ana) == {"a": "berlin"}
    assert ana.ask("DELETE", f"{SHOP}/instances/a?volumes=true").status_code == 202
    live(ana, 8)
    assert ana.client.get(TERMS, headers=OPERATOR).json()["status"]["total"]["instances"] == 0
    ask_for(ana, "b")
    live(ana)
    assert places(ana) == {"b": None}
    why = ana.get(f"{SHOP}/instances/b").json()["status"]["reason"]
    assert why == "none of 1 hosts may run it: 1 of a provider that takes nothing of you"


def test_tenants_of_a_country_and_classes_of_data_are_denied_also_when_that_is_not_known(
    ana: Asker,
) -> None:
    def told(name: str) -> str:
        (loser,) = ana.get(f"{SHOP}/instances/{name}/placement").json()["explanation"]["losers"]
        return str(loser["lacks"][0]["text"])

    set_terms(ana, deny={"tenantCountries": ["HU", "EEA"]})
    ask_for(ana, "a")
    live(ana)
    assert told("a").endswith("whose country is not known, as that of acme is not")
    acme = BASE + "/tenants/acme"
    at_home = ana.client.put(acme, json={"spec": {"country": "HU"}}, headers=OPERATOR).json()
    assert at_home["spec"] == {"references": "strict", "country": "HU"}
    wrong = ana.client.put(acme, json={"spec": {"country": "Atlantis"}}, headers=OPERATOR)
    assert wrong.status_code == 412
    assert told("a") == "is of berlin, which takes nothing of tenants from HU"
    ana.client.put(acme, json={"spec": {"country": "CH"}}, headers=OPERATOR)
    assert ana.client.put(acme, json={}, headers=OPERATOR).json()["spec"]["country"] == "CH"
    live(ana)
    assert places(ana) == {"a": "berlin"}
    spec = set_terms(ana, deny={"dataClasses": ["health"]}).json()["spec"]["deny"]
    assert spec == NOBODY | {"dataClasses": ["health"]}
    ask_for(ana, "b", policy={"data": ["health", "personal"]})
    ask_for(ana, "c")
    ask_for(ana, "d", policy={"data": ["personal"]})
    live(ana)
    assert places(ana) == {"a": "berlin", "b": None, "c": None, "d": "berlin"}
    assert told("b") == "is of berlin, which takes nothing that handles data of class health"
    assert told("c").endswith("takes nothing that does not say which classes of data it handles")


def test_a_denial_that_came_after_the_decision_is_kept_when_the_room_is_taken(ana: Asker) -> None:
    live(ana)
    store, now = ana.league.store, ana.league.clock.now()
    ((host, _),) = store.read(list_hosts)
    own = Terms(tenant_countries=frozenset({"HU"}), data_classes=frozenset({"health"}))
    store.write(terms.set_terms, "berlin", own, now)
    for about in (About("acme"), About("acme", "HU"), About("acme", "CH", frozenset({"health"}))):
        with pytest.raises(QuotaExceeded):
            store.write(_take, Take(host.id, "acme", ONE, about))
    store.write(_take, Take(host.id, "acme", ONE, About("acme", "CH", frozenset({"public"}))))
    assert store.read(terms.get_terms, "berlin").taken["acme"].instances == 1
    store.write(terms.give_terms, Take(host.id, "acme", ONE))


def test_a_volume_that_its_provider_does_not_take_takes_no_room(ana: Asker) -> None:
    ask_for(ana, "a", volumes=[{"name": "data", "sizeMiB": 30}])
    live(ana)
    set_terms(ana, total={"storageMiB": 100})
    ask_for(ana, "a", volumes=[{"name": "data", "sizeMiB": 40}])
    live(ana)
    (volume,) = ana.get(SHOP + "/volumes").json()["items"]
    assert volume["status"]["sizeMiB"] == 30
    set_terms(ana, total={"storageMiB": 104})
    live(ana, 35)
    taken = ana.client.get(TERMS, headers=OPERATOR).json()["status"]["total"]
    assert taken["storageMiB"] == 104
    (volume,) = ana.get(SHOP + "/volumes").json()["items"]
    assert volume["status"]["sizeMiB"] == 40


@pytest.fixture
def planes(tmp_path: Path, database_url: str) -> Iterator[tuple[League, list[Store]]]:
    """Two planes on one database, where one provider has a host."""
    with a_league(tmp_path, url=database_url) as league, closing(Store(database_url)) as other:
        league.add_site("berlin", "DE")
        league.step()
        yield league, [league.store, other]


def test_two_placers_at_once_take_all_that_the_terms_allow_and_no_more(
    planes: tuple[League, list[Store]],
) -> None:
    league, stores = planes
    ((host, _),) = stores[0].read(list_hosts)
    own = Terms(Limits(instances=15), Limits(instances=25))
    stores[0].write(terms.set_terms, "berlin", own, league.clock.now())

    def take(number: int) -> tuple[str, bool]:
        tenant = ("acme", "rival")[number % 2]
        while True:
            try:
                stores[number // 2 % 2].write(_take, Take(HostId(host.id), tenant, ONE))
            except QuotaExceeded:
                return tenant, False
            except StoreUnavailable:
                continue
            return tenant, True

    with ThreadPoolExecutor(8) as pool:
        taken = [tenant for tenant, is_taken in pool.map(take, range(60)) if is_taken]
    assert len(taken) == 25
    assert max(taken.count("acme"), taken.count("rival")) <= 15
    held = stores[1].read(terms.get_terms, "berlin")
    assert {name: one.instances for name, one in held.taken.items() if name} == {
        name: taken.count(name) for name in ("acme", "rival")
    }
    assert held.taken[""].instances == 25


def _take(tx: Tx, take: Take) -> None:
    if not terms.take_terms(tx, [take]):
        raise QuotaExceeded("the terms")
