"""How much a tenant, or one of its workspaces, may have at once, and how much it has.

An *amount* counts five dimensions; *limits* say the most of each, None where nothing limits it.
What something costs, and how a count is kept in parts, is `plan.quota`.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

Dimension: TypeAlias = Literal["instances", "cpus", "memory_mib", "storage_mib", "addresses"]
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)
WORDS: dict[Dimension, str] = {
    "instances": "instances",
    "cpus": "cpus",
    "memory_mib": "MiB of memory",
    "storage_mib": "MiB of storage",
    "addresses": "public addresses",
}


@dataclass(frozen=True, slots=True)
class Amounts:
    """So much of every dimension.  As a change of them a part may be negative."""

    instances: int = 0
    cpus: int = 0
    memory_mib: int = 0
    storage_mib: int = 0
    addresses: int = 0

    def of(self, dimension: Dimension) -> int:
        count: int = getattr(self, dimension)
        return count

    def __add__(self, other: "Amounts") -> "Amounts":
        return Amounts(*(self.of(one) + other.of(one) for one in DIMENSIONS))

    def __sub__(self, other: "Amounts") -> "Amounts":
        return Amounts(*(self.of(one) - other.of(one) for one in DIMENSIONS))


NONE = Amounts()


@dataclass(frozen=True, slots=True)
class Limits:
    """The most of every dimension; None is without limit."""

    instances: int | None = None
    cpus: int | None = None
    memory_mib: int | None = None
    storage_mib: int | None = None
    addresses: int | None = None

    def of(self, dimension: Dimension) -> int | None:
        most: int | None = getattr(self, dimension)
        return most


UNLIMITED = Limits()


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """Whose quota: a workspace's, or with an empty workspace the whole tenant's."""

    tenant: str
    workspace: str = ""

    @property
    def words(self) -> str:
        if self.workspace:
            return f"workspace {self.workspace} of tenant {self.tenant}"
        return f"tenant {self.tenant}"

    @property
    def both(self) -> tuple["Scope", ...]:
        """Every scope that something of this one counts in, the narrower first."""
        return (self, Scope(self.tenant)) if self.workspace else (self,)


@dataclass(frozen=True, slots=True, order=True)
class Excess:
    """One dimension of which there may not be that much more."""

    dimension: Dimension
    limit: int
    used: int
    asked: int
