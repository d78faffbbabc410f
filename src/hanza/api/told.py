"""What a handler takes and gives, said at the handler.

So the documents of the API (`api.openapi`) are made from the code that answers.  A type is one
that msgspec knows; what it says of members and limits becomes the JSON Schema.  Refusals are not
said here: they are the same for all, from `wire.problems`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from msgspec import Meta

from hanza.api.calls import Answer, Call, Handler, ThreadHandler
from hanza.model.errors import BadQuery


@dataclass(frozen=True, slots=True)
class ItemsOf:
    """A document with the member `items`, a list of these."""

    type: Any


@dataclass(frozen=True, slots=True)
class Bytes:
    """What is no JSON."""

    media_type: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """One in the query or a header; none is ever required."""

    name: str
    place: Literal["query", "header"]
    type: Any
    words: str

    def is_said(self, query: Mapping[str, str]) -> bool:
        """What one of the query that is true or false says; false where it is not there.

        Raises `BadQuery` for other words.
        """
        said = query.get(self.name, "false")
        if said not in ("true", "false"):
            raise BadQuery(f"{self.name} is true or false", field=self.name)
        return said == "true"


@dataclass(frozen=True, slots=True)
class Said:
    """`gives` are the good answers by status; None is an answer without a body."""

    gives: Mapping[int, Any]
    takes: Any = None
    parameters: tuple[Parameter, ...] = ()
    may_be_empty: bool = False
    """Whether the body may be left out."""


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """A handler together with what it says of itself; called as any other."""

    handler: ThreadHandler
    said: Said

    def __call__(self, call: Call) -> Answer:
        return self.handler(call)


def says(
    gives: Mapping[int, Any],
    *parameters: Parameter,
    takes: Any = None,
    may_be_empty: bool = False,
) -> Callable[[ThreadHandler], Told]:
    """Decorates a handler."""
    said = Said(gives, takes, parameters, may_be_empty)
    return lambda handler: Told(handler, said)


def said_of(handler: Handler) -> Said | None:
    """None of a handler that says nothing, such as the standard's: its table says it."""
    return handler.said if isinstance(handler, Told) else None


def lists(kind: Any) -> dict[int, Any]:
    return {200: ItemsOf(kind)}


def keeps(kind: Any) -> dict[int, Any]:
    """A PUT's: 200 where it was there already, 201 where it is new."""
    return {200: kind, 201: kind}


Serial = Annotated[int, Meta(ge=0, lt=10**18)]

BEGUN: dict[int, Any] = {202: None}
"""Taken, and done in a while."""
GONE: dict[int, Any] = {204: None}
