"""Words for what a document may hold: shapes and their limits, as data.

A shape decides nothing; `plan.seca.shape` checks a document against one and `wire.seca.openapi`
writes it down for others.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias


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
class Flag:
    """True or false."""


Version: TypeAlias = Literal[4, 6]
BLOCK_PATTERNS: dict[Version | None, str] = {
    4: r"^[0-9.]+/[0-9]{1,2}$",
    6: r"^[0-9A-Fa-f:.]+/[0-9]{1,3}$",
    None: r"^[0-9A-Fa-f:.]+/[0-9]{1,3}$",
}
ADDRESS_PATTERN = r"^[0-9A-Fa-f:.]+$"


@dataclass(frozen=True, slots=True)
class Block:
    """A range of IP addresses, `10.0.0.0/16`: of one version of IP, or of either."""

    version: Version | None
    least: int
    most: int

    @property
    def pattern(self) -> str:
        """What every such text looks like; not everything that does is one."""
        return BLOCK_PATTERNS[self.version]


@dataclass(frozen=True, slots=True)
class Address:
    """One IP address of either version, in `least` to `most` characters."""

    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Values:
    """Texts by keys of the tenant's own, each of at most `most` characters."""

    most: int


@dataclass(frozen=True, slots=True)
class Reference:
    """Names another resource.

    `kind` is None where several can be meant: one of the same provider must be there, one of
    another provider's is looked up by whoever uses it.
    """

    kind: str | None
    is_deferrable: bool = False
    """Whether a tenant with deferred references may name what is not there yet."""
    is_later: bool = False
    """Whether any tenant may: it is another provider's, and nothing is done with it so far."""
    may_be_range: bool = False
    """Whether an IP address or a range of them may stand in its place."""


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
    is_never_empty: bool = False
    """Whether it says nothing without any of its members, though none of them is required."""


@dataclass(frozen=True, slots=True)
class Free:
    """An object whose members are the tenant's own business."""


Shape: TypeAlias = Text | Whole | Flag | Block | Address | Values | Reference | Many | Record | Free
"""A closed union: whoever handles shapes handles all of these."""
