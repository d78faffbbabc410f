"""What things cost.  Money is counted in whole micro-euro, so that no sum depends on its order."""

from dataclasses import dataclass
from typing import TypeAlias

MicroEuro: TypeAlias = int


@dataclass(frozen=True, slots=True)
class Prices:
    """What a provider asks for an hour of one cpu, one GiB of memory, one GiB of disk."""

    cpu_hour: MicroEuro
    gib_hour: MicroEuro
    disk_gib_hour: MicroEuro
