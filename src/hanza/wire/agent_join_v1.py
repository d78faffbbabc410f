"""How a stranger becomes an agent, as JSON; part of `agent_v1`.  Bytes travel as base64."""

from typing import Annotated

from msgspec import Meta, Struct

from hanza.wire.agent_nearness_v1 import Digest


class JoinRequest(Struct, forbid_unknown_fields=True):
    """POST /agent/v1/join, with a token, once."""

    secret: Digest
    public_key: Digest
    signature: Annotated[bytes, Meta(min_length=64, max_length=64)]
    driver: Annotated[str, Meta(max_length=64)]


class FederationAnswer(Struct):
    """What is told before anybody has joined; later planes may tell more."""

    federation: str
    now_us: int | None = None
    seen_host: str = ""
    seen_port: int = 0
    release_keys: Annotated[list[Digest], Meta(max_length=32)] = []
    """Whose signatures of updates count: pinned by who joins, and never again by a plane."""


class JoinAnswer(Struct, forbid_unknown_fields=True):
    agent: str
    federation: str
    site: str
