"""What the doctor's measurements mean, and the line that mends what is wrong.  Pure.

`poor` is what a site cannot join with: an engine that cannot be worked, a guest that does not boot,
a clock that is so wrong that nothing signed would be believed.  What could not be found out is
`unknown`, and said so.  The score is for comparing a site with itself and with others: 100, less 40
for each poor finding, 10 for each fair one and 5 for each unknown one.
"""

from collections.abc import Iterable
from datetime import timedelta

from hanza.model.checkup import Finding, Level

FLUSH_GOOD_MS, BOOT_GOOD_S = 10.0, 15.0
CLOCK_GOOD = timedelta(seconds=2)
CLOCK_POOR = timedelta(seconds=150)
"""Half of what a signature of an agent is good for."""
MTU_GOOD, MTU_ENOUGH = 1500, 1280
ROUND_TRIP_GOOD_MS = 100.0
_COSTS: dict[Level, int] = {"good": 0, "fair": 10, "unknown": 5, "poor": 40}


def score_of(findings: Iterable[Finding]) -> int:
    """From 0 to 100."""
    return max(100 - sum(_COSTS[one.level] for one in findings), 0)


def of_engine(took_s: float | None, trouble: str = "") -> Finding:
    if took_s is None:
        mend = "start it, and let this user use it: systemctl start libvirtd; usermod -aG libvirt"
        return Finding("engine", "poor", f"it cannot be worked: {trouble}", mend)
    return Finding("engine", "good", f"it answers in {took_s * 1000:.0f} ms")


def of_boot(took_s: float, image: str) -> Finding:
    text = f"a guest of {image} was up {took_s:.1f} s after it was ordered"
    if took_s <= BOOT_GOOD_S:
        return Finding("boot", "good", text)
    return Finding("boot", "fair", text, "enable virtualisation in the firmware: modprobe kvm")


def of_no_boot(trouble: str) -> Finding:
    mend = "see the engine's own log of the guest: /var/log/libvirt/qemu"
    return Finding("boot", "poor", f"a test guest does not boot: {trouble}", mend)


def of_untried_boot(why: str, mend: str) -> Finding:
    return Finding("boot", "unknown", f"no test guest was booted: {why}", mend)


def of_flush(place: str, median_ms: float, worst_ms: float) -> Finding:
    text = f"{place}: a flush takes {median_ms:.1f} ms, the slowest of them {worst_ms:.1f} ms"
    if median_ms <= FLUSH_GOOD_MS:
        return Finding("disk", "good", text)
    return Finding("disk", "fair", text, "use a disk with power-loss protection, or an SSD")


def of_no_flush(place: str, trouble: str) -> Finding:
    return Finding("disk", "unknown", f"{place}: {trouble}", f"let the agent write to {place}")


def of_clock(offset: timedelta | None, doubt: timedelta = timedelta(0)) -> Finding:
    """`offset` is by how much this machine is ahead of the plane; `doubt` half the round trip."""
    if offset is None:
        text = "the plane does not tell its time"
        return Finding("clock", "unknown", text, "compare it by hand: timedatectl")
    way = "ahead of" if offset > timedelta(0) else "behind"
    text = (
        f"{abs(offset).total_seconds():.2f} s {way} the plane's (± {doubt.total_seconds():.2f} s)"
    )
    if abs(offset) <= CLOCK_GOOD + doubt:
        return Finding("clock", "good", text)
    level: Level = "poor" if abs(offset) - doubt > CLOCK_POOR else "fair"
    return Finding("clock", level, text, "timedatectl set-ntp true")


def of_mtu(mtu: int | None) -> Finding:
    """Of the way to the plane, as far as this machine's kernel has learned it."""
    if mtu is None:
        return Finding("mtu", "unknown", "the kernel does not tell it", "ip link show")
    text = f"{mtu} bytes on the way to the plane, as the kernel knows it"
    if mtu >= MTU_GOOD:
        return Finding("mtu", "good", text)
    mend = "a tunnel or PPPoE takes the rest; if large transfers hang: ip link set mtu"
    return Finding("mtu", "good" if mtu >= MTU_ENOUGH else "fair", text, mend)


def of_nat(local: tuple[str, int], seen: tuple[str, int] | None) -> Finding:
    """One plane can tell whether there is a NAT and what it does to ports, and no more."""
    if seen is None:
        return Finding("nat", "unknown", "the plane does not tell where it sees this machine", "")
    if local[0] == seen[0]:
        return Finding("nat", "good", "none on the way to the plane")
    ports = "keeps" if local[1] == seen[1] else "changes"
    text = f"behind one that {ports} ports; seen from {seen[0]}; how it treats others is unknown"
    mend = "nothing for guests; for published ports and --answer-port: forward them at the router"
    return Finding("nat", "fair", text, mend)


def of_latency(where: str, ms: float | None) -> Finding:
    if ms is None:
        return Finding("latency", "unknown", f"{where} does not answer", "")
    text = f"{ms:.1f} ms to {where}"
    if ms <= ROUND_TRIP_GOOD_MS:
        return Finding("latency", "good", text)
    return Finding("latency", "fair", text, "see what fills the line: mtr shows where it waits")
