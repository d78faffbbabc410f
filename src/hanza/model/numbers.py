"""What an agent counts of its own site: a closed list, so that nobody can fill a plane with names.

A newer agent's other names are left aside by an older plane.  Bytes and seconds are whole units.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

Numbers: TypeAlias = Mapping[str, float]
"""By the names of `CATALOGUE` without their beginning."""
PREFIX = "hanza_site_"


@dataclass(frozen=True, slots=True)
class SiteGauge:
    """One number, as Prometheus knows it."""

    name: str
    text: str
    only_grows: bool = False


@dataclass(frozen=True, slots=True)
class SiteCounter(SiteGauge):
    """One that only grows, from the agent's start."""

    only_grows: bool = True


_ALL = (
    SiteGauge("hanza_site_guests_on", "Guests that run, as the agent saw them last."),
    SiteGauge("hanza_site_guests_off", "Guests that are there and do not run."),
    SiteGauge("hanza_site_guests_absent", "Guests that shall be there and are not."),
    SiteGauge("hanza_site_guests_unknown", "Guests of which nobody can say where they are."),
    SiteGauge("hanza_site_problems", "Guests and volumes that are not as wanted."),
    SiteGauge("hanza_site_unsettled_seconds", "For how long something has been left to be done."),
    SiteGauge("hanza_site_diary_waiting", "Lines of the diary that no plane has taken."),
    SiteGauge("hanza_site_disk_free_bytes", "Free where the agent keeps its state."),
    SiteGauge("hanza_site_resident_bytes", "Memory of the agent."),
    SiteGauge("hanza_site_uptime_seconds", "Since the agent was started."),
    SiteCounter("hanza_site_passes", "Passes that came to their end."),
    SiteCounter("hanza_site_bugs", "What nobody foresaw; see the agent's log."),
    SiteCounter("hanza_site_driver_calls", "Calls to the engine."),
    SiteCounter("hanza_site_driver_failures", "Calls to the engine that failed."),
    SiteCounter("hanza_site_driver_seconds", "Time that calls to the engine took."),
    SiteCounter("hanza_site_dials", "Calls to planes, the first included."),
    SiteCounter("hanza_site_sent_bytes", "In frames to planes, without TLS and TCP."),
    SiteCounter("hanza_site_received_bytes", "In frames from planes, without TLS and TCP."),
)
CATALOGUE: Mapping[str, SiteGauge] = MappingProxyType(
    {one.name.removeprefix(PREFIX): one for one in _ALL}
)


def known(numbers: Numbers) -> dict[str, float]:
    """Those that this release has a meaning for."""
    return {name: value for name, value in numbers.items() if name in CATALOGUE}


def changed(before: Numbers, now: Numbers) -> dict[str, float]:
    """What has to be said to who was told `before`."""
    return {name: value for name, value in now.items() if before.get(name) != value}
