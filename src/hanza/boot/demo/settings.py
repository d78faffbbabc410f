"""Which demo is meant: where it lives and what it runs.  Pure: names only, nothing is looked up."""

from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from hanza.boot.demo.scenario import MEMBERS, Member
from hanza.boot.lab import lab
from hanza.boot.lab.host import CAPABILITIES
from hanza.boot.lab.names import Place, Site

PREFIX = "hzdemo"
STATE = Path("/var/lib/hanza-demo")
CACHE = Path("/var/cache/hanza")
PORT = 7443
PLANE = IPv4Address("10.213.0.1")
APP = Path(__file__).parents[4] / "examples" / "demo.yaml"
"""The example in the repository; an installed package has none, and then `--app` names one."""
IMAGE = "tiny"


@dataclass(frozen=True, slots=True)
class Demo:
    place: Place
    cache: Path = CACHE
    port: int = PORT
    app: Path = APP
    members: tuple[Member, ...] = MEMBERS

    @property
    def sites(self) -> tuple[Site, ...]:
        return lab.sites(self.place, [member.site for member in self.members])

    @property
    def plane_folder(self) -> Path:
        return self.place.state / "plane"

    @property
    def context(self) -> Path:
        """What the plane writes when it is ready: its address, a token and its root."""
        return self.plane_folder / "context.json"

    @property
    def ready(self) -> Path:
        """There once the demo has come up whole."""
        return self.place.state / "ready"

    @property
    def images(self) -> Path:
        return self.place.state / "images"

    @property
    def capabilities(self) -> Path:
        return self.cache / "libvirt" / CAPABILITIES.name

    @property
    def proof(self) -> Path:
        """Whether KVM works on this machine, as a timed test boot found out."""
        return self.cache / "kvm-proof"
