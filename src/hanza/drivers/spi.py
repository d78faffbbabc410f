"""What every driver promises.  `hanza.drivers.contract` holds each driver to it, the fake first.

1. What a driver makes bears our mark (federation, owner, run epoch); what does not bear it is
   never surveyed, changed or ended, and neither is what another federation marked.  It is only
   counted: what it takes is not offered.
2. Making twice for one mark makes one; ending the absent succeeds.
3. No call waits for the site to finish: it returns when the site has taken the order.
4. Only the five `DriverError`s leave a driver, whatever the engine does.
5. What a driver can do is data (`Capabilities`), never a class to test for; what it denies
   raises `Unsupported`.
6. Any number of threads may use one driver.

Native ids are the driver's own and mean nothing elsewhere.  All calls are plain and synchronous.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from hanza.model.guest import GuestSpec, Mark, Power, Stranger, Survey
from hanza.model.ids import FederationId, NativeId, VolumeId
from hanza.model.image import BLANK


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an engine can do, as data that travels in reports and is used by placement."""

    driver: str
    version: str
    serial: bool
    """The guest's serial output can be read, so a boot can be seen."""
    volumes: bool
    """Volumes can be made, grown, attached and detached."""
    resize: bool
    """Processors and memory of a guest that is off can be changed."""
    ports: bool
    """Ports of a guest can be published at the site's address."""
    console: bool
    """A guest's serial port can be typed at while the guest runs."""
    fences: bool
    """A dead-man outside the agent can end a guest; needed for failover."""
    adopts: bool = False
    """Guests that were there before can be told, and taken as they are."""


class Console(Protocol):
    """One open line to a guest's serial port.  Any number of threads may use it."""

    def read(self, limit_bytes: int, within_s: float) -> bytes | None:
        """What the guest says: empty when it says nothing in time, None once the line has ended.

        Whoever opens a line reads it all the time: a guest may wait for the one who listens.
        """

    def write(self, data: bytes, within_s: float) -> int:
        """How many of the bytes the port took in that time; none once the line has ended."""

    def close(self) -> None:
        """Hang up; twice is once."""


class Compute(Protocol):
    def create(self, mark: Mark, host: str, spec: GuestSpec) -> None:
        """Define a guest, powered off.  `Exhausted` without room, `Rejected` for a wrong spec.

        With a boot volume that is its disk from here on, as if attached first; `Rejected` when
        that is absent, at another host, or attached elsewhere.

        What it is to be told at its first boot is kept where only the engine reads it; user
        data is never told back.

        With an image that is `model.image.ADOPTED` and a native id, the guest of that id, which
        bears no mark, is taken as it is: it gets ours, is not stopped or changed, and keeps its
        id.  `Rejected` when it is absent, marked already, or not of the size that is said.
        """

    def destroy(self, native: NativeId) -> None:
        """End a guest and its own disk; a volume still attached is detached, never deleted.

        One that was adopted is powered off and loses our mark; nothing of it is removed.
        """

    def sweep(self, mark: Mark) -> None:
        """Remove what may be left of a run that is no longer surveyed: its disk, its logs.

        Succeeds when nothing is.  `Rejected` while the run's guest is there.
        """

    def set_power(self, native: NativeId, power: Power) -> None:
        """Start the guest's process, or end it.  `Rejected` when the guest is absent."""

    def resize(self, native: NativeId, spec: GuestSpec) -> None:
        """Change processors and memory of a guest that is off; grow its disk, never shrink it.

        `Rejected` when the guest is absent, on, adopted, or the disk would shrink.
        """

    def serial_tail(self, native: NativeId, limit_bytes: int) -> bytes:
        """The last bytes the guest wrote to its serial port; empty when absent or nothing yet."""

    def serial_after(self, native: NativeId, after: int, limit_bytes: int) -> tuple[int, bytes]:
        """What it wrote from byte `after` on, and at which byte that begins.

        It begins later where the site no longer has so much, and at what there is of now where the
        guest has not written so much since it went on.  Empty when absent.
        """

    def open_console(self, native: NativeId) -> Console:
        """A line to the serial port of a guest that is on; it ends when the guest goes off.

        What the guest says on it is in `serial_tail` as well.  A guest has one line at a time:
        `Rejected` while it has another, and when it is absent or off.
        """


class Volumes(Protocol):
    def create_volume(self, owner: VolumeId, host: str, size_mib: int, image: str = BLANK) -> None:
        """Make it, with the bytes of the image first; twice is once, whatever size or image.

        `Exhausted` without room, `Rejected` for what the site cannot have.
        """

    def grow_volume(self, native: NativeId, size_mib: int) -> None:
        """Make it larger, keeping every byte.  `Rejected` when it would shrink."""

    def delete_volume(self, native: NativeId) -> None:
        """`Rejected` while attached; succeeds when absent."""

    def attach_volume(self, native: NativeId, guest: NativeId) -> None:
        """`Rejected` when attached elsewhere, or when either is absent; twice is once.

        The guest finds it by its serial number, see `plan.volumes.serial_of`.
        """

    def detach_volume(self, native: NativeId) -> None:
        """Twice is once; succeeds when absent.

        `Rejected` while the guest is on, and for the volume that it boots from.
        """


class Driver(Compute, Volumes, Protocol):
    def capabilities(self) -> Capabilities: ...

    def survey(self) -> Survey:
        """All and only what bears our mark, and what the hosts have, in one call.

        A host has what is left of it: what guests that run there without our mark take is not
        its own to offer.
        """

    def strangers(self) -> tuple[Stranger, ...]:
        """Guests that bear nobody's mark, only looked at; none where none can be told."""

    def close(self) -> None: ...


class OpenDriver(Protocol):
    """What a driver's entry point in the group `hanza.drivers` must be."""

    def __call__(self, federation: FederationId, options: Mapping[str, str]) -> Driver: ...
