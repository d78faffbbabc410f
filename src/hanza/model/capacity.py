"""How much a host has, and how much a guest takes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Capacity:
    """An amount of every counted dimension.  Memory and disk are in MiB."""

    cpus: int
    memory_mib: int
    disk_mib: int

    def __add__(self, other: "Capacity") -> "Capacity":
        return Capacity(
            self.cpus + other.cpus,
            self.memory_mib + other.memory_mib,
            self.disk_mib + other.disk_mib,
        )

    def __sub__(self, other: "Capacity") -> "Capacity":
        return Capacity(
            self.cpus - other.cpus,
            self.memory_mib - other.memory_mib,
            self.disk_mib - other.disk_mib,
        )

    def holds(self, other: "Capacity") -> bool:
        """Whether `other` fits into this amount on every dimension."""
        return (
            self.cpus >= other.cpus
            and self.memory_mib >= other.memory_mib
            and self.disk_mib >= other.disk_mib
        )


NOTHING = Capacity(0, 0, 0)


def at_least_nothing(amount: Capacity) -> Capacity:
    """No dimension below zero: what is taken beyond it is nobody's to offer."""
    return Capacity(max(amount.cpus, 0), max(amount.memory_mib, 0), max(amount.disk_mib, 0))
