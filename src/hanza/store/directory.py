"""The directory that is in force: where agents find the planes, as the root signed it."""

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa

from hanza.store.events import append_event
from hanza.store.prepared import Prepared
from hanza.store.schema import federation
from hanza.store.tx import Tx
from hanza.wire.directory_v1 import Directory

_FOUND = Prepared(
    sa.select(
        federation.c.id,
        federation.c.directory_no,
        federation.c.directory_urls,
        federation.c.directory_signature,
    )
)


def find_directory(tx: Tx) -> Directory | None:
    """None where none was ever signed."""
    row = _FOUND.first(tx, {})
    if row is None or row.directory_signature is None:
        return None
    urls = tuple(row.directory_urls.split("\n"))
    return Directory(row.directory_no, urls, bytes(row.directory_signature))


def put_directory(
    tx: Tx, urls: tuple[str, ...], sign: Callable[[int, tuple[str, ...]], Directory], now: datetime
) -> Directory:
    """Sign the next one; the same addresses again are the one that there is."""
    known = find_directory(tx)
    if known is not None and known.urls == urls:
        return known
    fresh = sign(1 if known is None else known.number + 1, urls)
    values = {
        "directory_no": fresh.number,
        "directory_urls": "\n".join(urls),
        "directory_signature": fresh.signature,
    }
    tx.execute(sa.update(federation).values(values))
    text = f"agents are told to find the planes at {', '.join(urls)}"
    append_event(tx, now, "directory.signed", f"directory-{fresh.number}", text)
    return fresh
