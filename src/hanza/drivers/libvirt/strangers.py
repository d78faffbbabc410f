"""Domains that are not ours: what they take, what can be told of them, and how one is adopted.

Promises: looking changes nothing; adopting writes one element of metadata, to the definition and
to the guest that runs, and touches nothing else; taking the mark away again is its reverse.  What
a domain that is off and does not start by itself might take one day is not counted.
"""

import os
import xml.etree.ElementTree as ET
from functools import reduce
from pathlib import Path

from hanza.drivers.libvirt import domains, door
from hanza.drivers.libvirt.connection import Call
from hanza.model.capacity import NOTHING, Capacity
from hanza.model.errors import Rejected
from hanza.model.guest import GuestSpec, Mark, Stranger
from hanza.model.ids import FederationId, NativeId

MIB = 1024 * 1024
_MEMORY_BYTES = {"b": 1, "KiB": 1024, "MiB": MIB, "GiB": 1024 * MIB}


def stranger_of(tree: ET.Element, host: str) -> Stranger:
    """As its definition tells it; its disks' sizes are not in it, see `disk_mib_of`."""
    return Stranger(
        native=NativeId(tree.findtext("uuid", "")),
        name=tree.findtext("name", ""),
        host=host,
        size=Capacity(_cpus_of(tree), _memory_mib_of(tree), 0),
        power="on" if "id" in tree.attrib else "off",
    )


def disk_mib_of(domain: door.Domain, tree: ET.Element) -> int:
    """What its disks in files can hold, as the engine says; what it cannot say counts as none."""
    total = 0
    for _, target in domains.files_in(tree):
        try:
            total += domain.blockInfo(target)[0]
        except door.EngineError:
            continue
    return -(-total // MIB)


def growth_mib_of(domain: door.Domain, tree: ET.Element, device: int) -> int:
    """By how much its disks on this file system may still grow."""
    total = 0
    for file, target in domains.files_in(tree):
        try:
            if os.stat(file).st_dev == device:
                capacity, allocation, _ = domain.blockInfo(target)
                total += max(capacity - allocation, 0)
        except (OSError, door.EngineError):
            continue
    return total // MIB


def taken_by(others: list[tuple[door.Domain, ET.Element]], pool: Path | None) -> Capacity:
    """What domains that are not ours take here, of those that run or start with the host."""
    device = None if pool is None else pool.stat().st_dev
    sizes = [
        Capacity(
            _cpus_of(tree),
            _memory_mib_of(tree),
            0 if device is None else growth_mib_of(domain, tree, device),
        )
        for domain, tree in others
        if "id" in tree.attrib or _starts_by_itself(domain)
    ]
    return reduce(Capacity.__add__, sizes, NOTHING)


def adopt(
    conn: door.Conn,
    call: Call,
    found: tuple[FederationId, Mark, str, GuestSpec, NativeId],
) -> None:
    """Put our mark on the domain of this id.  `Rejected` when it cannot be ours as it is."""
    federation, mark, host, spec, native = found
    try:
        domain = conn.lookupByUUIDString(native)
        tree = domains.parse(domain.XMLDesc(0))
    except door.EngineError as error:
        if door.is_absent(error):
            raise Rejected("the guest to adopt is not there") from error
        raise
    if domains.is_marked(tree):
        raise Rejected("the guest to adopt bears a mark already")
    if not domain.isPersistent():
        raise Rejected("the guest to adopt is gone when it stops: define it first")
    size = Capacity(_cpus_of(tree), _memory_mib_of(tree), disk_mib_of(domain, tree))
    if size != spec.size:
        raise Rejected("the guest to adopt is not of the size that was said")
    xml = domains.xml_of_mark(federation, mark, host, spec, native)
    with call.act():
        _write(domain, xml)


def release(call: Call, domain: door.Domain) -> None:
    """Take our mark away; the definition and everything of it stay."""
    with call.act():
        _write(domain, None)


def _write(domain: door.Domain, xml: str | None) -> None:
    flags = door.CONFIG | (door.LIVE if domain.isActive() else 0)
    domain.setMetadata(door.METADATA_ELEMENT, xml, "hanza", domains.MARK_NAMESPACE, flags)


def _starts_by_itself(domain: door.Domain) -> bool:
    try:
        return bool(domain.autostart())
    except door.EngineError:
        return False  # gone since it was listed, or of an engine that starts nothing


def _cpus_of(tree: ET.Element) -> int:
    return int(tree.findtext("vcpu", "1"))


def _memory_mib_of(tree: ET.Element) -> int:
    memory = tree.find("memory")
    if memory is None:
        return 0
    size = int(memory.text or 0) * _MEMORY_BYTES.get(memory.get("unit", "KiB"), 1024)
    return -(-size // MIB)
