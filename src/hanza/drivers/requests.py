"""What every driver refuses in the same words, before its site is asked.

Promises: whatever passes here can be written on a guest and read back unchanged, and its
image and ids are safe as parts of a file's name.  It is not admission: quotas and policy are
decided long before a driver hears of a guest.
"""

import re

from hanza.model.capacity import Capacity
from hanza.model.errors import Invalid, Rejected
from hanza.model.guest import GuestSpec, Mark
from hanza.model.ids import NativeId, VolumeId
from hanza.model.image import adopted_native
from hanza.plan.ports import check_ports
from hanza.plan.seed import check_ssh_keys, check_user_data

LONGEST_NAME = 1000
_HOSTNAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_PLAIN_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", re.ASCII)
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)


def is_plain_word(word: str) -> bool:
    """Whether it may be part of a file's name or an engine's name as it is."""
    return _PLAIN_WORD.fullmatch(word) is not None


def refuse_wrong_mark(mark: Mark) -> None:
    if not is_plain_word(mark.owner):
        raise Rejected("an owner is letters, digits, '-' and '_' only")
    if mark.run_epoch < 0:
        raise Rejected("a run epoch is never below zero")


def refuse_wrong_spec(spec: GuestSpec) -> None:
    # Whose disk is not in a file may be adopted; what is made has one.
    disk_mib = spec.disk_mib + 1 if adopted_native(spec.image) is not None else spec.disk_mib
    if min(spec.cpus, spec.memory_mib, disk_mib) < 1:
        raise Rejected("a guest needs at least one processor, 1 MiB of memory and 1 MiB of disk")
    refuse_wrong_image(spec.image)
    if spec.boot_volume is not None and not is_plain_word(spec.boot_volume):
        raise Rejected("a volume's owner is letters, digits, '-' and '_' only")
    refuse_wrong_seed(spec)
    if len(spec.name) > LONGEST_NAME:
        raise Rejected(f"a name has at most {LONGEST_NAME} characters")
    if any("\ud800" <= character <= "\udfff" for character in spec.name):
        raise Rejected("a name that is not valid Unicode cannot be kept")


def adopted_of(spec: GuestSpec) -> NativeId | None:
    """Which guest is to be taken as it is, if any.  `Rejected` when it is to be changed too."""
    native = adopted_native(spec.image)
    if native is not None and (spec.boot_volume is not None or spec.ports or spec.is_seeded):
        raise Rejected("a guest that is adopted is taken as it is: no ports, seed or boot volume")
    return native


def refuse_wrong_image(image: str) -> None:
    if _IMAGE.fullmatch(image) is None:
        raise Rejected("an image's name is letters, digits, '.', '-' and '_' only")


def refuse_wrong_seed(spec: GuestSpec) -> None:
    """Quotes nothing of it: user data may hold secrets."""
    if spec.hostname and _HOSTNAME.fullmatch(spec.hostname) is None:
        raise Rejected("a host name is lower-case letters, digits and inner hyphens, at most 63")
    try:
        check_ssh_keys(spec.ssh_keys, "ssh_keys")
        check_user_data(spec.user_data, "user_data")
        check_ports(spec.ports, "ports")
    except Invalid as error:
        raise Rejected(error.text) from error


def refuse_wrong_resize(old: GuestSpec, new: GuestSpec) -> None:
    refuse_wrong_spec(new)
    if adopted_native(old.image) is not None and new.size != old.size:
        raise Rejected("a guest that was adopted keeps its size")
    if new.image != old.image:
        raise Rejected("a guest keeps its image for life")
    if new.boot_volume != old.boot_volume:
        raise Rejected("a guest keeps the volume that it boots from for life")
    if new.boot_volume is None and new.disk_mib < old.disk_mib:
        raise Rejected("a disk never shrinks")


def refuse_wrong_volume(owner: VolumeId, size_mib: int, image: str) -> None:
    refuse_wrong_image(image)
    if not is_plain_word(owner):
        raise Rejected("a volume's owner is letters, digits, '-' and '_' only")
    if size_mib < 1:
        raise Rejected("a volume has at least 1 MiB")


def refuse_detaching(holder: GuestSpec, owner: VolumeId, *, is_on: bool) -> None:
    if owner == holder.boot_volume:
        raise Rejected("a guest keeps the volume that it boots from for life")
    if is_on:
        raise Rejected("a volume is taken from a guest while that is off")


def has_room(capacity: Capacity, held: Capacity, more: Capacity) -> bool:
    """Whether `more` may be added.  What does not grow is allowed even on an over-full host."""
    after = held + more
    return all(
        grows <= 0 or total <= limit
        for grows, total, limit in (
            (more.cpus, after.cpus, capacity.cpus),
            (more.memory_mib, after.memory_mib, capacity.memory_mib),
            (more.disk_mib, after.disk_mib, capacity.disk_mib),
        )
    )
