"""What acts are drawn for: the world, the seed, and what tenants asked so far."""

from dataclasses import dataclass, field
from random import Random  # noqa: TID251 -- seeded: a run can be had again

from chaos.volumes import Volumes
from chaos.world import Host, World


@dataclass
class Ledger:
    """What was asked and answered; what nobody answered is not known."""

    wanted: dict[str, str] = field(default_factory=dict)
    """Power by name."""
    ids: dict[str, str] = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)
    made: int = 0
    volumes: Volumes = field(default_factory=Volumes)


@dataclass
class Stage:
    world: World
    chance: Random
    ledger: Ledger = field(default_factory=Ledger)
    noticed: int = 0
    """Copies of keys that were noticed before they were ended."""

    def host(self, without: str) -> Host | None:
        """One that does not suffer from it yet, nor is off."""
        hosts = [h for h in self.world.hosts.values() if not h.faults & {without, "off"}]
        return self.chance.choice(hosts) if hosts else None

    def settled(self) -> list[str]:
        """Names of instances that are as they were asked to be."""
        alive = {one.instance for one in self.world.observer.alive()}
        ledger = self.ledger
        return sorted(
            name
            for name, power in ledger.wanted.items()
            if name not in ledger.unsure and (ledger.ids[name] in alive) == (power == "on")
        )
