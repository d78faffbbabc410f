"""The libvirt driver's entry point: options from a site's configuration into a driver.

uri=qemu:///system | qemu+unix:///system?socket=/path | test:///default
images=/path          folder of images, see `images`
pool=/path            folder for disks and volumes, on the file system that is offered
serial=/path          folder for the guests' serial logs
accelerator=auto|kvm|tcg
proof=/path/file      where the outcome of the timed test boot is kept
host=name             what this host is called; its host name by default
address=10.0.0.7      where guests' ports are published (IPv4); without it none are
ports=1024-65535      which ports guests may publish there
offer_cpus= offer_memory_mib= offer_disk_mib=
                      how much of the host is offered at most, and never more than other people's
                      guests leave.  Processors may be more than there are, and are then shared:
                      so many the host stands for, and what others take is taken from them.
"""

import ipaddress
import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from hanza.drivers.libvirt.accelerator import Accelerator, Wanted, choose_accelerator
from hanza.drivers.libvirt.connection import Connection, told_of_file
from hanza.drivers.libvirt.domains import DomainType
from hanza.drivers.libvirt.driver import Driver
from hanza.drivers.libvirt.images import Images
from hanza.drivers.libvirt.pool import Pool
from hanza.drivers.libvirt.ports import Doors
from hanza.drivers.libvirt.serial import SerialLogs
from hanza.drivers.libvirt.workshop import Files, Offer, Workshop
from hanza.drivers.requests import is_plain_word
from hanza.model.errors import Invalid, Unavailable
from hanza.model.ids import FederationId
from hanza.plan.ports import LAST

KNOWN = frozenset(
    {"uri", "images", "pool", "serial", "accelerator", "proof", "host", "address", "ports"}
    | {"offer_cpus", "offer_memory_mib", "offer_disk_mib"}
)
_RANGE = re.compile(r"([0-9]{1,5})-([0-9]{1,5})", re.ASCII)
_WANTED: dict[str, Wanted] = {"auto": "auto", "kvm": "kvm", "tcg": "tcg"}


@dataclass(frozen=True, slots=True)
class Options:
    uri: str
    engine: Literal["qemu", "test"]
    folders: Mapping[str, Path]
    wanted: Wanted
    host: str
    offer: Offer
    doors: Doors | None


def open_driver(federation: FederationId, options: Mapping[str, str]) -> Driver:
    """Opens whether or not libvirt answers now; calls are `Unavailable` until it does.

    May take ten seconds where KVM has never been tried since the host booted.
    Raises `Invalid` for an option that is unknown, missing or makes no sense, and `Unavailable`
    while a folder cannot be used.
    """
    read = read_options(options)
    if not is_plain_word(federation):
        raise Invalid("a federation's id is letters, digits, '-' and '_'", field="federation")
    kind: DomainType = "test"
    accelerator: Accelerator | Literal["none"] = "none"
    files: Files | None = None
    if read.engine == "qemu":
        try:
            accelerator, files = _files_of(read, federation)
        except OSError as error:
            raise told_of_file(error) from error
        kind = "kvm" if accelerator == "kvm" else "qemu"
    connection = Connection(read.uri)
    connection.warm_up()
    doors = None if files is None else read.doors
    workshop = Workshop(federation, read.host, kind, accelerator, read.offer, files, doors)
    return Driver(connection, workshop)


def _files_of(read: Options, federation: FederationId) -> tuple[Accelerator, Files]:
    folders = read.folders
    accelerator = choose_accelerator(read.wanted, folders["images"], folders["proof"])
    pool, serial = Pool(folders["pool"], federation), SerialLogs(folders["serial"])
    for key in ("pool", "serial"):
        if not os.access(folders[key], os.W_OK | os.X_OK):
            raise Unavailable(f"the folder {key} cannot be written to")
    return accelerator, Files(Images(folders["images"]), pool, serial)


def read_options(options: Mapping[str, str]) -> Options:
    unknown = sorted(set(options) - KNOWN)
    if unknown:
        raise Invalid(
            f"the libvirt driver has no option {unknown[0]!r}",
            field=f"options.{unknown[0]}",
            hint=f"it knows {', '.join(sorted(KNOWN))}",
        )
    uri = options.get("uri", "qemu:///system")
    wanted = _WANTED.get(options.get("accelerator", "auto"))
    if wanted is None:
        raise Invalid("accelerator is one of auto, kvm, tcg", field="options.accelerator")
    engine = _engine_of(uri)
    return Options(
        uri=uri,
        engine=engine,
        folders=_folders(options) if engine == "qemu" else {},
        wanted=wanted,
        host=options.get("host") or socket.gethostname(),
        offer=Offer(
            cpus=_number(options, "offer_cpus"),
            memory_mib=_number(options, "offer_memory_mib"),
            disk_mib=_number(options, "offer_disk_mib"),
        ),
        doors=_doors(options),
    )


def _engine_of(uri: str) -> Literal["qemu", "test"]:
    parts = urlsplit(uri)
    # A host would mean another machine, and the files of its guests would not be there.
    if parts.netloc == "" and parts.scheme in ("qemu", "qemu+unix"):
        return "qemu"
    if parts.netloc == "" and parts.scheme == "test":
        return "test"
    raise Invalid(
        "the uri is not one of a libvirt on this machine",
        field="options.uri",
        hint="qemu:///system, qemu+unix:///system?socket=/path or test:///default",
    )


def _folders(options: Mapping[str, str]) -> Mapping[str, Path]:
    for key in ("images", "pool", "serial"):
        if not options.get(key, "").startswith("/"):
            raise Invalid(f"{key} is an absolute path of a folder", field=f"options.{key}")
    folders = {key: Path(options[key]) for key in ("images", "pool", "serial")}
    proof = options.get("proof")
    return {**folders, "proof": Path(proof) if proof else folders["pool"] / "kvm-proof.json"}


def _doors(options: Mapping[str, str]) -> Doors | None:
    if "address" not in options:
        return None
    try:
        address = str(ipaddress.IPv4Address(options["address"]))
    except ValueError as error:
        raise Invalid("address is an IPv4 address", field="options.address") from error
    match = _RANGE.fullmatch(options.get("ports", "1024-65535"))
    first, last = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= first <= last <= LAST:
        raise Invalid(f"ports is FIRST-LAST, from 1 to {LAST}", field="options.ports")
    return Doors(address, first, last)


def _number(options: Mapping[str, str], key: str) -> int | None:
    if key not in options:
        return None
    if not options[key].isascii() or not options[key].isdigit():
        raise Invalid(f"{key} is a whole number", field=f"options.{key}")
    return int(options[key])
