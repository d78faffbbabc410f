"""One request, as the handlers see it, and what they answer.  No HTTP library is known here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeAlias

from hanza.kit.clock import Clock
from hanza.kit.ids import Ids
from hanza.store.tx import Store
from hanza.wire.tokens import Issuer


@dataclass(frozen=True, slots=True)
class Plane:
    """What the handlers of one plane share."""

    store: Store
    clock: Clock
    ids: Ids
    federation: str
    urls: tuple[str, ...]
    """Where agents reach this plane; goes into join tokens."""
    pin: bytes
    """SHA-256 of the federation's root certificate; empty on plain HTTP."""
    root_pem: bytes
    token_valid_for: timedelta
    issuer: Issuer
    """Makes the tokens of tenants."""
    wake: Callable[[], None]
    """Tell the engine that something is due; a hint, and no more."""


@dataclass(frozen=True, slots=True)
class Call:
    """One authorised request."""

    plane: Plane
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    """By their names in lower case."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and document; a `bytes` document travels as it is, everything else as JSON."""

    status: int
    document: Any = None
    media_type: str = "application/x-pem-file"
    """Of a `bytes` document."""


Handler: TypeAlias = Callable[[Call], Answer]
