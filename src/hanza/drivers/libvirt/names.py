"""What things of ours are called at the site: chosen so that twice makes one.

Promises: a guest's UUID follows from federation, owner and run alone, so that two creators of
the same guest cannot make two; names hold nothing that the tenant chose.
"""

import hashlib
import re
import uuid

from hanza.drivers.requests import is_plain_word
from hanza.model.guest import Mark
from hanza.model.ids import FederationId, NativeId, VolumeId

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:hanza:mark:1")
_DISK = re.compile(r"([0-9a-f-]{36})(\.qcow2(\.new)?|\.seed\.iso)", re.ASCII)
VOLUME_SUFFIX = ".qcow2"


def guest_uuid(federation: FederationId, mark: Mark) -> NativeId:
    return NativeId(str(uuid.uuid5(_NAMESPACE, f"{federation}/{mark.owner}/{mark.run_epoch}")))


def guest_mac(native: NativeId) -> str:
    """Of the range that QEMU uses; it need only be unlike that of the guest's other ports."""
    digest = hashlib.sha256(native.encode()).hexdigest()
    return f"52:54:00:{digest[0:2]}:{digest[2:4]}:{digest[4:6]}"


def domain_name(native: NativeId, mark: Mark) -> str:
    """Says to a person what it is; the end keeps apart what differs by case or federation only."""
    return f"hanza-{mark.owner.lower()}-r{mark.run_epoch}-{native[:8]}"


def is_guest_uuid(native: NativeId) -> bool:
    try:
        return str(uuid.UUID(native)) == native
    except ValueError:
        return False


def volume_of_file(name: str) -> VolumeId | None:
    """The owner of a volume's file; None for any file that is not named exactly like one."""
    owner = name.removesuffix(VOLUME_SUFFIX)
    return VolumeId(owner) if name != owner and is_plain_word(owner) else None


def guest_of_file(name: str) -> NativeId | None:
    found = _DISK.fullmatch(name)
    return None if found is None else NativeId(found[1])
