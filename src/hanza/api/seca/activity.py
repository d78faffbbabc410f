"""The activity log: what happened in a workspace, oldest first, as documents of the standard."""

from hanza.api.calls import Answer, Call
from hanza.api.seca.places import check_place
from hanza.api.seca.reading import JSON, page_of, path_of, token_of
from hanza.model.errors import BadQuery
from hanza.model.kinds import ACTIVITY_LOG
from hanza.model.resource import Path
from hanza.plan.seca.selector import EVERYTHING
from hanza.store.events import Event, list_log
from hanza.store.resources import Page, find_resource, workspace_of
from hanza.store.tx import Tx
from hanza.wire.seca.activity import Entry, entry_to_json
from hanza.wire.seca.documents import list_to_json

SERIAL_DIGITS_MAX = 18
READ_AT_ONCE = 1000
"""What a selector chooses from, however short the page is."""


def list_log_of(call: Call) -> Answer:
    path, page = path_of(call, ACTIVITY_LOG), page_of(call)
    found = call.plane.store.read(_list, path, page)
    chosen, others = found[: page.limit], found[page.limit :]
    token = token_of(str(chosen[-1].serial)) if others else None
    items = [entry_to_json(one, path) for one in chosen]
    return Answer(200, list_to_json(path, items, token), JSON)


def _list(tx: Tx, path: Path, page: Page) -> list[Entry]:
    """Up to one more than the page has, so that it is known whether it is the last one."""
    check_place(tx, path)
    workspace = find_resource(tx, workspace_of(path))
    if workspace is None or workspace.path.region != path.region or page.deleted == "only":
        return []
    found: list[Entry] = []
    after, wanted = _serial_of(page.after), page.limit + 1
    at_once = wanted if page.selector == EVERYTHING else max(wanted, READ_AT_ONCE)
    while len(found) < wanted:
        read = list_log(tx, path.tenant, path.workspace, after, at_once)
        some = [_entry(one) for one in read]
        found += [one for one in some if page.selector.matches(one.labels)]
        if len(some) < at_once:
            break
        after = some[-1].serial
    return found[:wanted]


def _entry(event: Event) -> Entry:
    return Entry(event.serial, event.at, event.kind, event.text, event.ref)


def _serial_of(text: str) -> int:
    if not text:
        return 0
    if not text.isascii() or not text.isdigit() or len(text) > SERIAL_DIGITS_MAX:
        raise BadQuery("this skipToken is not one of ours", field="skipToken")
    return int(text)
