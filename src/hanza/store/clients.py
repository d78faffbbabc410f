"""Tenants' clients: addresses that a tenant would have sites measure to, and who lets them.

A tenant asks, and nobody measures; the operator grants, and the client becomes a probe under a
name that tells agents nothing of whose it is.  What is granted is exactly what was asked: another
address or place has to be granted anew.  Taking the probe away takes the grant with it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from hanza.model.errors import Invalid, NotFound
from hanza.model.policy import Point
from hanza.model.probe import Probe, Target
from hanza.store.database import upsert_many
from hanza.store.events import append_event
from hanza.store.mesh_tables import clients
from hanza.store.probes import Measured, list_probes, list_trips, put_probe, remove_probe
from hanza.store.tx import Tx

CLIENTS_MAX = 8
"""Of one tenant; of all tenants no more are granted than agents take probes."""


@dataclass(frozen=True, slots=True)
class Client:
    """`probe` is what agents are told once it is granted."""

    tenant: str
    name: str
    probe: Probe


@dataclass(frozen=True, slots=True)
class Looked:
    """A client, whether it is measured to, and what sites measured."""

    client: Client
    is_granted: bool
    trips: Sequence[Measured]


def client_at(tenant: str, name: str, host: str, port: int, at: Point) -> Client:
    digest = hashlib.sha256(f"{tenant}/{name}".encode()).hexdigest()
    return Client(tenant, name, Probe(Target(f"client-{digest[:16]}", host, port), at))


def ask_client(tx: Tx, client: Client, now: datetime) -> bool:
    """Ask for it, or for another address or place, which ends what was granted; whether it is new.

    Raises `Invalid` when the tenant has asked for as many as it may.
    """
    mine = [one.client for one in list_clients(tx, now, client.tenant)]
    known = next((one for one in mine if one.name == client.name), None)
    if known == client:
        return False
    if known is None and len(mine) >= CLIENTS_MAX:
        raise Invalid(
            f"{client.tenant} has {CLIENTS_MAX} clients, and may not have more", field="name"
        )
    _end_grant(tx, client)
    target, at = client.probe.target, client.probe.at
    row = {
        "tenant": client.tenant,
        "name": client.name,
        "host": target.host,
        "port": target.port,
        "place": at.name,
        "latitude": at.latitude,
        "longitude": at.longitude,
        "asked_at": now,
    }
    upsert_many(tx, clients, ("tenant", "name"), [row])
    text = f"{client.tenant} would have sites measure to {client.name} in {at.name}"
    append_event(tx, now, "client.asked", client.name, text, client.tenant)
    return known is None


def grant_client(tx: Tx, tenant: str, name: str, now: datetime) -> Looked:
    """Have agents measure to it.  Raises `NotFound`, and `Invalid` where there are too many."""
    found = get_client(tx, tenant, name, now)
    if found.is_granted:
        return found
    client = found.client
    put_probe(tx, client.probe, now)
    append_event(tx, now, "client.granted", name, f"sites measure to {name}", tenant)
    return get_client(tx, tenant, name, now)


def remove_client(tx: Tx, tenant: str, name: str, now: datetime) -> None:
    """With all that was measured to it.  Raises `NotFound`."""
    _end_grant(tx, get_client(tx, tenant, name, now).client)
    tx.execute(sa.delete(clients).where(clients.c.tenant == tenant, clients.c.name == name))


def get_client(tx: Tx, tenant: str, name: str, now: datetime) -> Looked:
    """Raises `NotFound`."""
    for one in list_clients(tx, now, tenant):
        if one.client.name == name:
            return one
    raise NotFound(f"{tenant} has no client {name!r}", field="client")


def list_clients(tx: Tx, now: datetime, tenant: str | None = None) -> list[Looked]:
    """By tenant and name; of one tenant, or of all."""
    query = sa.select(clients).order_by(clients.c.tenant, clients.c.name)
    if tenant is not None:
        query = query.where(clients.c.tenant == tenant)
    granted, trips = set(list_probes(tx)), list_trips(tx, now)
    found = [_client_from_row(row) for row in tx.execute(query)]
    return [
        Looked(
            one,
            one.probe in granted,
            [trip for trip in trips if one.probe in granted and trip.probe == _name_of(one)],
        )
        for one in found
    ]


def _end_grant(tx: Tx, client: Client) -> None:
    if any(one.target.probe == _name_of(client) for one in list_probes(tx)):
        remove_probe(tx, _name_of(client))


def _name_of(client: Client) -> str:
    return client.probe.target.probe


def _client_from_row(row: Any) -> Client:
    at = Point(row.place, row.latitude, row.longitude)
    return client_at(row.tenant, row.name, row.host, row.port, at)
