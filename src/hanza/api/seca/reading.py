"""Reading resources: an item is one read of its rendered document, a list is a page of them."""

import base64
import binascii

from hanza.api.calls import Answer, AsyncHandler, Call, ThreadHandler
from hanza.api.seca.places import check_place
from hanza.model.errors import BadQuery, NotFound
from hanza.model.kinds import Kind
from hanza.model.resource import Path
from hanza.plan.seca.selector import selector_from_text
from hanza.store.resources import Deleted, Page, find_document, list_documents
from hanza.store.tx import Tx
from hanza.wire.seca.documents import list_to_json

LIMIT_DEFAULT = 1000
LIMIT_MAX = 10000
JSON = "application/json"


def getter(kind: Kind) -> AsyncHandler:
    async def get(call: Call) -> Answer:
        path = path_of(call, kind)
        document = await call.plane.store.glance(find_document, path)
        if document is None:
            raise not_there(path)
        return Answer(200, document, JSON)

    return get


def lister(kind: Kind) -> ThreadHandler:
    def list_all(call: Call) -> Answer:
        path = path_of(call, kind)
        documents, last = call.plane.store.read(_list, path, page_of(call))
        token = None if last is None else token_of(last)
        return Answer(200, list_to_json(path, documents, token), JSON)

    return list_all


def _list(tx: Tx, path: Path, page: Page) -> tuple[list[bytes], str | None]:
    check_place(tx, path)
    return list_documents(tx, path, page)


def path_of(call: Call, kind: Kind) -> Path:
    said = call.path
    return Path(
        kind=kind,
        region=said.get("region", ""),
        tenant=said.get("tenant", ""),
        workspace=said.get("workspace", ""),
        name=said.get("name", ""),
        network=said.get("network", ""),
    )


def not_there(path: Path) -> NotFound:
    return NotFound(f"there is no {path.kind.name} {path.name!r}")


def page_of(call: Call) -> Page:
    """Raises `BadQuery` for a page that nobody can give."""
    limit = call.query.get("limit", str(LIMIT_DEFAULT))
    is_number = limit.isascii() and limit.isdigit() and len(limit) < 6
    if not is_number or not 1 <= int(limit) <= LIMIT_MAX:
        raise BadQuery(f"limit is from 1 to {LIMIT_MAX}", field="limit")
    after = name_of(call.query.get("skipToken", ""))
    selector = selector_from_text(call.query.get("labels"))
    return Page(int(limit), after, selector, _deleted(call.headers.get("accept", "")))


def token_of(name: str) -> str:
    """Opaque to others: where the next page begins."""
    return base64.urlsafe_b64encode(name.encode()).decode()


def name_of(token: str) -> str:
    try:
        name = base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise BadQuery("this skipToken is not one of ours", field="skipToken") from error
    if not name.isprintable():
        raise BadQuery("this skipToken is not one of ours", field="skipToken")
    return name


def _deleted(accept: str) -> Deleted:
    words = accept.replace(" ", "").split(";")
    if "deleted=only" in words:
        return "only"
    return "with" if "deleted=true" in words else "without"
