"""Probes and measured round trips as the API tells them; part of `hanza.federation/v1`."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from hanza.model.errors import Invalid
from hanza.model.policy import Point
from hanza.model.probe import Probe, Target

FindCity: TypeAlias = Callable[[str, str], Point]
_LABEL = r"[0-9A-Za-z](?:[0-9A-Za-z-]{0,61}[0-9A-Za-z])?"
HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*|[0-9A-Fa-f:]{{2,45}}")
"""A DNS name or an IPv4 address; or an IPv6 address, without brackets."""


class ProbeSpec(Struct, forbid_unknown_fields=True):
    """A city, or latitude and longitude."""

    host: Annotated[str, Meta(max_length=253)]
    port: Annotated[int, Meta(ge=1, le=65535)]
    city: Annotated[str, Meta(max_length=200)] | None = None
    latitude: float | None = None
    longitude: float | None = None


class ProbePut(Struct, forbid_unknown_fields=True):
    spec: ProbeSpec


class ProbeName(Struct):
    name: str


class ProbeDoc(Struct):
    """`spec.city` is where it stands, by the name that policies know, or its coordinates."""

    metadata: ProbeName
    spec: ProbeSpec


class TripDoc(Struct, rename="camel"):
    """What a site measured to a probe."""

    site: str
    probe: str
    ms: float
    measured_at: datetime
    agent: str | None
    is_good: bool
    """Whether it is young enough to go before every guess."""


class MeetingDoc(Struct, rename="camel"):
    """Two sites: what one measured to the other, what is predicted, and what distance says.

    `predictedMs` is null where a guess by distance is no worse; nine of ten are within
    `predictedMarginMs` of it, as was found by leaving measurements out.
    """

    site: str
    other: str
    measured_ms: float | None
    measured_at: datetime | None
    is_good: bool
    """Whether it is young enough to predict from."""
    predicted_ms: float | None
    predicted_margin_ms: float | None
    distance_ms: float


def probe_from_spec(
    name: str, spec: ProbeSpec, find_city: FindCity, check_place: Callable[..., None]
) -> Probe:
    """Raises `Invalid` naming the member that is wrong."""
    if not HOST.fullmatch(spec.host):
        raise Invalid("host is a DNS name or an IP address", field="spec.host")
    target = Target(name, spec.host, spec.port)
    if spec.city is not None:
        if (spec.latitude, spec.longitude) != (None, None):
            raise Invalid("say a city or coordinates, not both", field="spec.city")
        return Probe(target, find_city(spec.city, "spec.city"))
    if spec.latitude is None or spec.longitude is None:
        raise Invalid("say a city, or latitude and longitude", field="spec.city")
    check_place(spec.latitude, spec.longitude, "spec.")
    place = Point(f"{spec.latitude:g}, {spec.longitude:g}", spec.latitude, spec.longitude)
    return Probe(target, place)


def probe_to_doc(probe: Probe) -> ProbeDoc:
    target, at = probe.target, probe.at
    spec = ProbeSpec(target.host, target.port, at.name, at.latitude, at.longitude)
    return ProbeDoc(ProbeName(target.probe), spec)
