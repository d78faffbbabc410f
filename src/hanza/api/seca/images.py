"""Images: of a tenant that all share they are the federation's, of any other its own resources."""

from hanza.api.calls import Answer, Call
from hanza.api.seca.places import get_region
from hanza.api.seca.reading import JSON, getter, lister, not_there, page_of, path_of, token_of
from hanza.model.image import Image
from hanza.model.kinds import IMAGE
from hanza.model.resource import Path
from hanza.plan.seca.images import resource_of
from hanza.plan.seca.references import SHARED_TENANTS
from hanza.store.images import find_image, list_images
from hanza.store.tx import Tx
from hanza.wire.seca.documents import list_to_json, resource_to_json

_get_own = getter(IMAGE)
_list_own = lister(IMAGE)


async def get_image(call: Call) -> Answer:
    path = path_of(call, IMAGE)
    if path.tenant not in SHARED_TENANTS:
        return await _get_own(call)
    image = await call.plane.store.glance(_find, path)
    if image is None:
        raise not_there(path)
    return Answer(200, _document(image, path), JSON)


def list_all_images(call: Call) -> Answer:
    """By name; the federation's have no labels, and none of them is being deleted."""
    path = path_of(call, IMAGE)
    if path.tenant not in SHARED_TENANTS:
        return _list_own(call)
    page, found = page_of(call), call.plane.store.read(_list, path)
    if page.deleted == "only" or not page.selector.matches({}):
        found = []
    after = [one for one in found if one.name > page.after]
    chosen, others = after[: page.limit], after[page.limit :]
    token = token_of(chosen[-1].name) if others else None
    items = [_document(one, path) for one in chosen]
    return Answer(200, list_to_json(path, items, token), JSON)


def _find(tx: Tx, path: Path) -> Image | None:
    get_region(tx, path.region)
    return find_image(tx, path.name)


def _list(tx: Tx, path: Path) -> list[Image]:
    get_region(tx, path.region)
    return list_images(tx)


def _document(image: Image, path: Path) -> bytes:
    return resource_to_json(resource_of(image, path.region, path.tenant), "GET")
