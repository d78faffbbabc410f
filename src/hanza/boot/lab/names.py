"""What a lab's things are called, and where they are.  Pure.

Promises: every namespace, wire and process of a lab can be told from its name, mark or address,
without any file; and two labs with different prefixes and addresses never meet.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

PREFIX = re.compile(r"[a-z][a-z0-9]{0,9}")
SITE = re.compile(r"[a-z][a-z0-9-]{0,30}")
SITES_AT_MOST = 99
MARK = "HANZA_LAB"
"""The environment variable that every process of a lab carries; its value is the prefix."""
ROLE = "HANZA_LAB_ROLE"
BEFORE_SITES = 9
"""Site number one has the plane's address plus ten: 10.213.0.11 when the plane has .1."""


@dataclass(frozen=True, slots=True)
class Place:
    """Which lab is meant: its prefix, its one folder and the plane's address in it."""

    prefix: str
    state: Path
    plane: IPv4Address

    def __post_init__(self) -> None:
        if not PREFIX.fullmatch(self.prefix):
            raise ValueError(f"a lab's prefix is 1 to 10 small letters or digits: {self.prefix!r}")
        if not self.state.is_absolute():
            raise ValueError(f"a lab's folder is an absolute path: {self.state}")

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def marker(self) -> Path:
        """The file that says that the folder is a lab's and may be removed."""
        return self.state / ".hanza-lab"


@dataclass(frozen=True, slots=True)
class Site:
    """One site of a lab; everything about it follows from its name and number."""

    place: Place
    name: str
    number: int

    def __post_init__(self) -> None:
        if not SITE.fullmatch(self.name) or not 1 <= self.number <= SITES_AT_MOST:
            raise ValueError(f"not a site of a lab: {self.name!r}, number {self.number}")

    @property
    def namespace(self) -> str:
        return f"{self.place.prefix}-{self.name}"

    @property
    def wire(self) -> str:
        """The plane's end of the site's veth pair; taking it down cuts the site."""
        return f"{self.place.prefix}-{self.number}"

    @property
    def address(self) -> IPv4Address:
        return self.place.plane + BEFORE_SITES + self.number

    @property
    def folder(self) -> Path:
        return self.place.state / "sites" / self.name

    @property
    def socket(self) -> Path:
        return self.folder / "sock" / "libvirt-sock"

    @property
    def uri(self) -> str:
        return f"qemu+unix:///system?socket={self.socket}"

    @property
    def host_uuid(self) -> str:
        """Tells one libvirtd from another; theirs would all be the machine's."""
        return f"68616e7a-6100-4000-8000-{int(self.address):012x}"
