"""Words for what a document may hold: shapes and their limits, as data.

A shape decides nothing; `plan.seca.shape` checks a document against one and `wire.seca.openapi`
writes it down for others.
"""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Text:
    """A string of `least` to `most` characters; one of `choices` when there are any."""

    least: int = 0
    most: int | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number from `least` to `most`."""

    least: int
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """Names another resource.  `kind` is None where what it names is not held to anything yet."""

    kind: str | None
    is_deferrable: bool = False
    """Whether a tenant with deferred references may name what is not there yet."""


@dataclass(frozen=True, slots=True)
class Many:
    """A list of `least` to `most` items."""

    item: "Shape"
    most: int
    least: int = 0


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a record."""

    name: str
    shape: "Shape"
    is_required: bool = False
    is_fixed: bool = False
    """Keeps its first value for life."""
    only_grows: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """An object with these members and no others."""

    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Free:
    """An object whose members are the tenant's own business."""


Shape: TypeAlias = Text | Whole | Reference | Many | Record | Free
"""A closed union: whoever handles shapes handles all of these."""
