"""Our words as a libvirt domain, and back.

Promises: XML is built from a tree and never from text; what is read back is ours only when the
mark names our federation and the domain's UUID follows from that mark, or is named by it where a
guest was adopted, so that a copy of one of our guests, mark and all, is not one of ours.  The
tenant's name is only ever data: JSON inside the mark, and SMBIOS strings by which the guest learns
who it is.
"""

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from hanza.drivers.libvirt import names
from hanza.model.guest import GuestSpec, Mark
from hanza.model.ids import FederationId, InstanceId, NativeId, VolumeId
from hanza.model.image import adopted_native
from hanza.plan.volumes import serial_of

MARK_NAMESPACE = "urn:hanza:mark:1"
_MARK = f"{{{MARK_NAMESPACE}}}mark"
_MARK_PATH = f"metadata/{_MARK}"
TB_CACHE_MIB = "64"
"""How much translated code an emulated guest keeps; libvirt's own default is most of a GiB."""
LONGEST_SMBIOS = 64

VOLUME_LETTERS = "bcdefghijklmnopq"
"""As many as `plan.volumes.DATA_VOLUMES_MAX`."""

QEMU_NAMESPACE = "http://libvirt.org/schemas/domain/qemu/1.0"
ET.register_namespace("hanza", MARK_NAMESPACE)
ET.register_namespace("qemu", QEMU_NAMESPACE)

DomainType = Literal["kvm", "qemu", "test"]


@dataclass(frozen=True, slots=True)
class Direct:
    """A kernel that the engine boots by itself, without a boot loader."""

    kernel: Path
    initrd: Path
    cmdline: str


@dataclass(frozen=True, slots=True)
class Nic:
    """A port on a network of the guest's own, inside its emulator."""

    mac: str
    forwards: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Build:
    """What is decided about a guest before its XML is written."""

    kind: DomainType
    disk: Path | None
    serial: Path | None
    boot: Direct | None
    seed: Path | None = None
    nic: Nic | None = None
    volume: VolumeId | None = None
    """Whose disk it is, when it is not the guest's own."""
    console: Path | None = None
    """The socket at which the serial port can be typed at, beside the log."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One domain of ours, as its XML tells it."""

    native: NativeId
    mark: Mark
    host: str
    spec: GuestSpec
    is_on: bool


def xml_of_guest(
    federation: FederationId, mark: Mark, host: str, spec: GuestSpec, build: Build
) -> str:
    native = names.guest_uuid(federation, mark)
    domain = ET.Element("domain", type=build.kind)
    ET.SubElement(domain, "name").text = names.domain_name(native, mark)
    ET.SubElement(domain, "uuid").text = native
    metadata = ET.SubElement(domain, "metadata")
    written = ET.SubElement(metadata, _MARK, _words_of_mark(federation, mark, host))
    ET.SubElement(domain, "memory")
    ET.SubElement(domain, "vcpu")
    _write_words(domain, written, spec)
    system = ET.SubElement(domain, "os")
    if build.kind == "test":
        ET.SubElement(system, "type").text = "hvm"
    else:
        _add_machine(domain, system, mark, spec, build)
    return ET.tostring(domain, encoding="unicode")


def xml_of_resized(xml: str, spec: GuestSpec) -> str:
    """The same domain with another size and name.  `xml` must be one of ours."""
    domain = ET.fromstring(xml)
    mark = domain.find(_MARK_PATH)
    assert mark is not None, "only guests with our mark are resized"
    for stale in domain.findall("currentMemory"):
        domain.remove(stale)
    _write_words(domain, mark, spec)
    for family in domain.iterfind("sysinfo/system/entry[@name='family']"):
        family.text = _printable(spec.name)
    return ET.tostring(domain, encoding="unicode")


def _write_words(domain: ET.Element, mark: ET.Element, spec: GuestSpec) -> None:
    mark.text = _json_of(spec)
    memory, cpus = domain.find("memory"), domain.find("vcpu")
    assert memory is not None, "every domain has memory"
    assert cpus is not None, "every domain has processors"
    memory.set("unit", "MiB")
    memory.text = str(spec.memory_mib)
    cpus.attrib.clear()
    cpus.text = str(spec.cpus)


def _json_of(spec: GuestSpec) -> str:
    """JSON escapes what XML cannot carry, so that every name comes back as it went in."""
    return json.dumps(
        {
            "name": spec.name,
            "image": spec.image,
            "cpus": spec.cpus,
            "memory_mib": spec.memory_mib,
            "disk_mib": spec.disk_mib,
            # Not the user data: what stands here is read by whoever may list domains.
            "hostname": spec.hostname,
            "ssh_keys": spec.ssh_keys,
            "ports": [{"port": one.port, "to": one.to} for one in spec.ports],
            "boot_volume": spec.boot_volume,
        }
    )


def _add_machine(
    domain: ET.Element, system: ET.Element, mark: Mark, spec: GuestSpec, build: Build
) -> None:
    ET.SubElement(system, "type", arch="x86_64", machine="pc").text = "hvm"
    if build.boot is not None:
        ET.SubElement(system, "kernel").text = str(build.boot.kernel)
        ET.SubElement(system, "initrd").text = str(build.boot.initrd)
        ET.SubElement(system, "cmdline").text = build.boot.cmdline
    ET.SubElement(system, "smbios", mode="sysinfo")
    words = ET.SubElement(ET.SubElement(domain, "sysinfo", type="smbios"), "system")
    ET.SubElement(words, "entry", name="serial").text = mark.owner
    ET.SubElement(words, "entry", name="family").text = _printable(spec.name)
    features = ET.SubElement(domain, "features")
    ET.SubElement(features, "acpi")
    if build.kind == "qemu":
        cache = ET.SubElement(ET.SubElement(features, "tcg"), "tb-cache", unit="MiB")
        cache.text = TB_CACHE_MIB
        cpu = ET.SubElement(domain, "cpu", mode="custom", match="exact", check="none")
        ET.SubElement(cpu, "model", fallback="forbid").text = "qemu64"
    else:
        ET.SubElement(domain, "cpu", mode="host-passthrough")
    ET.SubElement(domain, "on_poweroff").text = "destroy"
    ET.SubElement(domain, "on_reboot").text = "restart"
    ET.SubElement(domain, "on_crash").text = "destroy"
    _add_devices(ET.SubElement(domain, "devices"), build)
    if build.nic is not None:
        _add_nic(domain, build.nic)


def _add_devices(devices: ET.Element, build: Build) -> None:
    ET.SubElement(devices, "controller", type="usb", model="none")
    ET.SubElement(devices, "memballoon", model="none")
    if build.disk is not None:
        disk = _disk(build.disk, "vda", build.volume)
        ET.SubElement(disk, "boot", order="1")
        devices.append(disk)
    if build.seed is not None:
        seed = ET.SubElement(devices, "disk", type="file", device="cdrom")
        ET.SubElement(seed, "driver", name="qemu", type="raw")
        ET.SubElement(seed, "source", file=str(build.seed))
        ET.SubElement(seed, "target", dev="hdc", bus="ide")
        ET.SubElement(seed, "readonly")
    if build.serial is not None:
        devices.append(_serial(build.serial, build.console))


def _serial(log: Path, console: Path | None) -> ET.Element:
    """A port that is logged; appending, so that the log may be cut while the guest writes."""
    if console is None:
        serial = ET.Element("serial", type="file")
        ET.SubElement(serial, "source", path=str(log), append="on")
    else:
        serial = ET.Element("serial", type="unix")
        ET.SubElement(serial, "source", mode="bind", path=str(console))
        ET.SubElement(serial, "log", file=str(log), append="on")
    ET.SubElement(serial, "target", port="0")
    return serial


def console_of(domain: ET.Element) -> Path | None:
    """The socket of the first serial port; None for a domain that was defined without one."""
    source = domain.find("devices/serial[@type='unix']/source[@mode='bind']")
    return None if source is None else Path(source.get("path", ""))


def _add_nic(domain: ET.Element, nic: Nic) -> None:
    """Said to QEMU itself: libvirt 9 knows no forwards but passt's, which not every host has.

    `restrict` keeps the guest from whatever the host can reach, its loopback first of all.
    """
    words = ET.SubElement(domain, f"{{{QEMU_NAMESPACE}}}commandline")
    net = ",".join(("user,id=hanza0,restrict=on,ipv6=off", *nic.forwards))
    device = f"virtio-net-pci,netdev=hanza0,mac={nic.mac},romfile=,addr=0x1e"
    for word in ("-netdev", net, "-device", device):
        ET.SubElement(words, f"{{{QEMU_NAMESPACE}}}arg", value=word)


def _disk(file: Path, target: str, volume: VolumeId | None) -> ET.Element:
    disk = ET.Element("disk", type="file", device="disk")
    ET.SubElement(disk, "driver", name="qemu", type="qcow2", discard="unmap")
    ET.SubElement(disk, "source", file=str(file))
    ET.SubElement(disk, "target", dev=target, bus="virtio")
    if volume is not None:
        # By which the guest knows it wherever it is plugged in.
        ET.SubElement(disk, "serial").text = serial_of(volume)
    return disk


def xml_of_volume(file: Path, target: str, owner: VolumeId) -> str:
    return ET.tostring(_disk(file, target, owner), encoding="unicode")


def _printable(name: str) -> str:
    """As much of a name as a firmware string can say."""
    clean = "".join(letter if letter.isprintable() else "?" for letter in name)
    return clean.encode()[:LONGEST_SMBIOS].decode(errors="ignore").strip() or "?"


def parse(xml: str) -> ET.Element:
    return ET.fromstring(xml)


def seen_in(domain: ET.Element, federation: FederationId) -> Seen | None:
    """The guest, when it is one of this federation's; None for anything else."""
    mark = domain.find(_MARK_PATH)
    if mark is None or mark.get("federation") != federation:
        return None
    native = NativeId(domain.findtext("uuid", ""))
    try:
        ours = Mark(InstanceId(mark.attrib["owner"]), int(mark.attrib["run_epoch"]))
        spec = msgspec.json.decode(mark.text or "", type=GuestSpec)
    except (KeyError, ValueError, msgspec.MsgspecError):
        # Somebody wrote in our namespace what we never would.
        return None
    if names.guest_uuid(federation, ours) != native and not _is_adopted(mark, spec, native):
        return None
    return Seen(native, ours, mark.get("host", ""), spec, is_on="id" in domain.attrib)


def _is_adopted(mark: ET.Element, spec: GuestSpec, native: NativeId) -> bool:
    return mark.get("native") == native == adopted_native(spec.image)


def is_marked(domain: ET.Element) -> bool:
    """Whether anybody's mark is on it, ours or another federation's, good or not."""
    return domain.find(_MARK_PATH) is not None


def xml_of_mark(
    federation: FederationId, mark: Mark, host: str, spec: GuestSpec, native: NativeId
) -> str:
    """The mark of a guest that was there before us: it names the domain that bears it."""
    words = {"native": native} | _words_of_mark(federation, mark, host)
    # Without its namespace, which libvirt puts there itself and cannot find there.
    written = ET.Element("mark", words)
    written.text = _json_of(spec)
    return ET.tostring(written, encoding="unicode")


def _words_of_mark(federation: FederationId, mark: Mark, host: str) -> dict[str, str]:
    return {
        "federation": federation,
        "owner": mark.owner,
        "run_epoch": str(mark.run_epoch),
        "host": host,
    }


def files_in(domain: ET.Element) -> Iterator[tuple[Path, str]]:
    """Each file that the domain has as a disk, with the disk's name in the domain."""
    for disk in domain.iterfind("devices/disk"):
        source, target = disk.find("source"), disk.find("target")
        if source is not None and target is not None and "file" in source.attrib:
            yield Path(source.attrib["file"]), target.get("dev", "")


def free_target(domain: ET.Element) -> str | None:
    """A name for one more volume; None when the guest has all it can.

    `vda` is what it boots from, of whatever kind; the number of slots on its bus is what limits.
    """
    taken = {target for _, target in files_in(domain)}
    return next((f"vd{letter}" for letter in VOLUME_LETTERS if f"vd{letter}" not in taken), None)
