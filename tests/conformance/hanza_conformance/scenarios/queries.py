"""Lists: what they say, pages, labels, and what is deleted; the catalogue of SKUs and regions."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from hanza_conformance import expect
from hanza_conformance.cloud import TIER
from hanza_conformance.exchange import Document, Exchange, Failed
from hanza_conformance.kinds import COMPUTE, KINDS, NETWORK, SKUS, STORAGE, WORKSPACE, Kind
from hanza_conformance.steps import Scenario, Step, asking, judging
from hanza_conformance.world import World

PAGES_MAX = 10_000
ALSO_DELETED = {"accept": "application/json; deleted=true"}
ONLY_DELETED = {"accept": "application/json; deleted=only"}


def queries() -> tuple[Scenario, ...]:
    lists = tuple(Scenario(f"{kind.title}Queries", _queries(kind)) for kind in KINDS)
    return (*lists, _selectors(), *(_skus(provider) for provider in SKUS), _regions())


def _queries(kind: Kind) -> tuple[Step, ...]:
    def names(world: World) -> list[str]:
        usual = world.place(kind.name).name
        return [usual, f"{usual}-b"]

    def make(world: World) -> Exchange:
        world.prepare(kind.name)
        first, second = names(world)
        world.make(world.place(kind.name, first), labels={"pick": first})
        return world.make(world.place(kind.name, second), labels={"pick": second})

    def has_both(world: World, document: Document) -> None:
        _has(names(world), expect.names_of(document))

    def labelled(world: World) -> Exchange:
        return _list(world, kind, {"labels": f"pick={names(world)[0]}"})

    def is_one(world: World, document: Document) -> None:
        found = expect.names_of(document)
        if found != names(world)[:1]:
            raise Failed(f"only {names(world)[0]}", expect.words(found))

    return (
        asking("make", "R17", make, 200, 201),
        asking("list", "R2-R4", lambda world: _list(world, kind), 200),
        judging("list.metadata", "R2-R4", "list", expect.listing(kind.name)),
        judging("list.items", "3.4", "list", has_both),
        Step("pages", "R23", lambda world: _pages(world, kind, names(world))),
        asking("labels", "2.6", labelled, 200),
        judging("labels.items", "2.6", "labels", is_one),
        asking("deleted-too", "2.6", lambda world: _list(world, kind, headers=ALSO_DELETED), 200),
        judging("deleted-too.items", "2.6", "deleted-too", has_both),
        asking("deleted-only", "2.6", lambda world: _list(world, kind, headers=ONLY_DELETED), 200),
        judging("deleted-only.items", "2.6", "deleted-only", _are_deleted),
    )


def _list(
    world: World,
    kind: Kind,
    params: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Exchange:
    world.recall("make")
    url = world.collection_url(world.place(kind.name))
    return world.cloud.ask("GET", url, params=params, headers=headers)


def _pages(world: World, kind: Kind, names: list[str]) -> Exchange:
    found: list[str] = []
    pages = 0
    last = None
    for last in walk(lambda params: _list(world, kind, params)):
        pages += 1
        found += expect.names_of(last.document())
    if pages < len(names):
        raise Failed(f"{len(names)} pages or more with limit=1", str(pages), last)
    _has(names, found)
    assert last is not None
    return last


def walk(ask: Callable[[dict[str, str]], Exchange]) -> Iterator[Exchange]:
    """Every page of one item, as the standard's iterators go.  Raises `Failed` without end."""
    params = {"limit": "1"}
    for _ in range(PAGES_MAX):
        page = ask(params)
        if page.status != 200:
            raise Failed("200", str(page.status), page)
        document = page.document()
        if len(expect.items_of(document)) > 1:
            raise Failed("one item at most, as limit=1 asks", expect.words(document), page)
        yield page
        token = (document.get("metadata") or {}).get("skipToken")
        if token is None:
            return
        if token in ("", params.get("skipToken")):
            raise Failed("no skipToken on the last page", repr(token), page)
        params = {"limit": "1", "skipToken": token}
    raise Failed(f"an end within {PAGES_MAX} pages", "none")


def _has(wanted: list[str], found: list[str]) -> None:
    missing = sorted(set(wanted) - set(found))
    if missing:
        raise Failed(f"{', '.join(wanted)} in the list", f"no {', '.join(missing)}")


def _are_deleted(_: World, document: Document) -> None:
    alive = [one for one in expect.items_of(document) if not one["metadata"].get("deletedAt")]
    if alive:
        raise Failed("only what has metadata.deletedAt", expect.words(alive))


def _selectors() -> Scenario:
    """The selector's forms, on two workspaces with labels that nobody else has."""

    def make(world: World) -> Exchange:
        first = world.place("workspace")
        key = world.memo["key"] = first.name
        world.make(first, labels={key: "5", f"{key}.env": "prod-eu"})
        second = world.place("workspace", f"{first.name}-b")
        return world.make(second, labels={key: "20", f"{key}.env": "test"})

    cases = (
        ("equal", "{key}=5", "a"),
        ("greater", "{key}>5", "b"),
        ("at-least", "{key}>=5", "ab"),
        ("less", "{key}<20", "a"),
        ("at-most", "{key}<=20", "ab"),
        ("wildcard-value", "{key}.env=*prod*", "a"),
        ("wildcard-key", "{key}*env=test", "b"),
        ("and", "{key}>=5,{key}.env=test", "b"),
        ("and-not", "{key}>=5,{key}.env!=test", "a"),
    )
    steps = [asking("make", "2.6", make, 200, 201)]
    for name, selector, expected in cases:
        steps += [
            asking(name, "2.6", partial(_select, selector=selector), 200),
            judging(f"{name}.items", "2.6", name, _selected(expected)),
        ]
    return Scenario("LabelSelectors", tuple(steps))


def _select(world: World, selector: str) -> Exchange:
    world.recall("make")
    url = world.collection_url(world.place("workspace"))
    return world.cloud.ask("GET", url, params={"labels": selector.format(key=world.memo["key"])})


def _selected(expected: str) -> Callable[[World, Document], None]:
    def look(world: World, document: Document) -> None:
        usual = world.place("workspace").name
        wanted = sorted({"a": usual, "b": f"{usual}-b"}[one] for one in expected)
        found = sorted(expect.names_of(document))
        if found != wanted:
            raise Failed(f"exactly {', '.join(wanted)}", ", ".join(found) or "nothing")

    return look


def _skus(provider: str) -> Scenario:
    def read(world: World, params: Mapping[str, str] | None = None) -> Exchange:
        return world.cloud.ask("GET", f"{world.cloud.tenant_url(provider)}/skus", params=params)

    def get(world: World) -> Exchange:
        name = expect.names_of(world.recall("list").document())[0]
        return world.cloud.ask("GET", f"{world.cloud.tenant_url(provider)}/skus/{name}")

    steps = [
        asking("list", "R21", read, 200),
        judging("list.metadata", "R2-R4", "list", _sku_listing(provider)),
        judging("list.items", "R21", "list", _is_filled),
        Step("pages", "R23", lambda world: _walked(lambda params: read(world, params))),
        asking("get", "R21", get, 200),
        judging("get.metadata", "R2-R4", "get", _sku_metadata(provider)),
    ]
    if provider == COMPUTE:
        steps += [
            asking("tier", "R21", lambda world: read(world, {"labels": TIER}), 200),
            judging("tier.items", "R21", "tier", _is_filled),
        ]
    titles = {COMPUTE: "InstanceSku", STORAGE: "StorageSku", NETWORK: "NetworkSku"}
    return Scenario(f"{titles[provider]}Queries", tuple(steps))


def _walked(ask: Callable[[dict[str, str]], Exchange]) -> Exchange:
    return list(walk(ask))[-1]


def _is_filled(_: World, document: Document) -> None:
    if not expect.items_of(document):
        raise Failed("at least one item", "none")


def _sku_listing(provider: str) -> Callable[[World, Document], None]:
    def look(_: World, document: Document) -> None:
        expected = {"provider": f"{provider}/v1", "resource": "skus", "verb": "GET"}
        expect.same(expected, document.get("metadata") or {}, "metadata")
        said = ("apiVersion", "kind", "name", "provider", "ref", "resource", "tenant")
        for item in expect.items_of(document):
            expect.check_item(item, said)

    return look


def _sku_metadata(provider: str) -> Callable[[World, Document], None]:
    def look(world: World, document: Document) -> None:
        found = document.get("metadata") or {}
        name = expect.names_of(world.recall("list").document())[0]
        expected = {
            "name": name,
            "kind": SKUS[provider],
            "provider": f"{provider}/v1",
            "resource": f"skus/{name}",
            "ref": f"{provider}/v1/tenants/{world.tenant}/skus/{name}",
            "tenant": world.tenant,
            "verb": "GET",
            "apiVersion": "v1",
        }
        expect.same(expected, found, "metadata")

    return look


def _regions() -> Scenario:
    def read(world: World, params: Mapping[str, str] | None = None) -> Exchange:
        url = f"{world.cloud.target.region_url}/v1/regions"
        return world.cloud.ask("GET", url, params=params)

    def get(world: World) -> Exchange:
        target = world.cloud.target
        return world.cloud.ask("GET", f"{target.region_url}/v1/regions/{target.region}")

    return Scenario(
        "RegionQueries",
        (
            asking("list", "R22", read, 200),
            judging("list.metadata", "R2-R4", "list", _region_listing),
            judging("list.first", "R22", "list", _is_ours_first),
            Step("pages", "R23", lambda world: _walked(lambda params: read(world, params))),
            asking("get", "R22", get, 200),
            judging("get.metadata", "R2-R4", "get", _region_metadata),
            judging("get.zones", "R21 R22", "get", _has_zones),
            judging("get.providers", "4", "get", _has_providers),
        ),
    )


def _region_listing(_: World, document: Document) -> None:
    expected = {"provider": "seca.region/v1", "resource": "regions", "verb": "GET"}
    expect.same(expected, document.get("metadata") or {}, "metadata")


def _is_ours_first(world: World, document: Document) -> None:
    names = expect.names_of(document)
    if names[:1] != [world.cloud.target.region]:
        raise Failed(f"{world.cloud.target.region} as the first region", ", ".join(names))


def _region_metadata(world: World, document: Document) -> None:
    name = world.cloud.target.region
    expected = {
        "name": name,
        "kind": "region",
        "provider": "seca.region/v1",
        "resource": f"regions/{name}",
        "ref": f"seca.region/v1/regions/{name}",
        "apiVersion": "v1",
        "verb": "GET",
    }
    found = document.get("metadata") or {}
    expect.same(expected, found, "metadata")
    expect.check_stamps(found)


def _has_zones(_: World, document: Document) -> None:
    if not document.get("spec", {}).get("availableZones"):
        raise Failed("at least one zone", expect.words(document.get("spec")))


def _has_providers(_: World, document: Document) -> None:
    """Those that every client of the standard looks for."""
    found = document.get("spec", {}).get("providers") or []
    there = {one.get("name") for one in found if one.get("version") == "v1" and one.get("url")}
    missing = sorted({WORKSPACE, STORAGE, COMPUTE, NETWORK} - there)
    if missing:
        raise Failed("every provider of the foundation, v1, with its URL", f"no {missing}")
