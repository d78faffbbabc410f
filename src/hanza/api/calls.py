"""One request, as the handlers see it, and what they answer.  No HTTP library is known here."""

from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeAlias

from hanza.api.board import Board
from hanza.api.identity import Principal
from hanza.api.meeting import Meeting
from hanza.kit.blobs import Blobs
from hanza.kit.clock import Clock
from hanza.kit.ids import Ids
from hanza.plan.placement.fleet import at_once
from hanza.store.inventory import Inventory
from hanza.store.tx import Store
from hanza.wire.directory_v1 import Directory
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
    blobs: Blobs
    """What images consist of; they are kept in this plane's own folder."""
    blob_bytes_max: int
    sign_directory: Callable[[int, tuple[str, ...]], Directory] | None = field(
        default=None, repr=False
    )
    """By the federation's root; None where this plane has not its key."""
    may_compile: Callable[[], bool] = field(default=at_once, repr=False)
    """What a large fleet asks before it takes machine code."""
    meeting: Meeting = field(init=False)
    """Who answers whom, and what that predicts."""

    inventory: Inventory = field(init=False)
    """The hosts as the API's questions see them; the engine has its own, and waits for none."""

    board: Board = field(init=False)
    """What agents count of their sites."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "board", Board())
        object.__setattr__(self, "inventory", Inventory(self.store, self.may_compile))
        object.__setattr__(self, "meeting", Meeting(self.store))


@dataclass(frozen=True, slots=True)
class Call:
    """One authorised request."""

    plane: Plane
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """By their names in lower case."""
    who: Principal | None = None
    """Who calls; None where nobody is asked."""
    chunks: Iterable[bytes] = ()
    """The body of a route that streams, as it comes; `body` is then empty."""
    caller: tuple[str, int] | None = None
    """Address and port that the request was seen to come from."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and document.

    A `bytes` document travels as it is, a `Path` as the file it names, everything else as JSON.
    """

    status: int
    document: Any = None
    media_type: str = "application/x-pem-file"
    """Of a `bytes` document."""


AsyncHandler: TypeAlias = Callable[[Call], Coroutine[Any, Any, Answer]]
"""Runs on the event loop: it computes little, and waits only by `await`."""
ThreadHandler: TypeAlias = Callable[[Call], Answer]
"""Runs in a thread, and may wait as it likes."""
Handler: TypeAlias = ThreadHandler | AsyncHandler
"""Which of the two it is, its being a coroutine function says."""
