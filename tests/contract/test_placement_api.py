"""Members with prices and attributes, apps, quotes and explanations, over HTTP."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from hanza.api.routes import BASE
from kit.apis import OPERATOR, an_api
from kit.leagues import League
from kit.markets import a_market, describe_member

WORKSPACE = BASE + "/tenants/acme/workspaces/shop"
INSTANCES = WORKSPACE + "/instances"
SPEC = {"image": "tiny", "cpus": 1, "memoryMiB": 128, "diskMiB": 64}
EU = {"residency": ["EU"]}


TOLD = {"hostname", "sshKeys", "userData", "ports", "volumes"}


@pytest.fixture
def api(tmp_path: Path) -> Iterator[tuple[TestClient, League]]:
    with an_api(tmp_path) as found:
        yield found


@pytest.fixture
def client(api: tuple[TestClient, League]) -> TestClient:
    return api[0]


@pytest.fixture
def market(api: tuple[TestClient, League]) -> League:
    a_market(api[1])
    api[1].step()
    return api[1]


def ask(client: TestClient, method: str, path: str, document: Any = None) -> Any:
    return client.request(method, path, json=document, headers=OPERATOR)


def spec(**policy: Any) -> dict[str, Any]:
    return SPEC | {"policy": EU | policy}


def nothing_was_written(client: TestClient) -> bool:
    return bool(ask(client, "GET", INSTANCES).json() == {"items": []})


PRICES = {"cpuHour": 10_000, "gibHour": 2_000, "diskGibHour": 100}
SITE = {"provider": "p", "country": "DE", "city": "Ulm", "latitude": 48.4, "longitude": 10.0}


def test_a_provider_names_prices_and_attributes_and_a_site_its_class(client: TestClient) -> None:
    attributes = {
        "control_by_third_country": "none",
        "certifications": ["iso_27001", "bsi_c5"],
        "support_escalation_outside_eu": False,
        "tier": 3,
    }
    said = {"title": "P", "prices": PRICES, "attributes": attributes}
    answer = ask(client, "PUT", BASE + "/providers/p", {"spec": said})
    kept = attributes | {"support_escalation_outside_eu": "false", "tier": "3"}
    assert (answer.status_code, answer.json()["spec"]) == (201, said | {"attributes": kept})
    assert ask(client, "GET", BASE + "/providers").json()["items"][0] == answer.json()
    site = SITE | {"class": "micro_dc", "attributes": {"staffed": "24x7"}}
    answer = ask(client, "PUT", BASE + "/sites/s", {"spec": site})
    assert (answer.status_code, answer.json()["spec"]) == (201, site)
    again = ask(client, "PUT", BASE + "/sites/s", {"spec": SITE})
    assert (again.status_code, again.json()["spec"]["class"]) == (200, None)
    assert ask(client, "GET", BASE + "/sites").json()["items"][0]["spec"]["attributes"] == {}
    bare = ask(client, "PUT", BASE + "/providers/p", {"spec": {"title": "P"}}).json()["spec"]
    assert (bare["prices"], bare["attributes"]) == (None, {})


@pytest.mark.parametrize(
    "change",
    [
        {"prices": {"cpuHour": 1}},
        {"prices": PRICES | {"cpuHour": -1}},
        {"prices": PRICES | {"cpuHour": 0.5}},
        {"prices": PRICES | {"surprise": 1}},
        {"attributes": {"No Name": "x"}},
        {"attributes": {"a": ""}},
        {"attributes": {"a": {"b": "c"}}},
        {"attributes": {f"a{n}": "x" for n in range(65)}},
        {"surprise": 1},
    ],
)
def test_malformed_members_are_refused(client: TestClient, change: dict[str, Any]) -> None:
    answer = ask(client, "PUT", BASE + "/providers/p", {"spec": {"title": "P"} | change})
    assert (answer.status_code, answer.json()["code"]) == (412, "invalid")
    assert ask(client, "GET", BASE + "/providers").json() == {"items": []}


def test_a_class_is_a_word(client: TestClient) -> None:
    ask(client, "PUT", BASE + "/providers/p", {"spec": {"title": "P"}})
    answer = ask(client, "PUT", BASE + "/sites/s", {"spec": SITE | {"class": "Big One"}})
    assert answer.json()["sources"] == [{"pointer": "/spec/class", "parameter": ""}]


@pytest.mark.parametrize(
    ("policy", "code", "pointer"),
    [
        ({"residency": ["Atlantis"]}, "invalid", "/spec/policy/residency[0]"),
        ({"near": [{"city": "Atlantis"}]}, "invalid", "/spec/policy/near[0]/city"),
        ({"surprise": 1}, "invalid", "/body"),
        ({"residency": {"allow": ["DE"], "deny": ["DE"]}}, "policy.contradiction", None),
    ],
)
def test_a_policy_that_cannot_be_is_refused_and_nothing_is_written(
    client: TestClient, policy: dict[str, Any], code: str, pointer: str | None
) -> None:
    document = {"spec": SPEC | {"policy": policy}}
    answer = ask(client, "PUT", INSTANCES + "/web", document)
    assert (answer.status_code, answer.json()["code"]) == (412, code)
    assert [one["pointer"] for one in answer.json()["sources"]] == ([pointer] if pointer else [])
    quoted = ask(client, "POST", WORKSPACE + "/quotes", {"instances": {"web": document["spec"]}})
    assert (quoted.status_code, quoted.json()["code"]) == (412, code)
    assert nothing_was_written(client)


@pytest.mark.usefixtures("market")
@pytest.mark.parametrize(
    ("policy", "says"),
    [
        ({"near": [{"city": "Lisbon", "maxMs": 3}]}, "near: Lisbon, PT within 3 ms cannot be"),
        ({"reach": [{"of": ["Lisbon"], "maxMs": 3}]}, "reach: 1 of 1 points within 3 ms"),
        ({"spread": [{"over": "site", "min": 9}]}, "spread: 9 different by site cannot be"),
    ],
)
def test_what_the_federation_cannot_give_is_refused_and_named(
    client: TestClient, policy: dict[str, Any], says: str
) -> None:
    document = {"spec": SPEC | {"policy": policy}}
    quoted = {"instances": {"web": document["spec"]}}
    for answer in (
        ask(client, "PUT", INSTANCES + "/web", document),
        ask(client, "POST", WORKSPACE + "/quotes", quoted),
        ask(client, "PUT", WORKSPACE + "/apps/shop", quoted),
    ):
        assert (answer.status_code, answer.json()["code"]) == (412, "policy.contradiction")
        assert says in answer.json()["detail"]
    assert nothing_was_written(client)
    kept = ask(client, "PUT", WORKSPACE + "/policy", {"spec": policy}).json()
    assert any("until" in one and "joined" in one for one in kept["status"]["warnings"]), kept


@pytest.mark.usefixtures("market")
def test_an_instance_shows_the_policy_it_was_asked_with(client: TestClient) -> None:
    said = spec(near=[{"city": "Utrecht", "maxMs": 40}]) | {"app": "shop", "component": "web"}
    shown = ask(client, "PUT", INSTANCES + "/web", {"spec": said}).json()["spec"]
    assert (shown["country"], shown["app"], shown["component"]) == (None, "shop", "web")
    assert shown["policy"]["near"][0]["name"] == "Utrecht, NL"
    again = ask(client, "PUT", INSTANCES + "/web", {"spec": shown})
    assert (again.status_code, again.json()["metadata"]["generation"]) == (200, 1)
    plain = ask(client, "PUT", INSTANCES + "/old", {"spec": SPEC | {"country": "DE"}}).json()
    assert plain["spec"].keys() == SPEC.keys() | {"country", "power"} | TOLD


@pytest.mark.usefixtures("market")
def test_a_quote_tells_where_why_and_at_what_price_and_changes_nothing(client: TestClient) -> None:
    wanted = {
        "web-1": spec(goals="cheapest", spread=[{"over": "site", "min": 2}]),
        "web-2": spec(near=["Utrecht"], spread=[{"over": "site", "min": 2}]),
    }
    for one in wanted.values():
        one["component"] = "web"
    events = ask(client, "GET", BASE + "/events").json()
    answer = ask(client, "POST", WORKSPACE + "/quotes", {"app": "shop", "instances": wanted})
    assert answer.status_code == 200
    quote = answer.json()
    first, second = quote["items"]
    assert (first["placement"]["site"], first["because"]) == ("frankfurt", "cheapest of 2 that may")
    assert (second["placement"]["site"], second["change"]) == ("amsterdam", "create")
    (trip,) = second["roundTrips"]
    assert (trip["isMeasured"], trip["measuredMs"], trip["predictedMs"]) == (
        False,
        None,
        trip["ms"],
    )
    (there,) = second["explanation"]["best"][0]["roundTrips"]
    assert there == trip
    assert first["pricePerMonth"] == 730 * 10_000
    assert quote["pricePerMonth"] == 730 * 24_000
    assert first["explanation"]["best"][0]["terms"] == {"price": 1.0}
    assert nothing_was_written(client)
    assert ask(client, "GET", BASE + "/events").json() == events


@pytest.mark.usefixtures("market")
def test_a_refused_quote_counts_by_rule_and_names_what_would_help(client: TestClient) -> None:
    french = {"instances": {"db": SPEC | {"policy": {"residency": ["FR"]}}}}
    quote = ask(client, "POST", WORKSPACE + "/quotes", french).json()
    assert quote["refusals"] == ["none of 3 hosts may run it: 3 not in FR"]
    assert quote["pricePerMonth"] is None
    explanation = quote["items"][0]["explanation"]
    assert [(one["rule"], one["hosts"]) for one in explanation["refusals"]] == [("residency", 3)]
    assert sorted(explanation["refusals"][0]["which"]) == [
        "amsterdam/host-1",
        "frankfurt/host-1",
        "ljubljana/host-1",
    ]
    assert [
        (one["text"], one["which"], one["pricePerMonth"]) for one in explanation["relaxations"]
    ] == [
        ("allow DE", ["frankfurt"], 7_300_000),
        ("allow NL", ["amsterdam"], 10_220_000),
        ("allow SI", ["ljubljana"], 8_760_000),
    ]
    assert explanation["losers"][0]["lacks"][0]["text"].startswith("is in ")


@pytest.mark.usefixtures("market")
def test_a_quote_of_several_by_themselves_counts_their_room(client: TestClient) -> None:
    whole = SPEC | {"country": "DE", "memoryMiB": 4096}
    quote = ask(client, "POST", WORKSPACE + "/quotes", {"instances": {"a": whole, "b": whole}})
    first, second = quote.json()["items"]
    assert (first["placement"]["site"], second["placement"]) == ("frankfurt", None)


@pytest.mark.parametrize(
    "document",
    [
        None,
        {},
        {"instances": {}},
        {"instances": {"web": {}}},
        {"instances": {"web": spec()}, "surprise": 1},
        {"instances": {"Not A Name": spec()}},
        {"instances": {"web": spec()}, "app": "Not A Name"},
        {"instances": {"web": SPEC}},
        {"instances": {f"w{n}": spec() for n in range(1025)}},
    ],
)
def test_malformed_quotes_and_apps_are_refused(client: TestClient, document: Any) -> None:
    answer = ask(client, "POST", WORKSPACE + "/quotes", document)
    assert (answer.status_code, answer.json()["code"]) == (412, "invalid")
    put = ask(client, "PUT", WORKSPACE + "/apps/shop", document)
    assert (put.status_code, put.json()["code"]) == (412, "invalid")
    assert nothing_was_written(client)


@pytest.mark.usefixtures("market")
def test_an_app_is_written_whole_or_not_at_all(client: TestClient) -> None:
    bad = {"instances": {"a": spec(), "b": spec() | {"cpus": 0}}}
    assert ask(client, "PUT", WORKSPACE + "/apps/shop", bad).status_code == 412
    assert nothing_was_written(client)
    good = {"instances": {"a": spec(), "b": spec()}}
    first = ask(client, "PUT", WORKSPACE + "/apps/shop", good).json()["items"]
    assert [(one["name"], one["change"]) for one in first] == [("a", "create"), ("b", "create")]
    second = ask(client, "PUT", WORKSPACE + "/apps/shop", good).json()["items"]
    assert [(one["change"], one["generation"]) for one in second] == [("none", 1), ("none", 1)]
    off = {"instances": {"a": spec() | {"power": "off"}}}
    third = ask(client, "PUT", WORKSPACE + "/apps/shop", off).json()["items"]
    assert [(one["name"], one["change"], one["generation"]) for one in third] == [
        ("a", "change", 2),
        ("b", "end", 2),
    ]


def test_an_app_may_not_grow_without_end(client: TestClient) -> None:
    many = {"instances": {f"w{n}": spec() for n in range(1024)}}
    assert ask(client, "PUT", WORKSPACE + "/apps/shop", many).status_code == 200
    one_more = ask(client, "PUT", INSTANCES + "/more", {"spec": spec() | {"app": "shop"}})
    assert (one_more.status_code, one_more.json()["code"]) == (412, "invalid")


def test_an_explanation_says_why_there_and_why_nowhere(client: TestClient, market: League) -> None:
    ask(client, "PUT", INSTANCES + "/web", {"spec": spec(goals="cheapest")})
    ask(client, "PUT", INSTANCES + "/db", {"spec": SPEC | {"country": "FR"}})
    market.run_until(lambda: market.shown()["web"][0] == "active")
    web = ask(client, "GET", INSTANCES + "/web/placement").json()
    assert (web["placement"]["site"], web["because"]) == ("frankfurt", "cheapest of 3 that may")
    db = ask(client, "GET", INSTANCES + "/db/placement").json()
    assert web["sites"] == []
    assert db["sites"][0] == {
        "site": "amsterdam",
        "refused": 1,
        "refusals": [{"rule": "residency", "says": "not in FR", "hosts": 1}],
        "roundTrips": [],
    }
    assert [one["site"] for one in db["sites"]] == ["amsterdam", "frankfurt", "ljubljana"]
    assert (db["placement"], db["because"]) == (None, "none of 3 hosts may run it: 3 not in FR")
    losers = db["explanation"]["losers"]
    assert (len(losers), db["explanation"]["losersNext"]) == (3, None)
    rest = ask(client, "GET", INSTANCES + "/db/placement?losersFrom=1").json()["explanation"]
    assert (rest["losers"], rest["losersNext"]) == (losers[1:], None)
    bad = ask(client, "GET", INSTANCES + "/db/placement?losersFrom=-1")
    assert bad.json()["code"] == "bad_query", bad.text
    assert ask(client, "GET", INSTANCES + "/none/placement").status_code == 404
    theirs = INSTANCES.replace("acme", "rival")
    assert ask(client, "GET", theirs + "/web/placement").status_code == 404
    ask(client, "DELETE", INSTANCES + "/web")
    assert ask(client, "GET", INSTANCES + "/web/placement").status_code == 404


def test_what_stands_is_explained_though_its_provider_may_no_longer_run_it(
    client: TestClient, market: League
) -> None:
    attributes = {"control_by_third_country": "none"}
    describe_member(market, "frankfurt", attributes=attributes)
    required = [{"provider": "control_by_third_country", "is": "none"}]
    ask(client, "PUT", INSTANCES + "/web", {"spec": spec(require=required)})
    market.run_until(lambda: market.shown()["web"] == ("active", "on", "frankfurt"))
    describe_member(market, "frankfurt", attributes={"control_by_third_country": "unknown"})
    web = ask(client, "GET", INSTANCES + "/web/placement").json()
    assert web["because"] == "it stands there; today no host may run it"
    assert web["placement"]["site"] == "frankfurt"
