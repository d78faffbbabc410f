"""Where on columns something stands that others want to be beside."""

from collections.abc import Iterable

import numpy as np

from hanza.model.policy import Over
from hanza.plan.placement.beside import by_host, wished_for
from hanza.plan.placement.candidate import Companion, Demand, Stand
from hanza.plan.placement.fleet.inventory import Inventory
from hanza.plan.placement.fleet.layout import NONE, OVER_HOST, OVERS, Mask, Table
from hanza.plan.placement.score import TOGETHER


def places_of(inventory: Inventory, rows: Table, over: Over) -> Table:
    """A number for the host, site, provider or country of each row."""
    if OVERS[over] == OVER_HOST:
        return rows
    columns = inventory.columns
    found: Table = columns.sites.tables[0][columns.sites_of(rows), OVERS[over]]
    return found


def rows_of(inventory: Inventory, stands: Iterable[Stand]) -> Table:
    """The hosts of them that are known."""
    found = (inventory.rows.get(one.host, NONE) for one in stands)
    return np.array([row for row in found if row != NONE], np.int64)


def places_beside(inventory: Inventory, companion: Companion) -> Table:
    """The places, by number, where it would have that company."""
    over = companion.beside.over
    if OVERS[over] == OVER_HOST:
        return rows_of(inventory, companion.stands)
    found = (inventory.place(OVERS[over], one.stands_in(over)) for one in companion.stands)
    return np.array([place for place in found if place is not None], np.int64)


def is_beside(inventory: Inventory, rows: Table, companion: Companion) -> Mask:
    """As `beside.is_beside`, for each row."""
    there = places_beside(inventory, companion)
    found: Mask = np.isin(places_of(inventory, rows, companion.beside.over), there)
    return found


def is_with_hosts(inventory: Inventory, demand: Demand, rows: Table) -> Mask:
    """Where everything stands that it has to share its host with."""
    kept: Mask = np.ones(len(rows), np.bool_)
    for one in by_host(demand.companions):
        kept &= is_beside(inventory, rows, one)
    return kept


def points_of_company(inventory: Inventory, demand: Demand, rows: Table) -> Table | None:
    """What each row is worth for what stands there; None where nothing is wished for."""
    wished = wished_for(demand.companions)
    if not wished:
        return None
    found = np.zeros(len(rows), np.int64)
    for one in wished:
        found += TOGETHER * is_beside(inventory, rows, one)
    return found
