"""Which events somebody is woken for, and how long an alert is tried before it is given up."""

from datetime import timedelta

from hanza.kit.backoff import delay_after

ALERTS = {
    "agent.silent": "a site is not heard of",
    "agent.contested": "two copies of one agent's key are alive",
    "agent.braked": "an agent holds back endings until somebody confirms them",
    "report.refused": "an agent says what cannot be",
    "host.overfull": "a host has less than is held there",
    "plane.disk_filling": "the disk of a plane's state fills",
    "rollout.halted": "an update of agents was halted: too many have failed",
    "site.drain_late": "a site is not empty at its deadline",
    "alert.test": "somebody tries whether alerts arrive",
}
"""By kind of event, what it means.  A kind is never used for something else."""
TRIES_MAX = 12
FIRST, CEILING = timedelta(seconds=5), timedelta(hours=1)


def next_try(tries: int) -> timedelta | None:
    """How long to wait after so many failures; None once it is given up, after some four hours."""
    return None if tries >= TRIES_MAX else delay_after(tries, FIRST, CEILING)
