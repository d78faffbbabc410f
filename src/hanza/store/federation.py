"""The one row that says which federation this is, and in which epoch it publishes."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from hanza.model.ids import FederationId
from hanza.store.schema import federation
from hanza.store.tx import Tx


@dataclass(frozen=True, slots=True)
class Federation:
    id: FederationId
    epoch: int


def found_federation(tx: Tx, new_id: FederationId, now: datetime) -> Federation:
    """Read the federation, or found it under `new_id` when the store is empty."""
    row = tx.execute(sa.select(federation.c.id, federation.c.epoch)).one_or_none()
    if row is not None:
        return Federation(FederationId(row.id), row.epoch)
    tx.execute(sa.insert(federation).values(id=new_id, epoch=1, created_at=now))
    return Federation(new_id, 1)


def founded_at(tx: Tx) -> datetime:
    """When the federation began."""
    began: datetime = tx.execute(sa.select(federation.c.created_at)).scalar_one()
    return began
