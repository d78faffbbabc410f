"""Tenants' clients that sites measure to, as the API tells them; part of `hanza.federation/v1`."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from hanza.wire.probe_v1 import ProbeSpec


class ClientPut(Struct, forbid_unknown_fields=True):
    spec: ProbeSpec


class ClientName(Struct):
    name: str
    tenant: str


class ClientTripDoc(Struct, rename="camel"):
    """What a site measured to it."""

    site: str
    ms: float
    measured_at: datetime
    is_good: bool
    """Whether it is young enough to go before every guess."""


class ClientStatus(Struct):
    """Nobody measures to it until the operator has granted it."""

    state: Literal["asked", "granted"]
    probe: str | None
    """What agents know it by; null until it is granted."""
    trips: list[ClientTripDoc]


class ClientDoc(Struct):
    """`spec.city` is where it stands, by the name that policies know, or its coordinates."""

    metadata: ClientName
    spec: ProbeSpec
    status: ClientStatus
