"""How a benchmark tells its numbers: one JSON line each, with the bound it has to keep, if any.

    {"bench": "latency", "metric": "…", "value": 41.2, "unit": "ms", "at_most": 250}

What is to be large has `at_least` instead.  A number with neither is told and not judged.
"""

import json
import math
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Number:
    bench: str
    metric: str
    value: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None

    @property
    def shown(self) -> float:
        return round(self.value, 2)

    @property
    def is_kept(self) -> bool:
        """By what is shown: nobody reads 1000.0 and is told that it is below 1000."""
        is_low = self.at_most is None or self.shown <= self.at_most
        return is_low and (self.at_least is None or self.shown >= self.at_least)


def tell(number: Number) -> Number:
    """Print it at once, so that a run that is cut has told what it had."""
    said = {**asdict(number), "value": number.shown}
    if number.at_least is not None:
        del said["at_most"]
    else:
        del said["at_least"]
    print(json.dumps(said), flush=True)
    return number


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile: a value that was measured, never one between two."""
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)), 1) - 1]


def memory_mib(pid: int) -> dict[str, float]:
    """RSS and PSS of a process, from the kernel.  PSS shares out what others map too."""
    found = {}
    with open(f"/proc/{pid}/smaps_rollup") as lines:
        for line in lines:
            key, _, rest = line.partition(":")
            if key in ("Rss", "Pss"):
                found[key.lower()] = int(rest.split()[0]) / 1024
    return found


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far: what a busy machine does not change much."""
    with open(f"/proc/{pid}/stat") as line:
        fields = line.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def load_average() -> float:
    """Of the last minute: what else the machine was doing belongs beside every number."""
    return os.getloadavg()[0]
