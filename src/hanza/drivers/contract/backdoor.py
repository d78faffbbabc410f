"""A way to see and disturb a site that does not go through the driver under test."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager

from hanza.model.guest import GuestSpec, Mark
from hanza.model.ids import NativeId


class Backdoor(ABC):
    """What every site must offer to be tested at all."""

    @abstractmethod
    def guests(self) -> int:
        """How many guests there are, whosever they are."""

    @abstractmethod
    def leftovers(self) -> int:
        """How many things of ours there are: guests, volumes, disks, logs, half-made files."""

    @abstractmethod
    def foreign(self) -> str:
        """Everything that is not ours, as text that is equal only while nothing changed."""

    @abstractmethod
    def add_foreign_guest(self) -> NativeId:
        """A guest that somebody made without us."""

    @abstractmethod
    def start_foreign(self, native: NativeId) -> None:
        """Power on a guest that somebody made without us."""

    @abstractmethod
    def run_of(self, native: NativeId) -> str:
        """Which run of the guest's process this is: another after each power on."""

    @abstractmethod
    def add_guest_of_another_federation(self, mark: Mark, spec: GuestSpec) -> NativeId:
        """A guest marked exactly as ours would be, for another federation."""

    @abstractmethod
    def add_look_alike(self, mark: Mark, spec: GuestSpec) -> NativeId:
        """A guest that looks like ours would, as near as the site allows, and is not ours."""

    @abstractmethod
    def vanish(self, native: NativeId) -> None:
        """Remove a guest as its site's owner would, behind the driver's back."""

    @abstractmethod
    def wait_for_boot(self, native: NativeId) -> None:
        """Return when a guest just powered on has had time to write to its serial port."""


class Bytes(ABC):
    """For sites with disks: what is on them, read and written without the driver.

    The guest must be off, and the volume detached or its guest off.
    """

    @abstractmethod
    def write_disk(self, native: NativeId, text: bytes) -> None: ...

    @abstractmethod
    def read_disk(self, native: NativeId, size: int) -> bytes: ...

    @abstractmethod
    def write_volume(self, native: NativeId, text: bytes) -> None: ...

    @abstractmethod
    def read_volume(self, native: NativeId, size: int) -> bytes: ...

    @abstractmethod
    def add_foreign_volume(self) -> None:
        """A volume that somebody made without us, as near to ours as the site allows."""


class Connection(ABC):
    """For sites behind a connection."""

    @abstractmethod
    def stalled(self) -> AbstractContextManager[None]:
        """While it is entered, the site takes orders and never completes any."""

    @abstractmethod
    def cut_during(self, call: Callable[[], object]) -> None:
        """Make the call, cut the connection in the middle of it, and bring the site back.

        What the call raises is raised.
        """


class Site(Backdoor, Bytes, Connection, ABC):
    """A site that can be disturbed in every way."""
