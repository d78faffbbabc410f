"""Volumes among what is hurt: what was asked of them, and that their bytes are there, and once.

What is looked at is the engines' own disks.  Laws: a volume's bytes are at one site at most and at
most one guest has them; none are gone but of a volume whose end was asked for.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from hanza.drivers.fake import FakeSite
from hanza.store import schema
from hanza.store.tx import Tx

SIZE_MIB = 16
NAME = "data"


def volume_of(instance: str) -> str:
    return f"{instance}/{NAME}"


@dataclass
class Volumes:
    """What was asked, by name; no name is given twice."""

    wanted: set[str] = field(default_factory=set)
    ending: set[str] = field(default_factory=set)
    """Whose end was asked for, answered or not."""
    unsure: set[str] = field(default_factory=set)
    """About which something was asked that nobody answered."""
    _seen: dict[str, str] = field(default_factory=dict)
    """Names of those with bytes, by id."""

    def ask(self, name: str) -> None:
        self.wanted.add(name)

    def end(self, name: str) -> None:
        self.wanted.discard(name)
        self.ending.add(name)

    def learn(self, there: set[str]) -> None:
        """What planes say: what nobody answered is known now, what was answered has to be so."""
        self.wanted = self.wanted - self.unsure | self.unsure & there
        self.unsure.clear()
        assert there == self.wanted, f"volumes are {sorted(there)} and not {sorted(self.wanted)}"

    def look(self, engines: Iterable[Path], names: Mapping[str, str]) -> None:
        """Hold what engines have against all that was; `names` are the books', by id."""
        now: dict[str, str] = {}
        for path in engines:
            with FakeSite(path=path).look() as site:
                for row in site.state.volumes.values():
                    assert row.owner not in now, f"volume {row.owner} is at two sites"
                    now[row.owner] = names.get(row.owner) or self._seen.get(row.owner, row.owner)
                    attached = row.attached_to
                    assert attached is None or attached in site.state.guests, f"{row} has nobody"
        gone = {name for one, name in self._seen.items() if one not in now}
        assert gone <= self.ending, f"gone, and nobody asked for its end: {gone - self.ending}"
        self._seen = now

    def differs(self, active: set[str], attached: set[str]) -> str:
        """What is not as planes say that it is, or lacks to those that run; empty when nothing.

        One whose instance ended before it was anywhere never got its bytes.
        """
        there = set(self._seen.values())
        if there == active and attached <= active:
            return ""
        return f"volumes are {sorted(there)}, shown {sorted(active)}, needed {sorted(attached)}"


def names_of_volumes(tx: Tx) -> dict[str, str]:
    return {row.id: row.name for row in tx.execute(sa.select(schema.volumes))}
