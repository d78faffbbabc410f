"""The doctor: tries this machine as it is, and says what it found with the line that mends it.

Promises: what it makes it removes again (a guest of a federation of its own, a file); each try is
bounded in time; a measurement that fails is a finding, never an error.  What findings mean is
`plan.doctor`'s.
"""

import os
import shutil
import socket
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median

import msgspec

from hanza.agent.disk import write_whole
from hanza.agent.measure import Scope, connect_ms
from hanza.drivers.spi import Driver
from hanza.model.checkup import Checkup, Finding
from hanza.model.errors import DriverError, Exhausted, HanzaError, Unsupported
from hanza.model.guest import GuestSpec, Mark
from hanza.model.ids import FederationId, InstanceId
from hanza.model.probe import Target
from hanza.plan import doctor

CHECKUP = "checkup.json"
FEDERATION = FederationId("doctor")
"""Of the test guest: whatever agents do here, they do not see it as theirs."""
PATIENT = InstanceId("doctor")
UP = b" is up"
"""What the tiny image says from its own userspace; a kernel's words before it prove nothing."""
BOOT_WITHIN_S = 60.0
FLUSHES, FLUSH_BYTES = 20, 4096
FLUSHES_WITHIN_S = 5.0
_IP_MTU, _IPV6_MTU = 14, 24
OpenDriver = Callable[[FederationId], Driver]


@dataclass(frozen=True, slots=True)
class PlaneSeen:
    """What one exchange with a plane has shown."""

    federation: FederationId
    where: str
    round_trip_ms: float
    local: tuple[str, int]
    seen: tuple[str, int] | None = None
    """Where the plane saw this machine speak from."""
    offset: timedelta | None = None
    """By how much this machine's clock is ahead."""
    mtu: int | None = None
    release_keys: tuple[bytes, ...] = ()
    """Whose signatures of updates count, as the plane says."""


def examine(
    open_driver: OpenDriver,
    options: Mapping[str, str],
    state: Path,
    planes: Sequence[PlaneSeen],
    others: Iterable[tuple[str, float | None]] = (),
) -> tuple[Finding, ...]:
    """`others` are how far others are in milliseconds, by their names."""
    found = [*engine_findings(open_driver, options)]
    places = [state, *(Path(options[key]) for key in ("pool",) if key in options)]
    found += [flush_finding(place) for place in places]
    if planes:
        first = planes[0]
        doubt = timedelta(milliseconds=first.round_trip_ms / 2)
        found.append(doctor.of_clock(first.offset, doubt))
        found.append(doctor.of_mtu(first.mtu))
        found.append(doctor.of_nat(first.local, first.seen))
    else:
        found.append(doctor.of_latency("any plane", None))
    found += [doctor.of_latency(f"the plane at {p.where}", p.round_trip_ms) for p in planes]
    return (*found, *(doctor.of_latency(name, ms) for name, ms in others))


def engine_findings(
    open_driver: OpenDriver, options: Mapping[str, str], boot_within_s: float = BOOT_WITHIN_S
) -> list[Finding]:
    """Whether the engine answers, and whether a guest really boots on it."""
    began = time.monotonic()
    try:
        driver = open_driver(FEDERATION)
    except HanzaError as error:
        return [doctor.of_engine(None, str(error))]
    try:
        with closing(driver):
            driver.capabilities()
            hosts = driver.survey().hosts
            answered = doctor.of_engine(time.monotonic() - began)
            host = hosts[0].name if hosts else ""
            return [answered, boot_finding(driver, host, options, boot_within_s)]
    except DriverError as error:
        return [doctor.of_engine(None, str(error))]
    finally:
        _leave_pool(options)


def _leave_pool(options: Mapping[str, str]) -> None:
    """The folder that engines make for each federation, if nothing is left in it."""
    if "pool" in options:
        folder = Path(options["pool"]) / FEDERATION
        if not any(one.is_file() and one.stat().st_size for one in folder.rglob("*")):
            shutil.rmtree(folder, ignore_errors=True)


def boot_finding(driver: Driver, host: str, options: Mapping[str, str], within_s: float) -> Finding:
    image = _image_in(options)
    if image is None:
        lay = f"hanza agent test-image {options['images']}"
        return doctor.of_untried_boot("there is no image to try", lay)
    if not driver.capabilities().serial or not host:
        return doctor.of_untried_boot("this engine does not let us hear its guests", "")
    mark = Mark(PATIENT, 1)
    try:
        _remove_patients(driver)
        began = time.monotonic()
        driver.create(mark, host, GuestSpec("doctor", image, 1, 128, 64))
        (guest,) = (one for one in driver.survey().guests if one.mark == mark)
        driver.set_power(guest.native, "on")
        while UP not in driver.serial_tail(guest.native, 4096):
            if time.monotonic() - began > within_s:
                return doctor.of_no_boot(f"it did not say that it is up within {within_s:.0f} s")
            time.sleep(0.05)
        return doctor.of_boot(time.monotonic() - began, image)
    except (Exhausted, Unsupported) as error:
        return doctor.of_untried_boot(str(error), "offer room, or try when there is some")
    except DriverError as error:
        return doctor.of_no_boot(str(error))
    finally:
        with suppress(DriverError):  # what is left is removed by the next try
            _remove_patients(driver)
            driver.sweep(mark)


def _remove_patients(driver: Driver) -> None:
    for guest in driver.survey().guests:
        driver.destroy(guest.native)


def _image_in(options: Mapping[str, str]) -> str | None:
    """One that is there and says that it is up; an engine without a folder of images has all."""
    folder = options.get("images")
    is_there = folder is None or "pool" not in options or (Path(folder) / "tiny").is_dir()
    return "tiny" if is_there else None


def flush_finding(folder: Path) -> Finding:
    """How long the disk takes to have a few bytes for sure."""
    file = folder / ".doctor"
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        return doctor.of_no_flush(str(folder), error.strerror or str(error))
    try:
        taken = _flushed(descriptor)
    except OSError as error:
        return doctor.of_no_flush(str(folder), error.strerror or str(error))
    finally:
        os.close(descriptor)
        file.unlink(missing_ok=True)
    return doctor.of_flush(str(folder), median(taken), max(taken))


def _flushed(descriptor: int) -> list[float]:
    taken: list[float] = []
    until = time.monotonic() + FLUSHES_WITHIN_S
    while len(taken) < FLUSHES and (not taken or time.monotonic() < until):
        began = time.perf_counter()
        os.pwrite(descriptor, bytes(FLUSH_BYTES), 0)
        os.fsync(descriptor)
        taken.append((time.perf_counter() - began) * 1000)
    return taken


def latencies(targets: Iterable[Target], scope: Scope) -> list[tuple[str, float | None]]:
    """One connection to each."""
    return [(one.probe, connect_ms(one, scope)) for one in targets]


def mtu_of(wire: socket.socket) -> int | None:
    """Of a connected socket's way; None where the kernel does not tell."""
    is_new = wire.family == socket.AF_INET6
    level = socket.IPPROTO_IPV6 if is_new else socket.IPPROTO_IP
    try:
        return wire.getsockopt(level, _IPV6_MTU if is_new else _IP_MTU)
    except OSError:
        return None


def keep_checkup(folder: Path, checkup: Checkup) -> None:
    """Where the agent that runs finds it and tells it; raises `OSError`."""
    write_whole(folder, CHECKUP, msgspec.json.format(msgspec.json.encode(checkup)))


class KeptCheckup:
    """The last checkup of a folder, read anew only when there is another."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / CHECKUP
        self._read: tuple[int, int] | None = None
        self._checkup: Checkup | None = None

    def __call__(self) -> Checkup | None:
        """None while there is none, or none that can be read: the next one is."""
        try:
            status = self._file.stat()
            if (status.st_mtime_ns, status.st_ino) != self._read:
                self._read = (status.st_mtime_ns, status.st_ino)
                self._checkup = msgspec.json.decode(self._file.read_bytes(), type=Checkup)
        except (OSError, msgspec.DecodeError):
            self._checkup = None
        return self._checkup
