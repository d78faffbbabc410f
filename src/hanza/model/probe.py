"""Probes: known places on the network to which sites measure their round trips."""

from dataclasses import dataclass

from hanza.model.policy import Point


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """What an agent has to know of a probe: where a TCP connection is answered."""

    probe: str
    host: str
    port: int


@dataclass(frozen=True, slots=True, order=True)
class Probe:
    """A target, and the place on earth it stands at; a person says so, and is believed."""

    target: Target
    at: Point


@dataclass(frozen=True, slots=True)
class Trip:
    """One measurement: the least of several round trips to a probe, in milliseconds."""

    probe: str
    ms: float
