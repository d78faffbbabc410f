"""The backdoor to any libvirt: its domains, seen and disturbed without the driver."""

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import libvirt

from hanza.drivers.contract import Backdoor
from hanza.drivers.libvirt import domains
from hanza.drivers.libvirt.domains import Build, DomainType
from hanza.model.guest import GuestSpec, Mark
from hanza.model.ids import FederationId, NativeId

THEM = FederationId("fe_them")


class DomainBackdoor(Backdoor):
    def __init__(self, uri: str, kind: DomainType, federation: FederationId) -> None:
        self.uri = uri
        self._kind = kind
        self._federation = federation
        self._added: list[Any] = []
        # libvirt's test engine begins anew when the last connection to it is closed.
        self._kept = libvirt.open(uri) if kind == "test" else None

    def _all(self) -> list[tuple[Any, ET.Element]]:
        found = libvirt.open(self.uri).listAllDomains(0)
        return [(domain, ET.fromstring(domain.XMLDesc(0))) for domain in found]

    def _is_ours(self, tree: ET.Element) -> bool:
        return domains.seen_in(tree, self._federation) is not None

    def guests(self) -> int:
        return len(self._all())

    def leftovers(self) -> int:
        return sum(self._is_ours(tree) for _, tree in self._all())

    def foreign(self) -> str:
        theirs = [tree for _, tree in self._all() if not self._is_ours(tree)]
        return "".join(sorted(ET.tostring(tree, encoding="unicode") for tree in theirs))

    def _define(self, xml: str) -> NativeId:
        domain = libvirt.open(self.uri).defineXML(xml)
        self._added.append(domain)
        return NativeId(domain.UUIDString())

    def add_foreign_guest(self) -> NativeId:
        return self._define(
            f"<domain type='{self._kind}'><name>pet</name><memory unit='MiB'>64</memory>"
            "<os><type>hvm</type></os></domain>"
        )

    def start_foreign(self, native: NativeId) -> None:
        libvirt.open(self.uri).lookupByUUIDString(native).create()

    def run_of(self, native: NativeId) -> str:
        return str(libvirt.open(self.uri).lookupByUUIDString(native).ID())

    def _xml(self, federation: FederationId, mark: Mark, spec: GuestSpec) -> str:
        boot = Build(self._kind, Path("/nowhere/disk.qcow2"), None, None)
        return domains.xml_of_guest(federation, mark, "host", spec, boot)

    def add_guest_of_another_federation(self, mark: Mark, spec: GuestSpec) -> NativeId:
        return self._define(self._xml(THEM, mark, spec))

    def add_look_alike(self, mark: Mark, spec: GuestSpec) -> NativeId:
        """A copy of one of ours, mark and all, as a cloning tool makes it: only the id differs."""
        tree = ET.fromstring(self._xml(self._federation, mark, spec))
        for changed, text in (("name", "clone"), ("uuid", "11111111-2222-4333-8444-555555555555")):
            element = tree.find(changed)
            assert element is not None
            element.text = text
        return self._define(ET.tostring(tree, encoding="unicode"))

    def vanish(self, native: NativeId) -> None:
        domain = libvirt.open(self.uri).lookupByUUIDString(native)
        try:
            if domain.isActive():
                domain.destroy()
        except libvirt.libvirtError:
            # A daemon that has just been restarted may say "not running" of what it ended: it
            # loses the guest's monitor by its own kill.  What matters is that the guest is off.
            assert not domain.isActive()
        domain.undefine()

    def take_mark(self, native: NativeId) -> None:
        """As somebody does who edits a guest's XML without knowing what our words are for."""
        domain = libvirt.open(self.uri).lookupByUUIDString(native)
        tree = ET.fromstring(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))
        for metadata in tree.findall("metadata"):
            tree.remove(metadata)
        self._define(ET.tostring(tree, encoding="unicode"))

    def wait_for_boot(self, native: NativeId) -> None:
        raise AssertionError(f"{native} has no serial output that could be waited for")

    def clean(self) -> None:
        """End what is ours and what was added through here."""
        added = {domain.UUIDString() for domain in self._added}
        for domain, tree in self._all():
            if self._is_ours(tree) or domain.UUIDString() in added:
                self.vanish(NativeId(domain.UUIDString()))
            elif self._kind == "test" and domain.isActive():
                # libvirt's test engine begins with a guest that is larger than its host.
                domain.destroy()
