"""Where the planes are: what agents are told, signed by the federation's root."""

from hanza.api.calls import Answer, Call
from hanza.api.told import says
from hanza.model.errors import Conflict
from hanza.store import directory as kept
from hanza.wire import directory_v1 as doc
from hanza.wire.federation_v1 import request_from_json


@says({200: doc.DirectoryDoc})
def get_directory(call: Call) -> Answer:
    found = call.plane.store.read(kept.find_directory)
    return Answer(200, _document(found))


@says({200: doc.DirectoryDoc}, takes=doc.DirectoryPut)
def put_directory(call: Call) -> Answer:
    """Sign it and tell it to every agent; those that are away are told when they come."""
    urls = doc.check_urls(request_from_json(call.body, doc.DirectoryPut).urls)
    plane = call.plane
    if plane.sign_directory is None:
        raise Conflict(
            "this plane has no key of the federation's root", hint="ask the plane that founded it"
        )
    put = plane.store.write(kept.put_directory, urls, plane.sign_directory, plane.clock.now())
    return Answer(200, _document(put))


def _document(found: doc.Directory | None) -> doc.DirectoryDoc:
    return (
        doc.DirectoryDoc(0, []) if found is None else doc.DirectoryDoc(found.number, [*found.urls])
    )
