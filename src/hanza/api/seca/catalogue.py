"""What is there before anybody asks for anything: regions, and the SKUs of each tenant's path."""

from hanza.api.calls import Answer, Call, Handler
from hanza.api.seca.places import check_place, facts_of, list_regions, url_of
from hanza.api.seca.reading import JSON, not_there, page_of, path_of, token_of
from hanza.model.errors import NotFound
from hanza.model.kinds import KINDS, REGION, Kind
from hanza.model.skus import SKUS, find_sku
from hanza.plan.seca.regions import Region
from hanza.store.tx import Tx
from hanza.wire.seca.documents import (
    RegionFacts,
    list_to_json,
    region_to_json,
    sku_to_json,
    wellknown_to_json,
)

WELLKNOWN_PATH = "/.wellknown/secapi"


def get_wellknown(call: Call) -> Answer:
    """Where the providers are that belong to no region; a region's document names its own."""
    return Answer(200, wellknown_to_json(url_of(call), KINDS), JSON)


def get_region(call: Call) -> Answer:
    name, found = call.path["name"], call.plane.store.read(_regions, url_of(call))
    for region, facts in found:
        if region.name == name:
            return Answer(200, region_to_json(region, facts, KINDS), JSON)
    raise NotFound(f"there is no region {name!r}")


def list_all_regions(call: Call) -> Answer:
    """The whole federation first; regions have no labels, so any selector leaves out all."""
    page = page_of(call)
    found = call.plane.store.read(_regions, url_of(call))
    names = [region.name for region, _ in found if page.selector.matches({})]
    first = names.index(page.after) + 1 if page.after in names else 0
    chosen = names[first : first + page.limit]
    token = token_of(chosen[-1]) if names[first + page.limit :] else None
    items = [region_to_json(one, facts, KINDS) for one, facts in found if one.name in chosen]
    return Answer(200, list_to_json(path_of(call, REGION), items, token), JSON)


def _regions(tx: Tx, url: str) -> list[tuple[Region, RegionFacts]]:
    return [(region, facts_of(tx, region, url)) for region in list_regions(tx)]


def sku_getter(kind: Kind) -> Handler:
    def get(call: Call) -> Answer:
        path = path_of(call, kind)
        call.plane.store.read(check_place, path)
        sku = find_sku(kind, path.name)
        if sku is None:
            raise not_there(path)
        return Answer(200, sku_to_json(sku, path.region, path.tenant), JSON)

    return get


def sku_lister(kind: Kind) -> Handler:
    def list_all(call: Call) -> Answer:
        path, page = path_of(call, kind), page_of(call)
        call.plane.store.read(check_place, path)
        found = sorted(
            (
                sku
                for sku in SKUS
                if sku.kind == kind and page.selector.matches(sku.labels) and sku.name > page.after
            ),
            key=lambda sku: sku.name,
        )
        chosen, others = found[: page.limit], found[page.limit :]
        items = [sku_to_json(sku, path.region, path.tenant) for sku in chosen]
        token = token_of(chosen[-1].name) if others else None
        return Answer(200, list_to_json(path, items, token), JSON)

    return list_all
