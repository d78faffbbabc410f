"""The header of a qcow2 disk, as far as it decides whether strangers' disks are taken.

A disk names files of the host that reads it when it has a backing file or a data file of its
own: whoever gives such a disk reads what he names.  Those are refused, and so is every feature
that is not known here.  It does not look at the tables behind the header.
"""

import struct

from hanza.model.errors import Invalid

HEADER_BYTES = 112
MIB = 2**20
_V2 = struct.Struct(">4sIQIIQI")
_MAGIC = b"QFI\xfb"
_INCOMPATIBLE_AT = 72
_FEATURES = struct.Struct(">Q")
_HARMLESS = 0b11000
"""Compression type and extended L2 entries; not dirty, corrupt, or with a data file elsewhere."""


def disk_mib_of(header: bytes, field: str) -> int:
    """How large the disk is to its guest, rounded up.  Raises `Invalid`."""
    if len(header) < _V2.size or header[:4] != _MAGIC:
        raise Invalid(
            "a disk is a qcow2 image", field=field, hint="qemu-img convert -O qcow2 FILE FILE.qcow2"
        )
    _, version, backing, _, _, size, encryption = _V2.unpack_from(header)
    if version not in (2, 3) or (version == 3 and len(header) < _INCOMPATIBLE_AT + 8):
        raise Invalid(f"qcow2 of version {version} is not known here", field=field)
    features = _FEATURES.unpack_from(header, _INCOMPATIBLE_AT)[0] if version == 3 else 0
    if backing:
        raise Invalid(
            "the disk lies over another file",
            field=field,
            hint="qemu-img convert makes one that stands alone",
        )
    if features & ~_HARMLESS:
        raise Invalid("the disk is damaged, in use or kept in another file", field=field)
    if encryption:
        raise Invalid("an encrypted disk cannot be started from", field=field)
    return -(-int(size) // MIB)
