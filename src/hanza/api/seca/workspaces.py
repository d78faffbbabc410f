"""Workspaces: done as soon as they are written down, and shown with how much is in them."""

from dataclasses import replace

from hanza.api.calls import Answer, Call
from hanza.api.seca.places import check_place
from hanza.api.seca.reading import JSON, not_there, page_of, path_of, token_of
from hanza.api.seca.writing import Change, put_at_once
from hanza.model.kinds import WORKSPACE
from hanza.model.resource import Path, Resource
from hanza.store.resources import Page, count_inside, find_document, list_documents
from hanza.store.tx import Tx
from hanza.wire.seca.documents import list_to_json, name_in, with_status


def put_workspace(tx: Tx, change: Change) -> Resource:
    """Its count is of this moment; whoever reads it later is told the count of then."""
    path = change.resource.path
    count = count_inside(tx, path.tenant, [path.name])[path.name]
    return replace(put_at_once(tx, change), status={"resourceCount": count})


async def get_workspace(call: Call) -> Answer:
    path = path_of(call, WORKSPACE)
    document = await call.plane.store.glance(_find, path)
    if document is None:
        raise not_there(path)
    return Answer(200, document, JSON)


def list_all_workspaces(call: Call) -> Answer:
    path = path_of(call, WORKSPACE)
    documents, last = call.plane.store.read(_list, path, page_of(call))
    token = None if last is None else token_of(last)
    return Answer(200, list_to_json(path, documents, token), JSON)


def _find(tx: Tx, path: Path) -> bytes | None:
    document = find_document(tx, path)
    return None if document is None else _counted(tx, path.tenant, {path.name: document})[0]


def _list(tx: Tx, path: Path, page: Page) -> tuple[list[bytes], str | None]:
    check_place(tx, path)
    documents, last = list_documents(tx, path, page)
    return _counted(tx, path.tenant, {name_in(one): one for one in documents}), last


def _counted(tx: Tx, tenant: str, documents: dict[str, bytes]) -> list[bytes]:
    counts = count_inside(tx, tenant, list(documents))
    return [
        with_status(document, {"resourceCount": counts[name]})
        for name, document in documents.items()
    ]
