"""The driver contract as tests: twenty-one clauses, numbered in the tests' docstrings.

Subclass `DriverContract` in a test, supply the fixtures `driver` and `site` (a `Site`, which
sees and disturbs the site without the driver), and inherit the rest.  Then run the seventeenth
clause with `compare_with_fake`, or on a slow engine a few times `walk_beside_fake`.  A site
inside the process, or one without volumes, is held to the groups of clauses that it can be held
to: a denied capability is itself tested (clause 12).

Imported by tests only: it needs pytest and hypothesis, which the product does not install.
"""

from hanza.drivers.contract.adoption import AdoptionClauses
from hanza.drivers.contract.backdoor import Backdoor, Bytes, Connection, Site
from hanza.drivers.contract.boots import BootVolumeClauses
from hanza.drivers.contract.connections import ConnectionClauses
from hanza.drivers.contract.consoles import ConsoleClauses
from hanza.drivers.contract.disks import DiskClauses
from hanza.drivers.contract.guests import GuestClauses
from hanza.drivers.contract.machine import FULL, compare_with_fake, walk_beside_fake
from hanza.drivers.contract.patience import until
from hanza.drivers.contract.ports import PortClauses
from hanza.drivers.contract.resizing import ResizeClauses
from hanza.drivers.contract.seeds import SeedClauses
from hanza.drivers.contract.volumes import VolumeClauses

__all__ = [
    "FULL",
    "AdoptionClauses",
    "Backdoor",
    "BootVolumeClauses",
    "Bytes",
    "Connection",
    "ConnectionClauses",
    "ConsoleClauses",
    "DiskClauses",
    "DriverContract",
    "GuestClauses",
    "PortClauses",
    "ResizeClauses",
    "SeedClauses",
    "Site",
    "VolumeClauses",
    "compare_with_fake",
    "until",
    "walk_beside_fake",
]


class DriverContract(
    GuestClauses,
    SeedClauses,
    ResizeClauses,
    PortClauses,
    VolumeClauses,
    BootVolumeClauses,
    DiskClauses,
    ConnectionClauses,
    ConsoleClauses,
    AdoptionClauses,
):
    """All clauses but the seventeenth, for a site that can do everything."""
