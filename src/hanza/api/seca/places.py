"""Regions as they follow from the sites that there are, and where this plane is reached."""

from hanza.api.calls import Call
from hanza.model.errors import NotFound
from hanza.model.resource import Path
from hanza.plan.seca.regions import WHOLE, Region, region_of, regions_of
from hanza.store.federation import founded_at
from hanza.store.sites import list_places, list_standing
from hanza.store.tenants import get_tenant
from hanza.store.tx import Tx
from hanza.wire.seca.documents import RegionFacts


def list_regions(tx: Tx) -> tuple[Region, ...]:
    return regions_of([(name, country) for name, country, _ in list_places(tx)])


def get_region(tx: Tx, name: str) -> Region:
    country = None if name == WHOLE else name.upper()
    region = region_of(name, list_standing(tx, country))
    if region is None:
        raise NotFound(f"there is no region {name!r}", field="region")
    return region


def check_place(tx: Tx, path: Path) -> None:
    """Raises `NotFound` where the path's tenant or region is none."""
    get_tenant(tx, path.tenant)
    if path.kind.is_regional:
        get_region(tx, path.region)


def facts_of(tx: Tx, region: Region, url: str) -> RegionFacts:
    """A region began with its first site and changed with its last."""
    began = [at for name, _, at in list_places(tx) if name in region.sites] or [founded_at(tx)]
    return RegionFacts(min(began), max(began), len(region.sites) + 1, url)


def url_of(call: Call) -> str:
    """The address of this plane that the caller used, else the most widely reachable one."""
    host = call.headers.get("host")
    urls = call.plane.urls
    return next((url for url in urls if url.partition("://")[2] == host), urls[0])
