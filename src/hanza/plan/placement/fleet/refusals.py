"""Which rules refuse which hosts: grounds are asked once each, and hosts are counted in columns."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hanza.model.policy import Over
from hanza.plan.placement.beside import apart_from, by_host, says_of, stood_beside
from hanza.plan.placement.candidate import Candidate, Demand, Neighbour
from hanza.plan.placement.fleet.company import is_beside, places_of
from hanza.plan.placement.fleet.decide import Decider
from hanza.plan.placement.fleet.inventory import Inventory
from hanza.plan.placement.fleet.layout import (
    AGENT,
    CPUS,
    FREE_CPUS,
    NEED_CPUS,
    NEED_DISK,
    NOW,
    REFUSES,
    SINCE,
    Mask,
)
from hanza.plan.placement.fleet.reduce import Codes
from hanza.plan.placement.rules import Compiled, Lack, compile_rules
from hanza.plan.placement.spread import Group, shortfall


@dataclass(frozen=True, slots=True)
class Refusals:
    """What each of the rows lacks: `by_rule` has a row for each rule, in the order of `names`."""

    compiled: Compiled
    names: tuple[tuple[str, str], ...]
    by_rule: NDArray[np.bool_]
    at_sites: dict[int, tuple[Lack, ...]]

    def of(self, name: tuple[str, str]) -> NDArray[np.int64]:
        """How often each row is refused by what has this name and key."""
        mine = [at for at, one in enumerate(self.names) if one == name]
        found: NDArray[np.int64] = self.by_rule[mine].sum(axis=0)
        return found

    def lacks(self, candidate: Candidate, site: int) -> tuple[Lack, ...]:
        """In words, for one host."""
        asked = ((rule, rule.lack(candidate)) for rule in self.compiled.host)
        own = (Lack(rule.name, rule.key, text) for rule, text in asked if text is not None)
        return (*self.at_sites[site], *own)


def find_refusals(decider: Decider, demand: Demand, rows: Codes, now: int) -> Refusals:
    """Every rule that refuses, and not only the first."""
    compiled, inventory = compile_rules(demand), decider.inventory
    sites, numbers = np.unique(inventory.columns.sites_of(rows), return_inverse=True)
    texts = [
        [rule.lack(inventory.asks.grounds[site]) for rule in compiled.ground]
        for site in sites.tolist()
    ]
    is_lacking = np.array([[text is not None for text in one] for one in texts], np.bool_)
    grounds = is_lacking.reshape(len(sites), len(compiled.ground)).T[:, numbers]
    known = _host_masks(decider, demand, rows, now)
    apart = (~is_beside(inventory, rows, one) for one in by_host(demand.companions))
    hosts = np.array(
        [next(apart) if rule.name == "with" else known[rule.name] for rule in compiled.host]
    )
    return Refusals(
        compiled,
        (
            *((rule.name, rule.key) for rule in compiled.ground),
            *((rule.name, rule.key) for rule in compiled.host),
        ),
        np.concatenate((grounds, hosts)),
        {
            site: tuple(
                Lack(rule.name, rule.key, text)
                for rule, text in zip(compiled.ground, one, strict=True)
                if text is not None
            )
            for site, one in zip(sites.tolist(), texts, strict=True)
        },
    )


def _host_masks(decider: Decider, demand: Demand, rows: Codes, now: int) -> dict[str, Mask]:
    """By the name of each rule that differs between hosts of a site."""
    inventory = decider.inventory
    hosts, heard = inventory.columns.hosts.tables[0][rows], inventory.columns.agents.tables[0]
    need, _ = decider.needs(demand, now)
    agents = np.where(hosts[:, AGENT] < 0, ~hosts[:, AGENT], hosts[:, AGENT])
    is_elsewhere: Mask = np.zeros(len(rows), np.bool_)
    for one in demand.pin.volumes:
        if one.host is not None:
            is_elsewhere |= rows != inventory.rows.get(one.host, -1)
    return {
        "volume": is_elsewhere,
        "attached": np.ones(len(rows), np.bool_),
        "ports": np.isin(rows, inventory.with_ports(demand.ports)),
        "offered": hosts[:, AGENT] < 0,
        "heard": heard[agents] <= need[SINCE],
        "not_refused": hosts[:, REFUSES] > need[NOW],
        "capacity": (hosts[:, FREE_CPUS:CPUS] < need[NEED_CPUS : NEED_DISK + 1]).any(axis=1),
    }


@dataclass(frozen=True, slots=True)
class Crowd:
    """A rule among replicas: which rows it refuses, because of where others stand already."""

    name: tuple[str, str]
    says: str
    text: str
    mask: Mask


def crowds_of(
    decider: Decider, demand: Demand, neighbours: Sequence[Neighbour], rows: Codes
) -> list[Crowd]:
    """What `beside.lacks_among` finds, rule by rule."""
    inventory, found = decider.inventory, []
    settled = [one.candidate for one in neighbours if one.component == demand.component]
    if demand.component is not None:
        # Only where replicas stand can one more be too many, so each of these is tried once.
        group = Group(tuple(settled), 1, demand.policy.spreads)
        for spread in demand.policy.spreads:
            if not spread.is_hard:
                continue
            over = spread.over
            full = [one for one in settled if shortfall(spread, group, [one])]
            mask = _stands_with(inventory, rows, over, full)
            says = f"where the {over} has replicas already"
            text = f"its {over} has replicas already"
            found.append(Crowd(("spread", over), says, text, mask))
    for beside, others in stood_beside(demand, neighbours):
        mask = ~_stands_with(inventory, rows, beside.over, others)
        found.append(Crowd(("with", beside.key), says_of(beside), apart_from(beside), mask))
    return found


def _stands_with(
    inventory: Inventory, rows: Codes, over: Over, others: Sequence[Candidate]
) -> Mask:
    """Whether each of the rows is at a place of one of these."""
    at = np.array([inventory.rows[one.host] for one in others], np.int64)
    found: Mask = np.isin(places_of(inventory, rows, over), places_of(inventory, at, over))
    return found
