"""What a route is: method and path lead to a handler, for those who have the permission."""

from dataclasses import dataclass

from hanza.api.calls import Handler
from hanza.model.errors import Bug


@dataclass(frozen=True, slots=True)
class Route:
    """One without a permission does not construct."""

    method: str
    path: str
    handler: Handler
    permission: str
    may_stream: bool = False
    """Whether who asks for `text/event-stream` gets events as they happen instead."""
    streams: bool = False
    """Whether its body may be large, and is handed on as it comes."""
    is_shared: bool = False
    """Whether what the tenants `public` and `seca` have is shown to those of any tenant."""

    def __post_init__(self) -> None:
        if not self.permission:
            raise Bug(f"{self.method} {self.path} says nothing of who may call it")
