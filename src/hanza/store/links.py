"""What a plane goes by that has agents' links: asked once a second, for all of them at once."""

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from hanza.model.ids import AgentId
from hanza.model.manifest import Version
from hanza.model.report import Incarnation
from hanza.store.agents import LINK_COLUMNS
from hanza.store.prepared import Among, Prepared
from hanza.store.schema import agents
from hanza.store.tx import Tx


@dataclass(frozen=True, slots=True)
class LinkOf:
    """What a plane that has an agent's link goes by."""

    start: Incarnation
    """The one that is believed."""
    version: Version | None
    """The manifest in force; None while two copies of its key are alive."""


_LINKS = Prepared(sa.select(*LINK_COLUMNS).where(agents.c.revoked_at.is_(None)))
_LINKS_OF = Among(sa.select(*LINK_COLUMNS).where(agents.c.revoked_at.is_(None)), agents.c.id)
SOME_MAX = 256
"""To name more of them in a query costs more than to read all."""


def list_links(tx: Tx, ids: Collection[AgentId]) -> dict[AgentId, LinkOf]:
    """What is known of these agents at least; nothing of one that was revoked."""
    rows = _LINKS_OF.among(tx, ids) if len(ids) <= SOME_MAX else _LINKS.all(tx, {})
    return {
        AgentId(row.id): LinkOf(
            Incarnation(row.starts, row.nonce),
            None if row.is_contested else Version(row.epoch, row.manifest_no),
        )
        for row in rows
    }
