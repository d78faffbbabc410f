"""What plane and agent say of nearness; part of `agent_v1`, which says when.

Also the few types that all messages share, so that neither module needs the other.
"""

from typing import Annotated

from msgspec import Meta, Struct

TEXT_MAX = 1024
Text = Annotated[str, Meta(max_length=TEXT_MAX)]
Count = Annotated[int, Meta(ge=0, le=2**53)]
Digest = Annotated[bytes, Meta(min_length=32, max_length=32)]
MEASURE = "measure"
"""The ability to measure round trips: who has it is told of probes."""
MESH = "mesh"
"""The ability to ask other agents how far they are, see `wire.mesh_v1`."""
PROBES_MAX = 64
PEERS_TOLD_MAX = 64
PORT_MIN = 1024
"""Of who answers: below are other people's services."""


class ProbeW(Struct, array_like=True):
    name: Text
    host: Text
    port: Annotated[int, Meta(ge=1, le=65535)]


class Probes(Struct, array_like=True, tag="probes"):
    probes: Annotated[list[ProbeW], Meta(max_length=PROBES_MAX)]


class TripW(Struct, array_like=True):
    probe: Text
    ms: Annotated[float, Meta(ge=0, le=60_000)]


class Measured(Struct, array_like=True, tag="measured"):
    trips: Annotated[list[TripW], Meta(max_length=PROBES_MAX)]


class Answering(Struct, array_like=True, tag="answering"):
    """At which UDP port it answers; at which address is what the plane sees, and not its word."""

    port: Annotated[int, Meta(ge=PORT_MIN, le=65535)]


class Answers(Struct, array_like=True, tag="answers"):
    key: Digest

    def __repr__(self) -> str:
        return "Answers(...)"


class PeerW(Struct, array_like=True):
    agent: Text
    host: Annotated[str, Meta(max_length=64)]
    port: Annotated[int, Meta(ge=PORT_MIN, le=65535)]
    key: Digest

    def __repr__(self) -> str:
        return f"PeerW({self.agent!r}, {self.host!r}, {self.port!r}, ...)"


class Peers(Struct, array_like=True, tag="peers"):
    number: Annotated[int, Meta(ge=0, le=2**32 - 1)]
    peers: Annotated[list[PeerW], Meta(max_length=PEERS_TOLD_MAX)]


class Met(Struct, array_like=True, tag="met"):
    number: Count
    trips: Annotated[list[TripW], Meta(max_length=PEERS_TOLD_MAX)]
    """`probe` is the peer's id."""
